extension Twilio {
    /// A status or an inbound text, by its fields: a number whose two addresses were confused still
    /// loses nothing.
    package func events(in webhook: Webhook) throws -> [ProviderEvent] {
        let query = Form(webhook.target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst())
        let form = webhook.method == "GET" ? query : Form(webhook.body)
        guard let sid = form["MessageSid"] ?? form["SmsSid"], !sid.isEmpty else {
            throw ProviderAnswerError("The webhook names no MessageSid.")
        }
        let status = form["MessageStatus"] ?? form["SmsStatus"]
        switch status {
        case nil, "received", "receiving":
            return [.inbound(try inbound(form, sid: sid))]
        case let status?:
            return statusReport(form, sid: sid, status: status, token: query["a"])
                .map { [.status($0)] } ?? []
        }
    }

    /// Nil for a status that says nothing about delivery (Twilio adds some without notice).
    private func statusReport(
        _ form: Form, sid: String, status: String, token: String?
    ) -> StatusReport? {
        guard let known = Self.deliveryStatus(status) else { return nil }
        let code = form["ErrorCode"].flatMap { $0.isEmpty || $0 == "0" ? nil : $0 }
        return StatusReport(
            token: token, providerID: sid, status: known, code: code,
            optedOut: code.map(TwilioErrors.saysOptedOut) ?? false, key: "\(sid):\(status)")
    }

    /// Source: docs "Track the Message Status of Outbound Messages".
    static func deliveryStatus(_ name: String) -> DeliveryStatus? {
        switch name {
        case "accepted", "scheduled", "queued": .queued
        case "sending": .sending
        case "sent", "partially_delivered": .sent
        case "delivered", "read": .delivered
        case "undelivered": .undelivered
        case "failed": .failed
        case "canceled": .canceled
        default: nil
        }
    }

    private func inbound(_ form: Form, sid: String) throws -> InboundText {
        guard let from = form["From"], let to = form["To"], !from.isEmpty, !to.isEmpty else {
            throw ProviderAnswerError("The inbound text \(sid) lacks From or To.")
        }
        let mark: String? =
            switch form["OptOutType"]?.uppercased() {
            case "STOP": "opt_out"
            case "START": "opt_in"
            case "HELP": "help"
            default: nil
            }
        let body = form["Body"] ?? ""
        return InboundText(
            providerID: sid, from: from, to: to, body: body, media: Self.media(form), mark: mark,
            // Advanced Opt-Out answers what it marks. Without it, Twilio's standard answers go to
            // its own words alone and leave no mark.
            providerAnswered: mark != nil || (answersStopItself && Self.isStandardWord(body)),
            key: Self.inboundKey(sid))
    }

    /// The same whether the text came by webhook or was found in the list.
    static func inboundKey(_ sid: String) -> String { "in:\(sid)" }

    /// At most ten, of which `NumMedia` tells how many came.
    private static func media(_ form: Form) -> [InboundText.Media] {
        let count = min(10, form["NumMedia"].flatMap { Int($0) } ?? 0)
        return (0..<max(0, count)).compactMap { index in
            form["MediaUrl", index].map {
                InboundText.Media(url: $0, type: form["MediaContentType", index] ?? "")
            }
        }
    }

    /// Source: help "Twilio support for opt-out keywords"; the whole trimmed body, any case.
    static func isStandardWord(_ body: String) -> Bool {
        let word = body.split(whereSeparator: \.isWhitespace).joined(separator: " ").uppercased()
        return [
            "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT",
            "START", "YES", "UNSTOP", "HELP", "INFO",
        ].contains(word)
    }
}

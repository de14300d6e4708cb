import Curl

extension Twilio {
    /// `POST Messages.json`. Always with From, so that the sender's own pace and thread hold; with
    /// the service where one is used, so that its opt-out list and settings apply too.
    package func request(for text: OutboundText) -> HTTPRequest {
        var form = FormWriter(capacity: 512 + text.body.utf8.count)
        form.append("To", text.to)
        form.append("From", text.from)
        if let service = text.service ?? service { form.append("MessagingServiceSid", service) }
        form.append("Body", text.body)
        for address in text.media { form.append("MediaUrl", address) }
        form.append("ValidityPeriod", Self.validitySeconds(text.validity))
        if let statusCallback {
            form.append("StatusCallback", statusCallback + text.token + Self.retryFragment)
        }
        return HTTPRequest(
            method: "POST", url: accountURL + "/Messages.json",
            headers: [
                authorization, "Content-Type: application/x-www-form-urlencoded",
                "Accept: application/json",
            ],
            body: form.bytes)
    }

    /// Seconds in Twilio's queue, within the 1 to 36,000 that it takes; a part of a second is
    /// dropped, so that the text never outlives the recipient's window.
    static func validitySeconds(_ validity: Duration) -> Int {
        Int(min(36_000, max(1, validity.components.seconds)))
    }

    func get(_ url: String) -> HTTPRequest {
        HTTPRequest(
            method: "GET", url: url, headers: [authorization, "Accept: application/json"],
            body: [], responseLimit: 16 * 1_024 * 1_024)
    }
}

import NIOCore
import NIOHTTP1
import Secrets

/// One webhook to be made, kept small: its bytes are built only when a connection is free.
struct CarrierWebhook: Sendable {
    enum Content: Sendable {
        /// A receipt: the state, and the error that belongs to it.
        case status(CarrierText, state: String, errorCode: UInt16)
        case inbound(CarrierInbound)
    }

    enum Variant: String, Sendable {
        case plain, duplicate, late, reordered, forged, unsigned
    }

    let content: Content
    let url: CarrierURL
    var variant = Variant.plain
    /// From 1.
    var attempt = 1

    var kind: StaticString {
        switch content {
        case .status: "status"
        case .inbound: "inbound"
        }
    }

    var sid: [UInt8] {
        switch content {
        case .status(let text, _, _): text.sid
        case .inbound(let text): text.sid
        }
    }
}

/// Fields of a webhook with the signature over them.
struct CarrierWebhookRequest {
    let head: HTTPRequestHead
    let body: ByteBuffer

    /// - Parameters:
    ///   - account: the account the webhook is for.
    ///   - token: its auth token, the key of the signature.
    init(_ webhook: CarrierWebhook, account: String, token: [UInt8]) {
        var fields = Self.fields(webhook, account: account)
        fields.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var body = ByteBufferAllocator().buffer(capacity: 512)
        for (index, field) in fields.enumerated() {
            if index > 0 { body.writeInteger(UInt8(ascii: "&")) }
            body.writeFormEncoded(field.name)
            body.writeInteger(UInt8(ascii: "="))
            body.writeFormEncoded(field.value)
        }
        var headers = HTTPHeaders()
        headers.reserveCapacity(7)
        headers.add(name: "Host", value: webhook.url.authority)
        headers.add(name: "User-Agent", value: "TwilioProxy/1.1")
        headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded; charset=UTF-8")
        headers.add(name: "Content-Length", value: String(body.readableBytes))
        headers.add(name: "I-Twilio-Idempotency-Token", value: Self.idempotencyToken(webhook))
        if webhook.variant != .unsigned {
            let key = webhook.variant == .forged ? Array("a wrong token".utf8) : token
            let signature = Self.signature(url: webhook.url.signed, fields: fields, key: key)
            headers.add(name: "X-Twilio-Signature", value: signature)
        }
        head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: webhook.url.target, headers: headers)
        self.body = body
    }

    typealias Field = (name: [UInt8], value: [UInt8])

    /// base64(HMAC-SHA1(token, URL without fragment, then each name and value, sorted by name)).
    /// Source: the provider's "Security: validating requests".
    static func signature(url: ArraySlice<UInt8>, fields: [Field], key: [UInt8]) -> String {
        var signed = Array(url)
        for field in fields {
            signed += field.name
            signed += field.value
        }
        return HMAC.sha1(key: key, signed).base64
    }

    /// The same for every attempt at the same webhook.
    private static func idempotencyToken(_ webhook: CarrierWebhook) -> String {
        guard case .status(_, let state, _) = webhook.content else {
            return String(decoding: webhook.sid, as: UTF8.self)
        }
        return String(decoding: webhook.sid, as: UTF8.self) + state
    }

    private static func fields(_ webhook: CarrierWebhook, account: String) -> [Field] {
        switch webhook.content {
        case .status(let text, let state, let code):
            var fields = common(account: account, sid: text.sid, from: text.from, to: text.to)
            for name in ["MessageStatus", "SmsStatus"] { fields.add(name, state) }
            if let service = text.service {
                fields.append((Array("MessagingServiceSid".utf8), service))
            }
            if code != 0 { fields.add("ErrorCode", "\(code)") }
            if state == "delivered" || state == "undelivered" {
                let now = CarrierMoment.now().wall / 1_000_000
                fields.add("RawDlrDoneDate", CarrierDate(seconds: now).receiptStamp)
            }
            return fields
        case .inbound(let text): return inboundFields(text, account: account)
        }
    }

    private static func inboundFields(_ text: CarrierInbound, account: String) -> [Field] {
        let draft = text.draft
        var fields = common(account: account, sid: text.sid, from: draft.from, to: draft.to)
        fields.append((Array("SmsMessageSid".utf8), text.sid))
        fields.append((Array("Body".utf8), draft.body))
        fields.add("SmsStatus", "received")
        fields.add("NumSegments", "\(text.segments)")
        fields.add("NumMedia", "\(draft.mediaCount)")
        for index in 0..<draft.mediaCount {
            fields.add("MediaUrl\(index)", "\(text.mediaBase)\(index)")
            fields.add("MediaContentType\(index)", "image/png")
        }
        for name in ["FromCity", "FromState", "FromZip", "ToCity", "ToState", "ToZip"] {
            fields.add(name, "")
        }
        if let type = text.optOutType { fields.add("OptOutType", type) }
        return fields
    }

    private static func common(
        account: String, sid: [UInt8], from: CarrierAddress, to: CarrierAddress
    ) -> [Field] {
        var fields: [Field] = []
        fields.reserveCapacity(16)
        fields.add("AccountSid", account)
        fields.add("ApiVersion", "2010-04-01")
        fields.append((Array("From".utf8), from.bytes))
        fields.append((Array("MessageSid".utf8), sid))
        fields.append((Array("SmsSid".utf8), sid))
        fields.append((Array("To".utf8), to.bytes))
        return fields
    }
}

extension [CarrierWebhookRequest.Field] {
    fileprivate mutating func add(_ name: String, _ value: String) {
        append((Array<UInt8>(name.utf8), Array<UInt8>(value.utf8)))
    }
}

/// A refusal with the provider's own code (`reference` of codes: the provider's error dictionary).
struct CarrierRefusal: Error {
    let status: Int
    let code: Int
    let message: String

    static func bad(_ code: Int, _ message: String) -> CarrierRefusal {
        CarrierRefusal(status: 400, code: code, message: message)
    }
}

/// A send request that passed the carrier's checks.
struct CarrierSubmission {
    let to: CarrierAddress
    /// Nil when only a Messaging Service was named, which then chooses.
    let from: CarrierAddress?
    let service: [UInt8]?
    let body: [UInt8]
    let media: [[UInt8]]
    let statusCallback: CarrierURL?
    let statusCallbackText: [UInt8]?
    /// Seconds that the text may wait in the sender's queue.
    let validity: Int
    let segments: Int
}

/// Names of the fields of a send request, case-sensitive as at the provider.
private enum FieldName {
    static let to = Array("To".utf8)
    static let from = Array("From".utf8)
    static let service = Array("MessagingServiceSid".utf8)
    static let body = Array("Body".utf8)
    static let media = Array("MediaUrl".utf8)
    static let statusCallback = Array("StatusCallback".utf8)
    static let validity = Array("ValidityPeriod".utf8)
}

extension CarrierSubmission {
    /// Checks a form in the provider's order and with its codes.
    init(_ form: CarrierForm) throws(CarrierRefusal) {
        guard let to = form.first(FieldName.to), !to.isEmpty else {
            throw .bad(21604, "A 'To' phone number is required.")
        }
        let from = form.first(FieldName.from).flatMap { $0.isEmpty ? nil : $0 }
        service = form.first(FieldName.service).flatMap { $0.isEmpty ? nil : $0 }
        guard from != nil || service != nil else {
            throw .bad(21603, "A 'From' phone number is required.")
        }
        guard let address = CarrierAddress(to), !address.isShortCode else {
            throw .bad(21211, "The 'To' number is not a valid phone number.")
        }
        self.to = address
        self.from = try from.map { (text) throws(CarrierRefusal) in
            guard let address = CarrierAddress(text) else {
                throw .bad(21212, "The 'From' number is not a valid phone number.")
            }
            return address
        }
        try CarrierTestNumbers.check(to: address, from: self.from)
        guard self.from != address else {
            throw .bad(21266, "'To' and 'From' number cannot be the same.")
        }
        media = form.all(FieldName.media).filter { !$0.isEmpty }
        body = try Self.body(form.first(FieldName.body) ?? [], hasMedia: !media.isEmpty)
        try Self.check(media: media)
        statusCallbackText = form.first(FieldName.statusCallback)
        statusCallback = try Self.url(statusCallbackText)
        validity = try Self.validity(form.first(FieldName.validity))
        segments = media.isEmpty ? CarrierSegments.count(body) : 1
    }

    private static func body(
        _ bytes: [UInt8], hasMedia: Bool
    ) throws(CarrierRefusal) -> [UInt8] {
        guard !bytes.isEmpty || hasMedia else {
            throw .bad(21602, "Message body is required.")
        }
        guard bytes.contains(where: { $0 >= 0x80 }) else {
            guard bytes.count <= 1_600 else { throw tooLong }
            return bytes
        }
        let text = String(decoding: bytes, as: UTF8.self)  // repairs what is no UTF-8
        guard text.unicodeScalars.count <= 1_600 else { throw tooLong }
        return Array(text.utf8)
    }

    private static let tooLong = CarrierRefusal.bad(
        21617, "The concatenated message body exceeds the 1600 character limit.")

    private static func check(media: [[UInt8]]) throws(CarrierRefusal) {
        guard media.count <= 10 else {
            throw .bad(21623, "Number of media files exceeds allowed limit.")
        }
        guard media.allSatisfy({ $0.starts(with: "http".utf8) }) else {
            throw .bad(21620, "Invalid media URL(s).")
        }
    }

    private static func url(_ text: [UInt8]?) throws(CarrierRefusal) -> CarrierURL? {
        guard let text, !text.isEmpty else { return nil }
        guard text.count <= 4_000, let url = CarrierURL(text) else {
            throw .bad(21609, "The 'StatusCallback' URL is not a valid fully qualified URL.")
        }
        return url
    }

    private static func validity(_ text: [UInt8]?) throws(CarrierRefusal) -> Int {
        guard let text else { return 36_000 }
        guard let seconds = Int(String(decoding: text, as: UTF8.self)), (1...36_000) ~= seconds
        else { throw .bad(21624, "The validity period is not between 1 and 36000.") }
        return seconds
    }
}

/// The provider's numbers with a fixed answer ("Test Credentials").
enum CarrierTestNumbers {
    private static let first = CarrierAddress("+15005550000")!.packed

    static func check(to: CarrierAddress, from: CarrierAddress?) throws(CarrierRefusal) {
        if (first...first + 9) ~= to.packed { try check(to: to.packed - first) }
        if let from, (first...first + 9) ~= from.packed { try check(from: from.packed - first) }
    }

    private static func check(to digit: UInt64) throws(CarrierRefusal) {
        switch digit {
        case 1: throw .bad(21211, "The 'To' number is not a valid phone number.")
        case 2: throw .bad(21612, "The 'To' number is not reachable from this 'From' number.")
        case 3: throw .bad(21408, "Permission to send to this region has not been enabled.")
        case 4: throw .bad(21610, "Attempt to send to unsubscribed recipient.")
        case 9: throw .bad(21614, "The 'To' number is not a mobile number.")
        default: return
        }
    }

    private static func check(from digit: UInt64) throws(CarrierRefusal) {
        switch digit {
        case 1: throw .bad(21212, "The 'From' number is not a valid phone number.")
        case 7: throw .bad(21606, "The 'From' number is not a valid, SMS-capable number.")
        case 8:
            throw CarrierRefusal(
                status: 429, code: 21611, message: "This 'From' number has too many messages.")
        default: return
        }
    }
}

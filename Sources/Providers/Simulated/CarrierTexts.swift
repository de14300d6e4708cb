import Synchronization

/// A text that was accepted, on its way to the person.
final class CarrierText: Sendable {
    let sid: [UInt8]
    let sequence: UInt64
    let to: CarrierAddress
    let from: CarrierAddress
    let service: [UInt8]?
    let body: [UInt8]
    let callback: CarrierURL?
    let accepted: CarrierMoment
    let fate: CarrierFate

    init(
        sid: [UInt8], sequence: UInt64, from: CarrierAddress, callback: CarrierURL?,
        accepted: CarrierMoment, fate: CarrierFate, submission: CarrierSubmission
    ) {
        (self.sid, self.sequence, self.from, self.callback) = (sid, sequence, from, callback)
        (self.accepted, self.fate) = (accepted, fate)
        (to, service, body) = (submission.to, submission.service, submission.body)
    }
}

/// What somebody writes to one of our numbers, before it has an id.
struct CarrierDraft: Sendable {
    var from: CarrierAddress
    var to: CarrierAddress
    var body: [UInt8]
    /// How many pictures come with it; the carrier serves them itself.
    var mediaCount = 0
    /// What the person means, for the log: the independent checker need not guess.
    var intent: String
}

/// What somebody wrote, with its id and the webhook address that learns of it.
final class CarrierInbound: Sendable {
    let sid: [UInt8]
    let draft: CarrierDraft
    let segments: Int
    let optOutType: String?
    let url: CarrierURL?
    /// Where the carrier itself serves the pictures, without the number of the picture.
    let mediaBase: String

    init(
        sid: [UInt8], draft: CarrierDraft, segments: Int, optOutType: String?, url: CarrierURL?,
        mediaBase: String
    ) {
        (self.sid, self.draft, self.segments) = (sid, draft, segments)
        (self.optOutType, self.url, self.mediaBase) = (optOutType, url, mediaBase)
    }
}

/// Texts handed from the exchange to the street, without waking it for each.
final class CarrierMailbox: Sendable {
    private let texts = Mutex<[CarrierText]>([])

    func put(_ text: CarrierText) { texts.withLock { $0.append(text) } }

    func takeAll() -> [CarrierText] {
        texts.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
    }

    var isEmpty: Bool { texts.withLock(\.isEmpty) }
}

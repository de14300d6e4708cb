import Foundation

/// A text that a person sent to one of our numbers, as the provider told it.
package struct Arrival: Sendable {
    package var account: Int32
    /// Deduplication key within the account.
    package var key: String
    package var providerID: String
    /// E.164, the person's.
    package var from: String
    /// E.164, ours.
    package var to: String
    package var body: String
    package var media: [String]
    /// The provider's own reading: `opt_out`, `opt_in` or `help`.
    package var mark: String?
    /// The provider has answered the person itself; we must not.
    package var providerAnswered: Bool
    package var receivedAt: Date
    package var raw: RawWebhook

    package init(
        account: Int32, key: String, providerID: String, from: String, to: String, body: String,
        media: [String], mark: String?, providerAnswered: Bool, receivedAt: Date, raw: RawWebhook
    ) {
        self.account = account
        self.key = key
        self.providerID = providerID
        self.from = from
        self.to = to
        self.body = body
        self.media = media
        self.mark = mark
        self.providerAnswered = providerAnswered
        self.receivedAt = receivedAt
        self.raw = raw
    }
}

/// Whose waiting list changed: of a member, or of the pool where nobody holds the conversation.
package struct InboxNotice: Sendable, Hashable {
    package var organisation: Int32
    package var member: UUID?

    package init(organisation: Int32, member: UUID?) {
        self.organisation = organisation
        self.member = member
    }

    /// The payload on the channel `inbox`.
    package var payload: String { "\(organisation):\(member?.text ?? "")" }
}

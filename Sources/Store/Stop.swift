import Foundation

/// A person's wish to get no more texts, as it reached us.
package struct Stop: Sendable {
    package var organisation: Int32
    package var contact: UUID
    package var source: Source
    /// The inbound text that says it.
    package var message: UUID?
    package var conversation: UUID?
    /// The words; the ledger keeps their hash only, so that they can be erased.
    package var text: String?
    package var rule: String?
    package var version: String?
    /// Who pressed or decided.
    package var member: UUID?
    package var reason: String?
    /// The provider's code, where it told us.
    package var code: String?
    package var receivedAt: Date?

    /// How we learned of it. Raw values stand in the ledger.
    package enum Source: String, Sendable, Codable {
        /// The person's own words, or the provider's mark on them.
        case text
        /// A texter's press.
        case tap
        /// The provider refused a text, because the person stopped us over there.
        case provider
        /// Compliance staff, or a review that they decided.
        case compliance
        /// A likely stop that nobody decided for 24 hours.
        case timeout
        /// A letter, a call, a mail or the public page: see `request`.
        case request
        /// The person's press on the page that HELP leads to.
        case page
        /// A list of people who had stopped before they were ours.
        case list
    }

    package init(
        organisation: Int32, contact: UUID, source: Source, message: UUID? = nil,
        conversation: UUID? = nil, text: String? = nil, rule: String? = nil,
        version: String? = nil, member: UUID? = nil, reason: String? = nil, code: String? = nil,
        receivedAt: Date? = nil
    ) {
        self.organisation = organisation
        self.contact = contact
        self.source = source
        self.message = message
        self.conversation = conversation
        self.text = text
        self.rule = rule
        self.version = version
        self.member = member
        self.reason = reason
        self.code = code
        self.receivedAt = receivedAt
    }
}

/// A stop that holds in the person's row but still lacks its line in the ledger.
package struct MarkedStop: Sendable {
    package var stop: Stop
    /// Whether the person could be texted until now: only then may a confirmation go out.
    package var isNew: Bool
    package var effectiveAt: Date
    /// Attempts let go before the stop and without an outcome at that moment: what was leaving.
    package var inFlight: [InFlight]

    package struct InFlight: Sendable, Codable {
        package var message: UUID
        package var n: Int16
    }
}

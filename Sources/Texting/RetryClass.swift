/// What became of one attempt to send, as far as the next step depends on it.
///
/// Every answer of a provider and every delivery report falls into one class. Providers decide by
/// their own code first and by the HTTP status second: the same status has opposite meanings.
package enum RetryClass: String, Sendable, CaseIterable {
    /// Refused before processing because it came too fast; slow the sender, then retry.
    case throttle
    /// Refused before processing by a fault of the provider; retry a few times.
    case transient
    /// Perhaps sent; never repeated, settled by callback, look-up or person.
    case ambiguous
    /// This number receives no texts; mark the number, do not retry the text.
    case recipient
    /// The person has told the provider to stop; record it, never retry.
    case optedOut = "opted_out"
    /// This text is refused; the rest of the campaign likely will be too.
    case message
    /// Key, balance, suspension or registration; stop the account and keep its texts waiting.
    case account
    /// Left the provider's queue unsent after its validity; may be sent again if still wanted.
    case expired

    /// Whether the provider has promised that nothing was sent, so that a next try cannot double.
    package var isProvenUnsent: Bool {
        switch self {
        case .throttle, .transient, .account, .expired: true
        case .ambiguous, .recipient, .optedOut, .message: false
        }
    }

    /// Whether the same text may be tried again by itself after a pause.
    package var isRetried: Bool {
        self == .throttle || self == .transient
    }

    /// Whether the attempt counts towards the few that a text has; being too fast does not.
    package var usesUpTry: Bool {
        self == .transient
    }
}

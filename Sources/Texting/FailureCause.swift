/// Why a text did not reach somebody, in words that an organiser can act on.
///
/// A provider's own codes are folded into these; raw values stand in totals, so they never change.
package enum FailureCause: Int16, Sendable, CaseIterable, Codable {
    /// The number is a landline or cannot take texts.
    case landline = 1
    /// The phone was off, out of reach or unknown to its network.
    case unreachable
    /// A carrier took the text for unwanted, or the number for unregistered.
    case blocked
    /// There is no such number.
    case invalid
    /// The person stopped us at the carrier.
    case optedOut
    /// Something is wrong with the words, a picture or a link.
    case content
    /// It waited at the carrier for longer than the person's hours.
    case late
    /// The carrier gave no reason that we know.
    case other
}

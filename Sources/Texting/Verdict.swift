import Foundation

/// Whether a text may leave now: decided under the lock of the person's row, at every try.
///
/// What waits (pause, hours, rate, spend ceiling) gets no verdict; these are the ones that close a
/// text or let it go.
package enum Verdict: Equatable, Sendable {
    case go
    case suppressed(Reason)
    case expired
    case cancelled(Reason)

    package enum Reason: String, Sendable {
        case optedOut = "opted_out"
        case wrongNumber = "wrong_number"
        case frequencyCap = "frequency_cap"
        case sendBefore = "send_before"
        case campaignEnded = "campaign_ended"
        /// The law of the person's country turns on consent, and no record of it stands.
        case noConsent = "no_consent"
        /// A reminder to those who did not answer, and the person has answered meanwhile.
        case answered
        case erased
    }

    /// What a text is for, as far as the law tells texts apart.
    package enum Purpose: Sendable {
        /// Addresses a person who did not ask: counts towards the cap.
        case unasked
        /// Answers a person who wrote.
        case answer
        /// The one confirmation of a stop, or a sign-in code: exempt from the stop itself
        /// (47 CFR 64.1200(a)(12): one confirmation text).
        case exempt
    }

    /// What is known of the person, read under the row's lock.
    package struct Person: Sendable {
        package var isOptedOut: Bool
        package var isWrongNumber: Bool
        package var isErased: Bool
        /// Unasked texts let go within the last 24 h.
        package var recentTexts: Int

        package init(isOptedOut: Bool, isWrongNumber: Bool, isErased: Bool, recentTexts: Int) {
            self.isOptedOut = isOptedOut
            self.isWrongNumber = isWrongNumber
            self.isErased = isErased
            self.recentTexts = recentTexts
        }
    }

    /// - Parameters:
    ///   - cap: unasked texts a person may get in 24 h over all campaigns (Florida, Oklahoma,
    ///     Maryland, Oregon: 3).
    ///   - isFirstTry: a later try of the same text is not counted again.
    package static func judge(
        _ person: Person, purpose: Purpose, isFirstTry: Bool, cap: Int, sendBefore: Date?,
        campaignHasEnded: Bool, now: Date
    ) -> Verdict {
        if person.isErased { return .cancelled(.erased) }
        if purpose == .exempt { return .go }
        if person.isOptedOut { return .suppressed(.optedOut) }
        if purpose == .unasked {
            if person.isWrongNumber { return .suppressed(.wrongNumber) }
            if campaignHasEnded { return .cancelled(.campaignEnded) }
            if isFirstTry, person.recentTexts >= cap { return .suppressed(.frequencyCap) }
        }
        if let sendBefore, sendBefore <= now { return .expired }
        return .go
    }
}

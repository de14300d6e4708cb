import Foundation

/// A recipient in a texter's hands, as their screen shows it.
package struct Lease: Sendable, Equatable {
    /// Also the id of the text that a press will make.
    package var message: UUID
    package var campaign: UUID
    package var contact: UUID
    /// Minted with the lease; a press names it.
    package var key: UUID
    package var until: Date
    package var name: String?
    /// The words as they will be sent, of ``scriptVersion``.
    package var text: String
    package var segments: Int
    package var scriptVersion: Int32
    package var zoneSet: Int16
}

/// A texter's press on a leased text.
package struct Tap: Sendable, Hashable {
    package var message: UUID
    package var key: UUID
    package var member: UUID
    /// The version whose words were on the screen.
    package var scriptVersion: Int32

    package init(message: UUID, key: UUID, member: UUID, scriptVersion: Int32) {
        self.message = message
        self.key = key
        self.member = member
        self.scriptVersion = scriptVersion
    }
}

/// What a press came to.
package enum TapResult: Sendable, Equatable {
    /// The text waits in the outbox.
    case sent
    /// This press had arrived before.
    case already
    case refused(Refusal)

    package enum Refusal: String, Sendable {
        case optedOut = "opted_out"
        case noConsent = "no_consent"
        /// They have answered since the list of those who had not was made.
        case answered
        case wrongNumber = "wrong_number"
        case erased
        /// It is too late or too early where the person is.
        case hours
        /// The campaign is not live.
        case paused
        /// The words have changed: show them and ask again.
        case scriptChanged = "script_changed"
        /// Somebody else has the person, or had and texted them.
        case leaseOver = "lease_over"
    }
}

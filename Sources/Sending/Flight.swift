import Curl
import Foundation
import Providers
import Store
import Synchronization

/// One committed try on its way: from the permit to its closing row.
final class Flight: Sendable {
    let organisation: Int32
    let wish: Wish
    let zoneSet: Int16
    let sender: SenderState
    let provider: any Provider
    let text: OutboundText
    /// Not before this instant may it be handed to the wire.
    let slot: BootInstant
    /// After this instant its gate is shut.
    let deadline: BootInstant
    /// Its place in the permit file.
    let place: Int
    private let refused = Mutex<Refusal?>(nil)

    init(
        organisation: Int32, wish: Wish, zoneSet: Int16, sender: SenderState,
        provider: any Provider, text: OutboundText, slot: BootInstant, deadline: BootInstant,
        place: Int
    ) {
        self.organisation = organisation
        self.wish = wish
        self.zoneSet = zoneSet
        self.sender = sender
        self.provider = provider
        self.text = text
        self.slot = slot
        self.deadline = deadline
        self.place = place
    }

    var key: AttemptKey { AttemptKey(organisation: organisation, message: wish.message, n: wish.n) }
    var refusal: Refusal? { refused.withLock { $0 } }
    func refuse(_ reason: Refusal) { refused.withLock { $0 = reason } }
}

/// Permission to hand texts over, once: made only from committed attempts with verdict *go*.
///
/// It cannot be copied, and sending consumes it, so that no path of the program sends a text twice.
struct PermitBatch: ~Copyable {
    private let flights: [Flight]

    init(committed flights: [Flight]) { self.flights = flights }

    /// Hands every text to the wire at its slot.
    consuming func send(over wire: Wire) { wire.launch(flights) }
}

import Curl
import Foundation
import Metrics
import Providers
import Store
import Synchronization

/// Turns answers into closing rows, and slows down whom they concern.
struct Answers: Sendable {
    let parts: WorkerParts
    private let accepted = Counter(label: "barnstorm_texts_accepted")
    private let rejected = Counter(label: "barnstorm_texts_rejected")
    private let unsent = Counter(label: "barnstorm_texts_unsent")
    private let doubts = Counter(label: "barnstorm_texts_in_doubt")

    init(parts: WorkerParts) { self.parts = parts }

    /// On libcurl's thread: no waiting here.
    func closing(_ flight: Flight, _ result: HTTPResult) -> Closing {
        let landing = Landing(
            flight, result, now: parts.clock.now, chance: Double.random(in: 0..<1))
        slowDown(flight, landing)
        parts.fleet.landed(account: flight.sender.account)
        parts.wake()
        count(landing.closing.result)
        return landing.closing
    }

    /// The closing rows are durable: places are free again.
    func committed(_ flights: [Flight], _ permits: PermitFile) {
        for flight in flights {
            permits.clear(place: flight.place)
            flight.sender.landed()
        }
        parts.fleet.giveBack(places: flights.map(\.place))
        parts.wake()
    }

    private func slowDown(_ flight: Flight, _ landing: Landing) {
        let now = BootInstant.now()
        if flight.refusal == nil { flight.sender.answered(isDoubt: landing.isDoubt, at: now) }
        switch landing.pause {
        case .none, .pair: break
        case .sender(let after): flight.sender.rest(seconds: after.seconds(or: 5), from: now)
        case .account(let after):
            parts.fleet.rest(
                account: flight.sender.account, seconds: after.seconds(or: 1), from: now)
        case .accountClosed: closeAccount(flight.sender.account, landing.closing.code ?? "")
        }
    }

    private func closeAccount(_ account: Int32, _ code: String) {
        parts.closed.closeAccount(account)
        let (facts, logger) = (parts.store.facts, parts.logger)
        Task {
            do {
                try await facts.close(account: account, reason: code)
                logger.error(
                    "The provider refuses the account; nothing is sent over it before a person looks.",
                    metadata: ["account": "\(account)", "code": "\(code)"])
            } catch {
                logger.error(
                    "An account's circuit could not be saved.", metadata: ["error": "\(error)"])
            }
        }
    }

    private func count(_ result: OutcomeResult) {
        switch result {
        case .accepted: accepted.increment()
        case .rejected: rejected.increment()
        case .unsent: unsent.increment()
        case .unknown: doubts.increment()
        }
    }
}

extension Duration? {
    fileprivate func seconds(or otherwise: Double) -> Double {
        map { max(0.05, min($0 / .seconds(1), 3600)) } ?? otherwise
    }
}

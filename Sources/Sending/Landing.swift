import Curl
import Foundation
import Providers
import Store
import Texting

/// What an answer means for its text, for its number and for its account.
struct Landing {
    var closing: Closing
    /// Who has to slow down.
    var pause: SendOutcome.Pause
    var isDoubt: Bool

    /// - Parameters:
    ///   - now: the database's clock, as an estimate, for the next try's due time.
    ///   - chance: uniform in 0..<1, for jitter.
    init(_ flight: Flight, _ result: HTTPResult, now: Date, chance: Double) {
        let outcome =
            if let refusal = flight.refusal, case .gateClosed = result {
                SendOutcome.unsent(code: refusal.rawValue, pause: .none)
            } else {
                flight.provider.outcome(of: result)
            }
        pause = .none
        isDoubt = false
        closing = Closing(
            organisation: flight.organisation, message: flight.wish.message, n: flight.wish.n,
            result: .unknown, providerID: nil, code: nil, kind: flight.wish.kind,
            campaign: flight.wish.campaign, sender: flight.wish.sender, zoneSet: flight.zoneSet,
            segments: flight.wish.segments, dueAt: nil)
        switch outcome {
        case .accepted(let providerID):
            closing.result = .accepted
            closing.providerID = providerID
        case .rejected(let code, let kind):
            closing.result = .rejected
            closing.code = code
            closing.cause = flight.provider.cause(of: code)
            if kind == .optedOut {
                closing.stop = Stop(
                    organisation: flight.organisation, contact: flight.wish.contact,
                    source: .provider, message: flight.wish.message, code: code)
            }
        case .unsent(let code, let pause):
            closing.result = .unsent
            closing.code = code
            self.pause = pause
            closing.dueAt = now.addingTimeInterval(
                flight.refusal?.delay ?? Self.backoff(try: flight.wish.n, pause, chance))
        case .unknown(let code):
            closing.result = .unknown
            closing.code = code
            isDoubt = true
        }
    }

    /// Seconds before the next try: what the provider asked for, and full jitter on top.
    private static func backoff(try n: Int16, _ pause: SendOutcome.Pause, _ chance: Double)
        -> Double
    {
        let asked: Duration? =
            switch pause {
            case .sender(let after), .account(let after), .pair(let after): after
            case .none, .accountClosed: nil
            }
        return Backoff().pause(failures: Int(n), chance: chance, retryAfter: asked) / .seconds(1)
    }
}

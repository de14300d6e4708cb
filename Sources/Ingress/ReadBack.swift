import Curl
import Foundation
import Providers
import Store

/// Compares our tables with a provider's list, as after a failover or a restore: what people wrote
/// is taken in, what we sent is bound to its try, the rest is for a person.
package struct ReadBack: Sendable {
    /// What one number's list held.
    package struct Report: Sendable, Encodable {
        package var number: String
        /// Texts of ours that stood here already, and that were bound to a try now.
        package var known = 0
        package var bound = 0
        /// What people wrote, as listed; what was known changes nothing.
        package var inbound = 0
        /// Ids at the provider of texts that no try of ours explains.
        package var unexplained: [String] = []
    }

    private let reception: Reception
    private let recovery: Recovery
    private let engine: CurlEngine

    package init(reception: Reception, recovery: Recovery, engine: CurlEngine) {
        self.reception = reception
        self.recovery = recovery
        self.engine = engine
    }

    /// Reads one number's lists since an instant; harmless to repeat.
    ///
    /// - Returns: nil if the provider's list could not be read to its end.
    package func read(
        _ sender: Sender, of account: HookAccount, since: Date, until: Date = Date()
    ) async throws -> Report? {
        let list = ProviderList(account: account, engine: engine)
        let (start, end) = (since.timeIntervalSince1970, until.timeIntervalSince1970)
        guard
            let written = await list.texts(
                of: sender.number, inbound: true, since: start, until: end),
            let sent = await list.texts(
                of: sender.number, inbound: false, service: sender.service, since: start, until: end
            )
        else { return nil }
        var report = Report(number: sender.number, inbound: written.count)
        // Stops first: whoever wrote one is not to be bound to a text that waits.
        _ = try await reception.receive(written.compactMap { Arrival(found: $0, account) })
        for text in sent where text.from == sender.number {
            let finding = try await recovery.explain(
                RememberedText(
                    organisation: sender.organisation, sender: sender.id, to: text.to,
                    body: text.body, providerID: text.providerID,
                    createdAt: Date(timeIntervalSince1970: text.createdAt)))
            switch finding {
            case .known: report.known += 1
            case .bound: report.bound += 1
            case .unexplained: report.unexplained.append(text.providerID)
            }
        }
        return report
    }
}

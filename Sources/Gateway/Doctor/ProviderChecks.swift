import Curl
import Foundation
import Postgres
import Providers
import Store

/// What `doctor` asks the providers: are the credentials right, and do texts that people write
/// reach us?
struct ProviderChecks: Sendable {
    let installation: Installation
    let database: Database

    func findings() async throws -> [Diagnosis] {
        let accounts = try await installation.accounts(in: database)
        guard !accounts.isEmpty else {
            return [
                .wrong(
                    "provider", "There is no account that can be used.",
                    cure: "Set BARNSTORM_PROVIDER and its credentials, or run 'account add'.")
            ]
        }
        let ours = try await numbers()
        let engine = CurlEngine(maximumInFlight: 2)
        defer { engine.shutdown() }
        var found: [Diagnosis] = []
        for (opened, provider) in accounts {
            let name = "provider \(opened.account.provider), account \(opened.account.name)"
            guard var request = provider.webhookAddressesRequest() else { continue }
            request.timeout = .seconds(15)
            let addresses = (try? answer(await engine.perform(request), provider))
            guard let addresses else {
                found.append(
                    .wrong(
                        name, "It does not answer with our numbers.",
                        cure: "Check its credentials and address, then its status page."))
                continue
            }
            found.append(
                inbound(name, addresses, opened.account, ours[opened.account.id] ?? []))
        }
        return found
    }

    private func answer(
        _ result: HTTPResult, _ provider: any Provider
    ) throws -> [String: ConfiguredAddresses]? {
        guard case .response(let response) = result, response.status == 200 else { return nil }
        return try provider.webhookAddresses(in: response)
    }

    /// A fragment carries the provider's own retry rules and is not part of the address.
    private func inbound(
        _ name: String, _ addresses: [String: ConfiguredAddresses], _ account: Account,
        _ numbers: [String]
    ) -> Diagnosis {
        let path = "/hooks/\(account.provider)/\(account.hook)/inbound"
        let deaf = numbers.filter { number in
            guard let address = addresses[number]?.inbound else { return addresses[number] != nil }
            return !address.prefix(while: { $0 != "#" }).hasSuffix(path)
        }
        let unknown = numbers.filter { addresses[$0] == nil }
        if !deaf.isEmpty {
            return .wrong(
                name, "\(deaf.count) numbers send what people write elsewhere.",
                cure: "Set their webhook to BARNSTORM_PUBLIC_URL and \(path)#rc=5&rp=all, POST.")
        }
        if !unknown.isEmpty && account.provider != "simulated" {
            return .wrong(
                name, "It does not list \(unknown.count) of our numbers.",
                cure: "Buy or move them there, or check the number's messaging service.")
        }
        return .fine(name, "It answers, and \(numbers.count) numbers reach us.")
    }

    private func numbers() async throws -> [Int32: [String]] {
        let rows = try await database.rows(
            "SELECT account_id, number FROM sender WHERE retired_at IS NULL"
        ) { row in (try row.value(0) as Int32, try row.value(1) as String) }
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
    }
}

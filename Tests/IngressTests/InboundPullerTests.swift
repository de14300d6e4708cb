import Curl
import Foundation
import Logging
import Postgres
import Providers
import Store
import Support
import Testing

@testable import Ingress

/// Texts that no webhook brought, found in the list of the simulated carrier.
@Suite(.freshDatabase) struct InboundPullerTests {
    @Test func `a STOP that was lost on the way is found, once`() async throws {
        let house = try await House.make()
        try await house.text("+15005550010")
        let server = try await HookServer(house)
        var configuration = CarrierConfiguration()
        configuration.numbers = [House.ours]
        configuration.knobs.people.replies = 0
        configuration.knobs.people.stops = 0
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let carrier = try await Carrier.start(configuration, logger: log)
        let engine = CurlEngine(maximumInFlight: 4)
        let account = ProviderAccount(
            id: house.account, provider: "simulated", apiURL: carrier.url,
            credentials: [
                "account_sid": configuration.accountSid, "auth_token": configuration.authToken,
            ], hook: House.hook, publicURL: "")
        let known = HookAccount(
            id: house.account, hook: House.hook, provider: try Providers.make(account),
            callbackKey: House.callbackKey)
        let puller = InboundPuller(
            desk: server.desk, webhooks: Webhooks(database: house.database), engine: engine,
            log: log, accounts: { [known] })

        // The carrier knows no webhook address, so nobody tells us.
        _ = try await carrier.inject(from: "+15005550010", to: House.ours, body: "STOP")
        try await puller.pull(now: Date().addingTimeInterval(3_600))
        try await puller.pull(now: Date().addingTimeInterval(3_600))
        try await puller.pull(now: Date().addingTimeInterval(4_200))

        #expect(
            try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")
                == 1)
        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 6") == 1)
        await carrier.stop()
        engine.shutdown()
        await server.stop()
    }

    @Test func `days are whole and in UTC`() {
        let noon = 1_795_262_400.0  // 2026-11-21T12:00:00Z

        #expect(InboundPuller.days(from: noon - 60, to: noon) == ["2026-11-21"])
        #expect(
            InboundPuller.days(from: noon - 86_400, to: noon) == ["2026-11-20", "2026-11-21"])
    }
}

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
    /// A house whose numbers the simulated carrier knows; it is told no webhook address, so that
    /// whatever people write is lost on its way.
    private struct Deaf {
        let house: House
        let server: HookServer
        let carrier: Carrier
        let puller: InboundPuller
        private let engine = CurlEngine(maximumInFlight: 4)

        init() async throws {
            house = try await House.make()
            try await house.text("+15005550010")
            server = try await HookServer(house)
            var configuration = CarrierConfiguration()
            configuration.numbers = [House.ours]
            configuration.knobs.people.replies = 0
            configuration.knobs.people.stops = 0
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            carrier = try await Carrier.start(configuration, logger: log)
            let account = ProviderAccount(
                id: house.account, provider: "simulated", apiURL: carrier.url,
                credentials: [
                    "account_sid": configuration.accountSid, "auth_token": configuration.authToken,
                ], hook: House.hook, publicURL: "")
            let known = HookAccount(
                id: house.account, hook: House.hook, provider: try Providers.make(account),
                callbackKey: House.callbackKey)
            puller = InboundPuller(
                desk: server.desk, webhooks: Webhooks(database: house.database), engine: engine,
                log: log, accounts: { [known] })
        }

        func stops() async throws -> Int {
            try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")
        }

        func close() async {
            await carrier.stop()
            engine.shutdown()
            await server.stop()
        }
    }

    @Test func `a STOP that was lost on the way is found, once`() async throws {
        let deaf = try await Deaf()

        _ = try await deaf.carrier.inject(from: "+15005550010", to: House.ours, body: "STOP")
        try await deaf.puller.pull(now: Date().addingTimeInterval(3_600))
        try await deaf.puller.pull(now: Date().addingTimeInterval(3_600))
        try await deaf.puller.pull(now: Date().addingTimeInterval(4_200))

        #expect(try await deaf.stops() == 1)
        #expect(try await deaf.house.count("SELECT count(*) FROM message WHERE kind = 6") == 1)
        await deaf.close()
    }

    @Test func `after a refused webhook it looks again before its turn`() async throws {
        let deaf = try await Deaf()
        // A turn's first second, so that the next minute belongs to the same turn.
        let turn = (Date().timeIntervalSince1970 / 300).rounded(.up) * 300
        let start = Date(timeIntervalSince1970: turn + 300)
        try await deaf.puller.pull(now: start)

        _ = try await deaf.carrier.inject(from: "+15005550010", to: House.ours, body: "STOP")
        try await deaf.puller.pull(now: start.addingTimeInterval(1))
        #expect(try await deaf.stops() == 0)  // its turn was taken
        deaf.server.desk.losses.note(at: start.timeIntervalSince1970)
        try await deaf.puller.pull(now: start.addingTimeInterval(59))
        #expect(try await deaf.stops() == 0)  // its webhook may be on its way yet
        try await deaf.puller.pull(now: start.addingTimeInterval(61))

        #expect(try await deaf.stops() == 1)
        #expect(!deaf.server.desk.losses.areRipe(60, at: start.timeIntervalSince1970 + 500))
        await deaf.close()
    }

    @Test func `a text that cannot be committed counts as lost, a receipt does not`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        server.desk.losses.forget(before: .infinity)
        server.desk.statuses.close()
        server.desk.texts.close()
        let token = AttemptToken.mint(
            organisation: house.organisation, message: UUID.v7(), n: 1, key: House.callbackKey)

        #expect(await server.status(token, "delivered") == 503)
        #expect(!server.desk.losses.areRipe(0, at: .infinity))
        #expect(await server.inbound("STOP", from: "+15005550010", sid: "SM9") == 503)
        #expect(server.desk.losses.areRipe(0, at: .infinity))
        await server.stop()
    }

    @Test func `days are whole and in UTC`() {
        let noon = 1_795_262_400.0  // 2026-11-21T12:00:00Z

        #expect(ProviderList.days(from: noon - 60, to: noon) == ["2026-11-21"])
        #expect(
            ProviderList.days(from: noon - 86_400, to: noon) == ["2026-11-20", "2026-11-21"])
    }
}

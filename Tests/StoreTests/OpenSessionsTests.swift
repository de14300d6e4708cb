import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// What somebody is shown who mistyped a code: never a campaign that nobody declared findable.
@Suite(.freshDatabase) struct OpenSessionsTests {
    private func add(
        _ house: House, _ code: String, state: String = "live", findable: Bool = true,
        age: Double = 0, most: Int32? = nil
    ) async throws -> UUID {
        let id = UUID.v7()
        try await house.database.execute(
            """
            INSERT INTO campaign (organisation_id, id, name, state, code, findable, launched_at,
                texters_max)
            VALUES (\(house.organisation), \(id), \(code), \(state), \(code), \(findable),
                now() - \(age) * interval '1 h', \(most))
            """)
        return id
    }

    private func codes() async throws -> [String] {
        // As pages ask: no organisation is known yet.
        let web = try Database(
            url: TestDatabase.url, size: 1, role: "barnstorm_web", applicationName: "test")
        return try await Volunteers(database: web).openSessions().map(\.code)
    }

    @Test func `only campaigns declared findable, and only while one can join`() async throws {
        let house = try await House.make()
        _ = try await add(house, "hidden", findable: false)
        for state in ["draft", "finished", "ended"] {
            _ = try await add(house, state, state: state)
        }
        #expect(try await codes() == [])
        _ = try await add(house, "open")
        #expect(try await codes() == ["open"])
        let byDefault = try await house.count("SELECT count(*) FROM campaign WHERE findable")
        #expect(byDefault == 4)  // not the house's own, which nobody ticked
    }

    @Test func `live ones first, then the latest launched; full ones are left out`() async throws {
        let house = try await House.make()
        _ = try await add(house, "paused", state: "paused")
        _ = try await add(house, "older", age: 2)
        _ = try await add(house, "newer", age: 1)
        let full = try await add(house, "full", most: 1)
        #expect(try await codes() == ["full", "newer", "older", "paused"])
        try await house.database.execute(
            """
            INSERT INTO participation (organisation_id, member_id, campaign_id)
            VALUES (\(house.organisation), \(house.texter), \(full))
            """)
        #expect(try await codes() == ["newer", "older", "paused"])
    }
}

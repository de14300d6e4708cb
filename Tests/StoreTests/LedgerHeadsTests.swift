import Foundation
import Postgres
import Secrets
import Support
import Testing

@testable import Store

/// Signed heads, proofs from kept nodes, and those who would like to rewrite the log.
@Suite(.freshDatabase) struct LedgerHeadsTests {
    private static let seed = [UInt8](repeating: 5, count: 32)

    private func heads(_ house: House) throws -> LedgerHeads {
        try LedgerHeads(database: house.database, seed: Self.seed)
    }

    /// A log of so many lines, written in one statement.
    private func grow(_ house: House, by count: Int) async throws {
        try await house.database.execute(
            """
            SELECT ledger_append(\(house.organisation), 'setting', NULL,
                jsonb_build_object('setting', g)) FROM generate_series(1, \(count)) g
            """)
    }

    @Test func `proofs from kept nodes are those of the plain tree`() async throws {
        let house = try await House.make()
        try await grow(house, by: 5_000)
        let heads = try heads(house)
        let head = try await heads.sign(house.organisation)
        let all = try await Ledger(database: house.database).lines(
            organisation: house.organisation, limit: 10_000
        ).map(\.hash)

        #expect(head.root == MerkleTree.root(all).hex)
        #expect(head.isValid(heads.publicKey))
        for seq in [1, 1_024, 1_025, 2_048, 4_097, 5_000] {
            let bundle = try await heads.prove([seq], organisation: house.organisation)
            let path = MerkleTree.inclusionProof(of: seq - 1, in: all[...])
            #expect(bundle.lines[0].path == path.map(\.hex))
        }
        #expect(try await house.count("SELECT count(*) FROM ledger_node") == 7)
    }

    @Test func `an anchored head proves that the log only grew`() async throws {
        let house = try await House.make()
        let heads = try heads(house)
        try await grow(house, by: 1_500)
        let old = try await heads.sign(house.organisation)
        try await heads.note("file", for: old)
        try await grow(house, by: 1_777)
        let bundle = try await heads.prove([3], organisation: house.organisation)

        let growth = try #require(bundle.earlier.first)
        #expect(growth.head == old)
        #expect(
            MerkleTree.verifyConsistency(
                first: [UInt8](hex: old.root)!, firstSize: old.size,
                second: [UInt8](hex: bundle.head.root)!, secondSize: bundle.head.size,
                proof: growth.proof.map { [UInt8](hex: $0)! }))
        #expect(
            try await heads.check(house.organisation, outside: [old]) == [])
    }

    @Test func `a log written anew or cut off does not fit its anchored head`() async throws {
        let house = try await House.make()
        let heads = try heads(house)
        try await grow(house, by: 20)
        let anchored = try await heads.sign(house.organisation)
        // Everything is removed and written again, as somebody with all rights could.
        try await house.database.withConnection {
            try await $0.script(
                """
                SET session_replication_role = replica;
                DELETE FROM ledger; DELETE FROM tree_head;
                UPDATE chain_head SET seq = 0, hash = sha256('barnstorm ledger, version 1'::bytea);
                SET session_replication_role = origin
                """)
        }
        try await grow(house, by: 10)
        #expect(
            try await Ledger(database: house.database).check(house.organisation).findings == [])

        let short = try await heads.check(house.organisation, outside: [anchored])
        try await grow(house, by: 30)
        let rewritten = try await heads.check(house.organisation, outside: [anchored])

        #expect(short.contains { $0.contains("only 10 are left") })
        #expect(rewritten.contains { $0.contains("are not those of the head") })
    }

    @Test func `a head that somebody else signed is found`() async throws {
        let house = try await House.make()
        try await grow(house, by: 3)
        let other = try LedgerHeads(
            database: house.database, seed: [UInt8](repeating: 6, count: 32))
        _ = try await other.sign(house.organisation)

        let findings = try await heads(house).check(house.organisation)
        #expect(findings.count == 1)
    }

    @Test func `a signed head cannot be changed, an anchor may be added`() async throws {
        let house = try await House.make()
        try await grow(house, by: 3)
        let heads = try heads(house)
        let head = try await heads.sign(house.organisation)
        #expect(try await heads.unanchored(olderThan: .seconds(60)) == [house.organisation])

        try await heads.note("file", for: head)

        #expect(try await heads.unanchored(olderThan: .seconds(60)).isEmpty)
        await #expect(throws: PostgresError.self) {
            try await house.database.execute("UPDATE tree_head SET size = 2")
        }
    }
}

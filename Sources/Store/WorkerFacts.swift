import Foundation
import Postgres
import Texting

/// What a worker knows about an organisation.
package struct OrganisationFacts: Sendable {
    package var id: Int32
    package var countries: [String]
    package var opensMinute: Int
    package var closesMinute: Int
    /// Of first texts in 24 h; that of the sales laws where they hold.
    package var frequencyCap: Int
    package var isStrictSales: Bool
}

/// What a worker knows about a campaign that is not a draft.
package struct CampaignFacts: Sendable {
    package var organisation: Int32
    package var id: UUID
    package var state: String
    package var mode: String
    package var pool: String
    package var opensMinute: Int?
    package var closesMinute: Int?
    package var perMinute: Int?
    package var priceMicros: Int
    package var spendCeilingMicros: Int?

    /// Its texts stay where they are.
    package var isHeld: Bool { state == "paused" || state == "held" }
    /// Its first texts will never leave.
    package var hasEnded: Bool { state == "ended" }
}

/// What all workers read again and again: few rows, no locks.
package struct WorkerFacts: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    package func organisations() async throws -> [OrganisationFacts] {
        try await database.rows(
            """
            SELECT id, countries, opens_minute, closes_minute, frequency_cap,
                coalesce((profile ->> 'strict_sales')::boolean, false)
            FROM organisation
            """
        ) { row in
            let countries: [String] = try row.value(1)
            let isStrict: Bool = try row.value(5)
            return OrganisationFacts(
                id: try row.value(0), countries: countries,
                opensMinute: Int(try row.value(2) as Int16),
                closesMinute: Int(try row.value(3) as Int16),
                frequencyCap: Jurisdictions.frequencyCap(
                    Int(try row.value(4) as Int16), served: countries, isStrictSales: isStrict),
                isStrictSales: isStrict)
        }
    }

    package func campaigns() async throws -> [CampaignFacts] {
        try await database.rows(
            """
            SELECT organisation_id, id, state, mode, pool, opens_minute, closes_minute, per_minute,
                price_micros, spend_ceiling_micros
            FROM campaign WHERE state <> 'draft'
            """
        ) { row in
            CampaignFacts(
                organisation: try row.value(0), id: try row.value(1), state: try row.value(2),
                mode: try row.value(3), pool: try row.value(4),
                opensMinute: (try row.value(5) as Int16?).map(Int.init),
                closesMinute: (try row.value(6) as Int16?).map(Int.init),
                perMinute: (try row.value(7) as Int32?).map(Int.init),
                priceMicros: try row.value(8), spendCeilingMicros: try row.value(9))
        }
    }

    /// People who stopped within the last seconds: longer than any transaction that stops somebody
    /// may take, and longer than any permit lives.
    package func recentStops(of organisations: [Int32]) async throws -> Set<UUID> {
        let rows = try await database.rows(
            """
            SELECT contact_id FROM ledger
            WHERE organisation_id = ANY(\(organisations)) AND kind = 'stop'
              AND at > clock_timestamp() - interval '15 s' AND contact_id IS NOT NULL
            """
        ) { try $0.value(0) as UUID }
        return Set(rows)
    }

    /// Accounts whose circuit is open.
    package func closedAccounts() async throws -> Set<Int32> {
        let rows = try await database.rows(
            "SELECT id FROM account WHERE closed_until > clock_timestamp()"
        ) { try $0.value(0) as Int32 }
        return Set(rows)
    }

    /// Opens an account's circuit until a person looks; the reason is a code, never a secret.
    package func close(account: Int32, reason: String) async throws {
        try await database.execute(
            """
            UPDATE account SET closed_until = 'infinity', closed_reason = \(reason)
            WHERE id = \(account) AND closed_until IS DISTINCT FROM 'infinity'
            """)
    }

    /// Zone names by zone set id; '' is unknown.
    package func zoneSets() async throws -> [Int16: String] {
        let rows = try await database.rows("SELECT id, zones FROM zone_set") { row in
            (try row.value(0) as Int16, try row.value(1) as String)
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Senders with something due, those with answers to people first.
    package func busySenders() async throws -> [BusySender] {
        try await database.rows(
            """
            SELECT organisation_id, sender_id, bool_or(priority < 2),
                sum(cardinality(message_ids) - taken)::bigint
            FROM outbox
            WHERE due_at <= clock_timestamp() GROUP BY 1, 2
            """
        ) { row in
            BusySender(
                organisation: try row.value(0), sender: try row.value(1),
                hasAnswers: try row.value(2), texts: try row.value(3))
        }
    }
}

/// A number with something due.
package struct BusySender: Sendable {
    package var organisation: Int32
    package var sender: UUID
    /// Not only first texts.
    package var hasAnswers: Bool
    /// How many texts wait, those that are held back included.
    package var texts: Int
}

/// A pool of one organisation's numbers.
package struct PoolKey: Sendable, Hashable {
    package var organisation: Int32
    package var pool: String

    package init(organisation: Int32, pool: String) {
        self.organisation = organisation
        self.pool = pool
    }
}

extension WorkerFacts {
    /// First texts that wait in the outbox, per campaign.
    package func waitingTexts() async throws -> [UUID: Int] {
        let rows = try await database.rows(
            """
            SELECT campaign_id, sum(cardinality(message_ids) - taken)::bigint FROM outbox
            WHERE priority = 2 AND campaign_id IS NOT NULL GROUP BY 1
            """
        ) { row in (try row.value(0) as UUID, try row.value(1) as Int) }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Segments per second of each pool, all its usable numbers together.
    package func poolRates() async throws -> [PoolKey: Double] {
        let rows = try await database.rows(
            """
            SELECT organisation_id, pool, sum(segments_per_second)::float8 FROM sender
            WHERE retired_at IS NULL GROUP BY 1, 2
            """
        ) { row in
            (
                PoolKey(organisation: try row.value(0), pool: try row.value(1)),
                try row.value(2) as Double
            )
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}

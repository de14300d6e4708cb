import Foundation
import Postgres
import Store
import Synchronization
import Texting

/// Fills a bench's database with people and history, one campaign after the other, as it would have
/// come about: who stopped in one campaign is suppressed in the next.
///
/// Everything is computed inside PostgreSQL from a text's number, so nothing is sent over the wire
/// and the same plan makes the same people. Several connections each take every so many-th chunk of
/// a campaign; what they share stands in unlogged tables named `seed_…`, dropped at the end.
struct BenchTown: Sendable {
    let plan: SeedPlan
    let database: Database
    let organisation: Int32
    let campaigns: [UUID]
    /// When each campaign was launched.
    let launches: [Date]
    /// How long a campaign takes to send.
    static let sending: TimeInterval = 5 * 3600
    /// Rows of a transaction: small enough that three towns' worth of them fit in memory.
    static let chunk = 50_000

    var last: UUID { campaigns[campaigns.count - 1] }

    /// The tenant, its numbers, volunteers and campaigns, made like any other.
    static func found(
        _ plan: SeedPlan, _ database: Database, _ secret: InstallationSecret
    ) async throws -> BenchTown {
        let house = try await Organisations(database: database).add(
            name: "Bench Campaign", countries: ["US"])
        let account = try await Accounts(database: database, secret: secret).add(
            organisation: house.id, provider: "simulated", name: "carrier",
            credentials: [
                "account_sid": CarrierProcess.accountSid, "auth_token": CarrierProcess.authToken,
            ], inFlightMax: 500)
        let senders = (0..<plan.numbers).map { index in
            var sender = NewSender(account: account.id, number: "+1500555\(10_000 + index)")
            sender.segmentsPerSecond = 100
            sender.country = "US"
            sender.registration = ["brand": "BENCH", "campaign": "CBENCH"]
            sender.registrationExpiresAt = Date().addingTimeInterval(365 * 86_400)
            return sender
        }
        _ = try await Senders(database: database).add(senders, organisation: house.id)
        let members = Members(database: database)
        _ = try await members.add(
            organisation: house.id, name: "Ana", email: "ana@example.org", role: .owner)
        for texter in 1...plan.texters {
            _ = try await members.add(
                organisation: house.id, name: "Texter \(texter)",
                email: "texter\(texter)@example.org", role: .texter)
        }
        var campaigns: [UUID] = []
        for number in 1...plan.campaigns {
            var new = NewCampaign(name: "Campaign \(number)")
            new.mode = .hand
            new.script =
                "Hi {name|there}, Sam here from Bench Campaign. Can you join us? Reply STOP to opt out."
            campaigns.append(
                try await Campaigns(database: database).create(new, organisation: house.id).id)
        }
        return BenchTown(
            plan: plan, database: database, organisation: house.id, campaigns: campaigns,
            launches: launches(plan))
    }

    /// Writes everybody and everything, and counts texts as they are written.
    ///
    /// - Parameter jobs: how many connections write at once.
    func fill(jobs: Int, progress: @escaping @Sendable (Int) -> Void) async throws {
        try await database.withConnection { connection in
            try await partitions(on: connection)
            try await ground(on: connection)
        }
        try await chunks(jobs) { connection, from, end, _ in
            try await people(from, end, on: connection)
        }
        try await database.withConnection { try await $0.script("ANALYZE seed_person, contact") }
        let done = Mutex(0)
        for number in 1...plan.campaigns {
            let work = BenchCampaign(town: self, number: number)
            try await database.withConnection { try await work.open(on: $0) }
            try await chunks(jobs) { connection, from, end, job in
                try await work.write(from: from, to: end, job: job, on: connection)
                let texts = max(0, min(end, plan.drawn(campaign: number)) - from)
                progress(
                    done.withLock {
                        $0 += texts; return $0
                    })
            }
            try await database.withConnection { try await work.close(on: $0) }
        }
        try await tidy(jobs)
    }

    /// Runs `body` over all people, a chunk at a time, on `jobs` connections.
    private func chunks(
        _ jobs: Int,
        _ body:
            @escaping @Sendable (Connection, _ from: Int, _ end: Int, _ job: Int) async throws
            -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in 0..<jobs {
                group.addTask {
                    try await database.withConnection { connection in
                        try await connection.script(
                            "SET synchronous_commit = off; SET work_mem = '64MB'; SET jit = off")
                        for from in stride(
                            from: job * Self.chunk, to: plan.people, by: jobs * Self.chunk)
                        {
                            try await body(
                                connection, from, min(from + Self.chunk, plan.people), job)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Statistics and visibility, as autovacuum would leave them after a while.
    private func tidy(_ jobs: Int) async throws {
        let tables = ["message", "outcome", "receipt", "attempt", "recipient", "contact"]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in 0..<jobs {
                group.addTask {
                    try await database.withConnection { connection in
                        for table in stride(from: job, to: tables.count, by: jobs) {
                            try await connection.script("VACUUM (ANALYZE) \(tables[table])")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await database.withConnection { connection in
            for table in ["consent", "conversation", "ledger", "act", "tally", "recorded_answer"] {
                try await connection.script("VACUUM (ANALYZE) \(table)")
            }
            try await connection.script("ANALYZE")
        }
        try await database.withConnection {
            try await $0.script(
                """
                DROP TABLE seed_zone, seed_texter, seed_person, seed_stop; DROP FUNCTION seed_line
                """)
        }
    }

    /// When each campaign was launched: at half past twelve in New York, when all four zones may be
    /// texted and still may be when it ends; the last on the latest day that is over by now, the
    /// others at least a day apart over the months before.
    static func launches(_ plan: SeedPlan, now: Date = Date()) -> [Date] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "America/New_York") ?? .gmt
        func half(_ daysBack: Int) -> Date {
            let day = calendar.startOfDay(for: now)
            let back = calendar.date(byAdding: .day, value: -daysBack, to: day) ?? day
            return calendar.date(bySettingHour: 12, minute: 30, second: 0, of: back) ?? back
        }
        let last = half(0).addingTimeInterval(sending + 600) < now ? 0 : 1
        let step = max(1, plan.months * 30 / plan.campaigns)
        return (1...plan.campaigns).map { half(last + (plan.campaigns - $0) * step) }
    }

    func launch(_ number: Int) -> Date { launches[number - 1] }

    /// The parents' partitions for the past; the product makes those from now on.
    private func partitions(on connection: Connection) async throws {
        try await connection.script(
            """
            DO $$
            DECLARE
                parent text; child text;
                month timestamptz := date_trunc('month',
                    to_timestamp(\(launch(1).timeIntervalSince1970 - 86_400)) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
            BEGIN
                WHILE month < now() LOOP
                    FOREACH parent IN ARRAY ARRAY['message', 'attempt', 'outcome', 'receipt'] LOOP
                        child := parent || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM');
                        IF to_regclass('public.' || child) IS NULL THEN
                            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                                child, parent, uuid_at(month),
                                uuid_at((month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'));
                        END IF;
                    END LOOP;
                    month := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
                END LOOP;
            END $$
            """)
    }

    /// Area codes in four time zones; a lane is a block of them, so that positions need no sorting.
    static let zones = [
        ("America/New_York", 47), ("America/Chicago", 29), ("America/Denver", 7),
        ("America/Los_Angeles", 17),
    ]

    /// What all connections share: zones, texters with their sessions, and the people's own table.
    private func ground(on connection: Connection) async throws {
        let sessions = launches.enumerated().map { place, launch in
            "(\(place), to_timestamp(\(launch.timeIntervalSince1970)))"
        }
        try await connection.script(
            """
            INSERT INTO zone_set (zones) VALUES \(Self.zones.map { "('\($0.0)')" }.joined(separator: ", "))
            ON CONFLICT DO NOTHING;
            CREATE UNLOGGED TABLE seed_zone AS
            SELECT z.id AS zone_set, w.place - 1 AS place, w.areas,
                (sum(w.areas) OVER (ORDER BY w.place) - w.areas)::int AS first_area
            FROM (VALUES \(Self.zones.enumerated().map { "('\($1.0)', \($1.1), \($0 + 1))" }
                .joined(separator: ", "))) AS w(zones, areas, place)
            JOIN zone_set z ON z.zones = w.zones;
            CREATE UNLOGGED TABLE seed_texter AS
            SELECT id AS texter, row_number() OVER (ORDER BY id) - 1 AS place FROM member
            WHERE organisation_id = \(organisation) AND role = 'texter';
            INSERT INTO session (organisation_id, token_hash, member_id, began_at, ended_at)
            SELECT \(organisation), sha256(convert_to(texter::text || l.place, 'UTF8')), texter,
                l.at - interval '10 min', l.at + interval '8 h'
            FROM seed_texter CROSS JOIN (VALUES \(sessions.joined(separator: ", "))) AS l(place, at);
            CREATE UNLOGGED TABLE seed_person (
                i bigint PRIMARY KEY, contact uuid NOT NULL, sender uuid NOT NULL,
                texter uuid NOT NULL, zone_set smallint NOT NULL, conversation uuid NOT NULL,
                name text NOT NULL, is_out boolean NOT NULL DEFAULT false) WITH (fillfactor = 90);
            CREATE UNLOGGED TABLE seed_stop (
                contact uuid, message uuid, conversation uuid, at timestamptz);
            \(line)
            ANALYZE seed_zone, seed_texter, sender;
            """)
    }

    /// Writes a line as `ledger_append` does, but with the past's instant, which only the tables'
    /// owner can.
    private var line: String {
        """
        CREATE FUNCTION seed_line(moment timestamptz, line_kind text, about uuid, details jsonb)
            RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            head chain_head%ROWTYPE; line text; digest bytea;
        BEGIN
            SELECT * INTO STRICT head FROM chain_head
            WHERE organisation_id = \(organisation) FOR UPDATE;
            line := jsonb_build_object(
                'organisation', \(organisation), 'seq', head.seq + 1,
                'at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'kind', line_kind, 'contact', about, 'details', details,
                'prev', encode(head.hash, 'hex'))::text;
            digest := sha256('\\x00'::bytea || convert_to(line, 'UTF8'));
            INSERT INTO ledger (organisation_id, seq, at, kind, contact_id, entry, prev_hash, hash)
            VALUES (\(organisation), head.seq + 1, moment, line_kind, about, line, head.hash, digest);
            UPDATE chain_head SET seq = head.seq + 1, hash = digest
            WHERE organisation_id = \(organisation);
        END $$;
        """
    }

    private func people(_ from: Int, _ end: Int, on connection: Connection) async throws {
        let born = launch(1).addingTimeInterval(-3600)
        try await connection.script(
            """
            INSERT INTO seed_person (i, contact, sender, texter, zone_set, conversation, name)
            SELECT i, import_uuid('\(Self.prefix(born))', i, 1), s.id, t.texter, z.zone_set,
                import_uuid('\(Self.prefix(born.addingTimeInterval(1)))', i, 2),
                (ARRAY['Aisha', 'Rhys', 'Carys', 'Tom', 'Priya', 'Mei', 'José', 'Olu'])
                    [(1 + i % 8)::int]
            FROM generate_series(\(from), \(end - 1)) AS i
            JOIN seed_zone z ON i % 100 >= z.first_area AND i % 100 < z.first_area + z.areas
            JOIN seed_texter t ON t.place = i % \(plan.texters)
            JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM sender
                WHERE organisation_id = \(organisation)) s ON s.place = i % \(plan.numbers)
            ORDER BY i;
            INSERT INTO contact (organisation_id, id, number, number_hash, name, country, zone_set,
                zone_source, created_at)
            SELECT \(organisation), contact, '+1' || (201 + i % 100 * 7)::text || (2000000 + i / 100)::text,
                sha256(i::text::bytea), name, 'US', zone_set, 'number',
                to_timestamp(\(born.timeIntervalSince1970))
            FROM seed_person WHERE i >= \(from) AND i < \(end) ORDER BY i;
            """)
    }

    /// What `import_uuid` wants: 12 hexadecimal digits of milliseconds, and the version.
    static func prefix(_ moment: Date) -> String {
        let digits = String(UInt64(moment.timeIntervalSince1970 * 1000), radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits + "7"
    }
}

import Foundation
import Postgres
import Store
import Texting

/// Fills a bench's database with people and history, one campaign after the other, as it would have
/// come about: who stopped in one campaign is suppressed in the next.
///
/// Everything is computed inside PostgreSQL from a text's number, so nothing is sent over the wire
/// and the same plan makes the same people.
struct BenchTown: Sendable {
    let plan: SeedPlan
    let database: Database
    let organisation: Int32
    let campaigns: [UUID]
    /// The present, and how long a campaign takes to send.
    let now: Date
    static let sending: TimeInterval = 5 * 3600
    static let chunk = 100_000

    var last: UUID { campaigns[campaigns.count - 1] }

    /// The tenant, its numbers, volunteers and campaigns, made like any other.
    static func found(
        _ plan: SeedPlan, _ database: Database, _ secret: InstallationSecret
    ) async throws -> BenchTown {
        let house = try await Organisations(database: database).add(
            name: "Bench Campaign", countries: ["US"], pacedAllowed: true, frequencyCap: 8)
        let account = try await Accounts(database: database, secret: secret).add(
            organisation: house.id, provider: "simulated", name: "carrier",
            credentials: [
                "account_sid": CarrierProcess.accountSid, "auth_token": CarrierProcess.authToken,
            ], inFlightMax: 500)
        let senders = (0..<plan.numbers).map { index in
            var sender = NewSender(account: account.id, number: "+1500555\(10_000 + index)")
            sender.segmentsPerSecond = 100
            sender.country = "US"
            return sender
        }
        _ = try await Senders(database: database).add(senders, organisation: house.id)
        let members = Members(database: database)
        _ = try await members.add(
            organisation: house.id, name: "Ana", email: "ana@example.org", role: .owner)
        for texter in 1...40 {
            _ = try await members.add(
                organisation: house.id, name: "Texter \(texter)",
                email: "texter\(texter)@example.org", role: .texter)
        }
        var campaigns: [UUID] = []
        for number in 1...plan.campaigns {
            var new = NewCampaign(name: "Campaign \(number)")
            new.mode = .paced
            new.script =
                "Hi {name|there}, Sam here from Bench Campaign. Can you join us? Reply STOP to opt out."
            campaigns.append(
                try await Campaigns(database: database).create(new, organisation: house.id).id)
        }
        return BenchTown(
            plan: plan, database: database, organisation: house.id, campaigns: campaigns,
            now: Date())
    }

    /// Writes everybody and everything, and counts texts as they are written.
    func fill(progress: @Sendable (Int) -> Void) async throws {
        try await database.withConnection { connection in
            try await connection.script(
                "SET synchronous_commit = off; SET work_mem = '128MB'; SET jit = off")
            try await partitions(on: connection)
            try await people(on: connection)
            var done = 0
            for number in 1...plan.campaigns {
                let work = BenchCampaign(town: self, number: number)
                try await work.open(on: connection)
                for from in stride(from: 0, to: plan.people, by: Self.chunk) {
                    let end = min(from + Self.chunk, plan.people)
                    try await work.write(from: from, to: end, on: connection)
                    done += max(0, min(end, plan.drawn(campaign: number)) - from)
                    progress(done)
                }
                try await work.close(on: connection)
            }
            try await connection.script("VACUUM (ANALYZE)")
        }
    }

    /// When campaign `number`, from 1, was launched: spread over the months, a day apart at least.
    func launch(_ number: Int) -> Date {
        let step = max(86_400, Double(plan.months) * 30 * 86_400 / Double(plan.campaigns))
        let back = Double(plan.campaigns - number) * step
        return now.addingTimeInterval(-back - Self.sending - 60)
    }

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

    private func people(on connection: Connection) async throws {
        let born = launch(1).addingTimeInterval(-3600)
        try await connection.script(
            """
            INSERT INTO zone_set (zones) VALUES \(Self.zones.map { "('\($0.0)')" }.joined(separator: ", "))
            ON CONFLICT DO NOTHING;
            CREATE TEMP TABLE seed_zone AS
            SELECT z.id AS zone_set, w.place - 1 AS place, w.areas,
                (sum(w.areas) OVER (ORDER BY w.place) - w.areas)::int AS first_area
            FROM (VALUES \(Self.zones.enumerated().map { "('\($1.0)', \($1.1), \($0 + 1))" }
                .joined(separator: ", "))) AS w(zones, areas, place)
            JOIN zone_set z ON z.zones = w.zones;
            CREATE TEMP TABLE seed_person (
                i bigint PRIMARY KEY, contact uuid NOT NULL, sender uuid NOT NULL,
                zone_set smallint NOT NULL, conversation uuid NOT NULL,
                is_out boolean NOT NULL DEFAULT false);
            INSERT INTO seed_person (i, contact, sender, zone_set, conversation)
            SELECT i, import_uuid('\(Self.prefix(born))', i, 1), s.id, z.zone_set,
                import_uuid('\(Self.prefix(born.addingTimeInterval(1)))', i, 2)
            FROM generate_series(0, \(plan.people - 1)) AS i
            JOIN seed_zone z ON i % 100 >= z.first_area AND i % 100 < z.first_area + z.areas
            JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM sender
                WHERE organisation_id = \(organisation)) s ON s.place = i % \(plan.numbers);
            ANALYZE seed_person;
            INSERT INTO contact (organisation_id, id, number, number_hash, name, country, zone_set,
                zone_source, created_at)
            SELECT \(organisation), contact, '+1' || (201 + i % 100 * 7)::text || (2000000 + i / 100)::text,
                sha256(i::text::bytea),
                (ARRAY['Aisha', 'Rhys', 'Siân', 'Tom', 'Priya', 'Mei', 'José', 'Olu'])[(1 + i % 8)::int],
                'US', zone_set, 'number', to_timestamp(\(born.timeIntervalSince1970))
            FROM seed_person ORDER BY i;
            ANALYZE contact;
            """)
    }

    /// What `import_uuid` wants: 12 hexadecimal digits of milliseconds, and the version.
    static func prefix(_ moment: Date) -> String {
        let digits = String(UInt64(moment.timeIntervalSince1970 * 1000), radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits + "7"
    }
}

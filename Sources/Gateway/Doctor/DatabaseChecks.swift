import Foundation
import Postgres

/// What `doctor` asks the database about itself.
struct DatabaseChecks: Sendable {
    let database: Database

    func findings() async throws -> [Diagnosis] {
        [
            try await version(), try await roles(), try await partitions(), try await durability(),
            try await clock(),
        ]
    }

    private func version() async throws -> Diagnosis {
        let number = try await value("SELECT current_setting('server_version_num')::int8") ?? 0
        return number >= 150_000
            ? .fine("database", "PostgreSQL \(number / 10_000).\(number % 10_000).")
            : .wrong(
                "database", "PostgreSQL \(number / 10_000) is too old.",
                cure: "Upgrade it to 15 or later.")
    }

    /// The program changes into these roles, which cannot alter history.
    private func roles() async throws -> Diagnosis {
        let missing = try await database.rows(
            """
            SELECT name FROM unnest(ARRAY['barnstorm_web', 'barnstorm_worker', 'barnstorm_ingress',
                'barnstorm_report']) AS name
            LEFT JOIN pg_roles ON rolname = name
            WHERE rolname IS NULL OR NOT pg_has_role(current_user, name, 'MEMBER')
            """
        ) { try $0.value(0) as String }
        return missing.isEmpty
            ? .fine("roles", "All four are there.")
            : .wrong(
                "roles", "This user cannot become \(missing.joined(separator: ", ")).",
                cure: "As the owner run 'barnstorm migrate', or GRANT them to this user.")
    }

    /// Without a month's partition every text of that month would be refused.
    private func partitions() async throws -> Diagnosis {
        let missing = try await database.rows(
            """
            SELECT parent || to_char(month, '_YYYY_MM') FROM
                unnest(ARRAY['message', 'attempt', 'outcome', 'receipt']) AS parent,
                generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
                    date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months',
                    interval '1 month') AS month
            WHERE to_regclass('public.' || parent || to_char(month, '_YYYY_MM')) IS NULL
            """
        ) { try $0.value(0) as String }
        return missing.isEmpty
            ? .fine("partitions", "The next two months have theirs.")
            : .wrong(
                "partitions", "Missing: \(missing.joined(separator: ", ")).",
                cure: "Start a worker, which makes them daily, or run SELECT make_partitions(3).")
    }

    /// An attempt that a power cut forgets would be sent a second time (P1).
    private func durability() async throws -> Diagnosis {
        let off = try await database.rows(
            """
            SELECT name FROM pg_settings
            WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
            ORDER BY name
            """
        ) { try $0.value(0) as String }
        return off.isEmpty
            ? .fine("durability", "What is committed survives a power cut.")
            : .wrong(
                "durability", "\(off.joined(separator: ", ")) is off; a crash may forget attempts.",
                cure: "Set it to on in postgresql.conf.")
    }

    /// Slots and hours go by the database's clock; 30 s apart nothing is sent.
    private func clock() async throws -> Diagnosis {
        let before = Date()
        let there = try await database.first("SELECT clock_timestamp()") { try $0.value(0) as Date }
        let after = Date()
        let middle = before.addingTimeInterval(after.timeIntervalSince(before) / 2)
        let skew = (there ?? middle).timeIntervalSince(middle)
        let text = skew.formatted(.number.precision(.fractionLength(3)))
        return abs(skew) < 1
            ? .fine("clocks", "The database is \(text) s ahead of this machine.")
            : .wrong(
                "clocks", "The database is \(text) s ahead of this machine.",
                cure: "Run chrony on both.")
    }

    private func value(_ sql: SQL) async throws -> Int? {
        try await database.first(sql) { try $0.value(0) as Int }
    }
}

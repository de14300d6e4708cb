import Foundation
import Postgres

/// What `doctor` asks the tables about texts and the numbers they leave by.
struct TextChecks: Sendable {
    let database: Database

    func findings() async throws -> [Diagnosis] {
        [
            try await openTexts(), try await overdue(), try await doubts(), try await refusals(),
            try await registration(), try await quarantine(), try await circuits(),
        ]
    }

    /// P2 at one look: texts of the last two weeks whose story has not ended and that nothing
    /// will carry on. Older ones were counted on their day.
    private func openTexts() async throws -> Diagnosis {
        let count = try await count(
            """
            WITH waiting AS MATERIALIZED (
                SELECT organisation_id, unnest(message_ids[taken + 1:]) AS id FROM outbox
            ), story AS (
                SELECT m.organisation_id, m.id, a.n, a.verdict, o.result
                FROM message m
                LEFT JOIN LATERAL (
                    SELECT n, verdict FROM attempt
                    WHERE organisation_id = m.organisation_id AND message_id = m.id
                    ORDER BY n DESC LIMIT 1
                ) a ON true
                LEFT JOIN outcome o ON o.organisation_id = m.organisation_id
                    AND o.message_id = m.id AND o.n = a.n
                WHERE m.kind <> 6 AND m.id >= uuid_at(now() - interval '14 days')
            )
            SELECT count(*) FROM story s
            WHERE (n IS NULL OR (verdict = 1 AND result = 3)) AND NOT EXISTS (
                SELECT FROM waiting w
                WHERE w.organisation_id = s.organisation_id AND w.id = s.id)
            """)
        return count == 0
            ? .fine("open texts", "All wait in the outbox or are in flight.")
            : .wrong(
                "open texts", "\(count) are neither in the outbox nor in flight.",
                cure: "Keep the database as it is and report this: it must not happen.")
    }

    /// The sweeper closes an attempt at its deadline, a dead worker's 120 s later.
    private func overdue() async throws -> Diagnosis {
        let count = try await count(
            """
            SELECT count(*) FROM attempt a
            WHERE verdict = 1 AND deadline < now() - interval '5 minutes'
              AND deadline > now() - interval '14 days'
              AND NOT EXISTS (
                SELECT FROM outcome o WHERE o.organisation_id = a.organisation_id
                  AND o.message_id = a.message_id AND o.n = a.n)
            """)
        return count == 0
            ? .fine("attempts", "None is overdue.")
            : .wrong(
                "attempts", "\(count) are past their deadline without an outcome.",
                cure: "Start a worker; it closes them as in doubt.")
    }

    private func doubts() async throws -> Diagnosis {
        let count = try await count(
            """
            SELECT count(*) FROM outcome o WHERE result = 4 AND NOT EXISTS (
                SELECT FROM settlement s WHERE s.organisation_id = o.organisation_id
                  AND s.message_id = o.message_id AND s.n = o.n)
            """)
        return count == 0
            ? .fine("in doubt", "No text waits for a person.")
            : .wrong(
                "in doubt", "\(count) texts may or may not have been sent.",
                cure: "See 'barnstorm indoubt list'; callbacks settle most within minutes.")
    }

    private func refusals() async throws -> Diagnosis {
        let count = try await count("SELECT count(*) FROM refusal WHERE settled_at IS NULL")
        return count == 0
            ? .fine("refusals", "The schema refused no text.")
            : .wrong(
                "refusals", "The schema refused \(count) texts.",
                cure: "Look at table refusal and report this.")
    }

    /// Where carriers block what is not registered: numbers of the United States (10DLC, verified
    /// toll-free), and names instead of numbers in countries that keep a register of them. An
    /// unknown country of a +1 number counts as the United States.
    private func registration() async throws -> Diagnosis {
        let count = try await count(
            """
            SELECT count(*) FROM sender s
            JOIN account a ON a.id = s.account_id
            JOIN organisation o ON o.id = s.organisation_id
            WHERE s.retired_at IS NULL AND a.provider <> 'simulated'
              AND (s.registration_expires_at < now() OR (s.registration = '{}' AND (
                (s.number LIKE '+1%' AND coalesce(s.country, 'US') = ANY (\(Self.registering)))
                OR (s.number ~ '[A-Za-z]' AND o.countries && \(Self.namesRegistered)))))
            """)
        let soon = try await self.count(
            """
            SELECT count(*) FROM sender WHERE retired_at IS NULL
                AND registration_expires_at BETWEEN now() AND now() + interval '30 days'
            """)
        guard count == 0 else {
            return .wrong(
                "registration", "\(count) numbers are not registered, or no longer.",
                cure: "Register them with the provider, then 'barnstorm sender register'.")
        }
        return soon == 0
            ? .fine("registration", "No number lacks it.")
            : .wrong(
                "registration", "\(soon) numbers' registrations expire within 30 days.",
                cure: "Renew them with the provider, then 'barnstorm sender register'.")
    }

    /// The Campaign Registry speaks for the United States and their territories, not for Canada.
    private static let registering = ["US", "PR", "VI", "GU", "AS", "MP"]
    /// Registers of names: Australia (since 1 July 2026), Singapore.
    private static let namesRegistered = ["AU", "SG"]

    private func quarantine() async throws -> Diagnosis {
        let count = try await count(
            """
            SELECT count(*) FROM sender WHERE retired_at IS NULL AND quarantined_at IS NOT NULL
            """)
        return count == 0
            ? .fine("quarantine", "No number waits.")
            : .wrong(
                "quarantine", "\(count) numbers rest since a failover or a restore.",
                cure: "Run 'barnstorm sender release', which reads the provider's list back first.")
    }

    private func circuits() async throws -> Diagnosis {
        let count = try await count("SELECT count(*) FROM account WHERE closed_until > now()")
        return count == 0
            ? .fine("accounts", "None is closed.")
            : .wrong(
                "accounts", "\(count) are closed after an account error of the provider.",
                cure: "See 'barnstorm account list'; correct key, balance or suspension.")
    }

    private func count(_ sql: SQL) async throws -> Int {
        try await database.first(sql) { try $0.value(0) as Int } ?? 0
    }
}

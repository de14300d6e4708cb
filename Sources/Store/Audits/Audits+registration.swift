import Foundation
import Postgres

extension Audits {
    /// What left from which number under which registration: any that was expired, missing or not
    /// ours at the time, and what expires within 90 days.
    ///
    /// A registration is asked of US numbers at a real provider; a test double needs none.
    package func registration(
        organisation: Int32, span: Span = Span(), now: Date = Date()
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("registration")
            let senders = try await connection.rows(
                Self.perSender(organisation, span), decode: SenderUse.init(row:))
            let soon = now.addingTimeInterval(90 * 86_400)
            let expiring = senders.filter {
                $0.expires.map { $0 > now && $0 < soon } ?? false && $0.retired == nil
            }
            answer.counts = [
                "texts": senders.reduce(0) { $0 + $1.texts },
                "expiring_in_90_days": expiring.count,
            ]
            answer.columns = ["number", "texts", "registration", "expires"]
            answer.rows = senders.map { sender in
                [
                    sender.number ?? "unknown", "\(sender.texts)", sender.registered,
                    sender.expires?.formatted(.iso8601) ?? "",
                ]
            }
            answer.add(senders.flatMap(\.findings))
            return answer
        }
    }

    private struct SenderUse: Sendable {
        var number: String?
        var registered: String
        var expires: Date?
        var retired: Date?
        var texts, expired, late: Int
        var needsRegistration: Bool
        var last: Date

        init(row: borrowing Row) throws {
            number = try row.value(0)
            registered = try row.value(1)
            expires = try row.value(2)
            retired = try row.value(3)
            texts = try row.value(4)
            expired = try row.value(5)
            late = try row.value(6)
            needsRegistration = try row.value(7)
            last = try row.value(8)
        }

        var findings: [AuditFinding] {
            guard let number else {
                return [
                    AuditFinding(
                        "unknown_sender", "\(texts) texts left from a number that is not ours.",
                        at: last)
                ]
            }
            var found: [AuditFinding] = []
            if expired > 0 {
                found.append(
                    AuditFinding(
                        "expired_registration",
                        "\(expired) texts left from \(number) after its registration expired.",
                        at: last))
            }
            if late > 0 {
                found.append(
                    AuditFinding(
                        "retired_sender",
                        "\(late) texts left from \(number) after it was retired.", at: last))
            }
            if needsRegistration, texts > 0 {
                found.append(
                    AuditFinding(
                        "missing_registration",
                        "\(texts) texts left from \(number), which has no registration.", at: last))
            }
            return found
        }
    }

    /// One pass over the tries, summed by number; a retired number may finish its last minutes.
    private static func perSender(_ organisation: Int32, _ span: Span) -> SQL {
        """
        SELECT s.number, coalesce((SELECT string_agg(key || '=' || value, ', ' ORDER BY key)
                FROM jsonb_each_text(s.registration) WHERE key NOT LIKE '%token%'), ''),
            s.registration_expires_at, s.retired_at, t.texts, t.expired, t.late,
            coalesce(s.number LIKE '+1%' AND s.registration = '{}' AND c.api_url IS NULL
                AND c.provider <> 'simulated', false), t.last
        FROM (
            SELECT a.sender_id, count(*) AS texts, max(a.slot_at) AS last,
                count(*) FILTER (WHERE a.slot_at >= x.registration_expires_at) AS expired,
                count(*) FILTER (WHERE a.slot_at > x.retired_at + interval '10 minutes') AS late
            FROM attempt a
            LEFT JOIN sender x ON x.organisation_id = a.organisation_id AND x.id = a.sender_id
            WHERE a.organisation_id = \(organisation) AND a.verdict = 1 AND \(during(span))
            GROUP BY a.sender_id
        ) t
        LEFT JOIN sender s ON s.organisation_id = \(organisation) AND s.id = t.sender_id
        LEFT JOIN account c ON c.id = s.account_id
        ORDER BY t.texts DESC
        """
    }
}

import Foundation
import Postgres

extension Audits {
    /// What left under which registration, text by text: any that was expired, missing, another
    /// brand's or another kind of number's at its moment, and what expires within 90 days.
    ///
    /// Each text belongs to the brand, campaign and token that its number had when it was let go,
    /// not to those of today. A registration is asked of US numbers at a real provider; a test
    /// double needs none.
    package func registration(
        organisation: Int32, span: Span = Span(), now: Date = Date()
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("registration")
            let uses = try await connection.rows(
                Self.perRegistration(organisation, span), decode: RegistrationUse.init(row:))
            let soon = now.addingTimeInterval(90 * 86_400)
            let expiring = uses.filter {
                $0.expires.map { $0 > now && $0 < soon } ?? false && $0.retired == nil
            }
            answer.counts = [
                "texts": uses.reduce(0) { $0 + $1.texts },
                "expiring_in_90_days": Set(expiring.map(\.number)).count,
            ]
            answer.columns = [
                "brand", "campaign", "token", "number", "texts", "in force from", "expires",
            ]
            answer.rows = uses.map(\.row)
            let brand = Self.mainBrand(uses)
            answer.add(uses.flatMap { $0.findings(brand: brand) })
            return answer
        }
    }

    /// The brand under which most texts left. An organisation is one legal person and so one brand;
    /// texts under another one are somebody else's, or a mistake.
    private static func mainBrand(_ uses: [RegistrationUse]) -> String? {
        var texts: [String: Int] = [:]
        for use in uses { if let brand = use.brand { texts[brand, default: 0] += use.texts } }
        return texts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    /// One pass over the tries, summed by number and the registration in force at their slots; a
    /// retired number may finish its last minutes.
    private static func perRegistration(_ organisation: Int32, _ span: Span) -> SQL {
        """
        SELECT s.number, r.facts, r.from_at, r.expires_at, s.retired_at, t.texts, t.expired,
            t.without_token, t.late, coalesce(s.number LIKE '+1%' AND r.facts = '{}'
                AND c.api_url IS NULL AND c.provider <> 'simulated', false), t.last
        FROM (
            SELECT a.sender_id, r.from_at, count(*) AS texts, max(a.slot_at) AS last,
                count(*) FILTER (WHERE a.slot_at >= r.expires_at) AS expired,
                count(*) FILTER (WHERE r.token_until IS NOT NULL
                    AND to_char(a.slot_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') >= r.token_until)
                    AS without_token,
                count(*) FILTER (WHERE a.slot_at > r.retired_at + interval '10 minutes') AS late
            FROM attempt a
            LEFT JOIN (
                SELECT g.sender_id, g.from_at, g.expires_at, x.retired_at,
                    g.facts ->> 'token_expires' AS token_until,
                    lead(g.from_at, 1, 'infinity') OVER (
                        PARTITION BY g.sender_id ORDER BY g.from_at) AS until_at
                FROM registration g
                JOIN sender x ON x.organisation_id = g.organisation_id AND x.id = g.sender_id
                WHERE g.organisation_id = \(organisation)
            ) r ON r.sender_id = a.sender_id AND a.slot_at >= r.from_at
                AND a.slot_at < r.until_at
            WHERE a.organisation_id = \(organisation) AND a.verdict = 1 AND \(during(span))
            GROUP BY a.sender_id, r.from_at
        ) t
        LEFT JOIN sender s ON s.organisation_id = \(organisation) AND s.id = t.sender_id
        LEFT JOIN registration r ON r.organisation_id = \(organisation)
            AND r.sender_id = t.sender_id AND r.from_at = t.from_at
        LEFT JOIN account c ON c.id = s.account_id
        ORDER BY t.texts DESC, s.number, t.from_at
        """
    }
}

/// Texts of one number under one registration.
private struct RegistrationUse: Sendable {
    var number: String?
    var facts: [String: String]
    var from: Date?
    var expires: Date?
    var retired: Date?
    var texts, expired, withoutToken, late: Int
    var isMissing: Bool
    var last: Date

    init(row: borrowing Row) throws {
        number = try row.value(0)
        facts = (try? (row.value(1) as JSONB).decode([String: String].self)) ?? [:]
        from = try row.value(2)
        expires = try row.value(3)
        retired = try row.value(4)
        texts = try row.value(5)
        expired = try row.value(6)
        withoutToken = try row.value(7)
        late = try row.value(8)
        isMissing = try row.value(9)
        last = try row.value(10)
    }

    var brand: String? { facts["brand"] }

    /// Tokens are secrets: their last four characters tell one from another.
    var row: [String] {
        [
            brand ?? "", facts["campaign"] ?? "",
            facts["token"].map { $0.count > 8 ? "…" + $0.suffix(4) : "kept" } ?? "",
            number ?? "unknown", "\(texts)",
            from.map { $0 > Date(timeIntervalSince1970: 0) ? $0.formatted(.iso8601) : "" } ?? "",
            expires?.formatted(.iso8601) ?? "",
        ]
    }

    /// What kind of number carriers take it for; registrations and tokens are per kind (Campaign
    /// Verify, from 2026-02-17; compliance 2.2).
    private func channel(_ number: String) -> String {
        let tollFree = ["800", "833", "844", "855", "866", "877", "888"]
        if number.hasPrefix("+1"), tollFree.contains(String(number.dropFirst(2).prefix(3))) {
            return "toll-free"
        }
        return number.hasPrefix("+") ? "10dlc" : "short code"
    }

    func findings(brand main: String?) -> [AuditFinding] {
        guard let number else {
            return [
                AuditFinding(
                    "unknown_sender", "\(texts) texts left from a number that is not ours.",
                    at: last)
            ]
        }
        var found: [AuditFinding] = []
        func add(_ rule: String, _ sentence: String) {
            found.append(AuditFinding(rule, sentence, at: last))
        }
        if expired > 0 {
            add(
                "expired_registration",
                "\(expired) texts left from \(number) after its registration expired.")
        }
        if withoutToken > 0 {
            add(
                "expired_token",
                "\(withoutToken) texts left from \(number) after its token expired.")
        }
        if late > 0 {
            add("retired_sender", "\(late) texts left from \(number) after it was retired.")
        }
        if isMissing {
            add(
                "missing_registration",
                "\(texts) texts left from \(number), which had no registration.")
        }
        if let brand, let main, brand != main {
            add(
                "other_brand",
                "\(texts) texts left from \(number) under brand \(brand), not \(main).")
        }
        if let kind = facts["channel"], kind.lowercased() != channel(number) {
            add(
                "other_channel",
                "\(texts) texts left from \(number), a \(channel(number)) number, under a "
                    + "registration for \(kind).")
        }
        return found
    }
}

import Foundation
import Postgres
import Texting

extension Audits {
    /// First texts to people of whom no consent stood at the time: none at all, or, where the law
    /// turns on consent, none with its words and its day (``JurisdictionProfile``).
    package func consentMissing(
        organisation: Int32, span: Span = Span()
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("consent")
            let tenant = try await Self.tenant(organisation, on: connection)
            answer.counts =
                try await connection.first(
                    "SELECT count(*) FROM consent WHERE organisation_id = \(organisation)"
                ) { ["consents": try $0.value(0) as Int] } ?? [:]
            try await answer.add(
                Self.withoutRecord(organisation, span), on: connection)
            let strict = JurisdictionProfile.countriesNeedingConsent(tenant.countries)
            if !strict.isEmpty {
                try await answer.add(
                    Self.withoutWords(organisation, strict, span), on: connection)
            }
            return answer
        }
    }

    /// People and consents are read along their keys, without their rows; only of people without
    /// any consent are texts looked at. A record without a source cannot be: the schema refuses it.
    private static func withoutRecord(_ organisation: Int32, _ span: Span) -> SQL {
        """
        WITH p AS MATERIALIZED (
            SELECT p.id FROM contact p WHERE p.organisation_id = \(organisation)
              AND NOT EXISTS (SELECT FROM consent c WHERE c.organisation_id = p.organisation_id
                  AND c.contact_id = p.id)
        )
        \(finding(
            "no_consent", "'Texted without any record of consent.'", message: "a.message_id",
            contact: "r.contact_id", at: "a.slot_at"))
        FROM p
        JOIN recipient r ON r.organisation_id = \(organisation) AND r.contact_id = p.id
        JOIN attempt a ON a.organisation_id = r.organisation_id AND a.message_id = r.message_id
            AND a.verdict = 1
        WHERE \(during(span)) AND \(notUnsent)
        """
    }

    private static func withoutWords(
        _ organisation: Int32, _ countries: [String], _ span: Span
    ) -> SQL {
        """
        \(finding(
            "no_valid_consent",
            """
            'Texted in ' || coalesce(p.country, 'an unknown country')
                || ' without the words and the day of consent.'
            """, message: "a.message_id", contact: "r.contact_id", at: "a.slot_at"))
        FROM contact p
        JOIN recipient r ON r.organisation_id = p.organisation_id AND r.contact_id = p.id
        JOIN attempt a ON a.organisation_id = r.organisation_id AND a.message_id = r.message_id
            AND a.verdict = 1
        WHERE p.organisation_id = \(organisation)
          AND coalesce(p.country = ANY(\(countries)), p.number NOT LIKE '+1%')
          AND EXISTS (SELECT FROM consent c WHERE c.organisation_id = p.organisation_id
              AND c.contact_id = p.id)
          AND NOT EXISTS (SELECT FROM consent c WHERE c.organisation_id = p.organisation_id
              AND c.contact_id = p.id AND btrim(c.wording) <> '' AND c.given_at <= a.slot_at)
          AND \(during(span)) AND \(notUnsent)
        """
    }

    /// People who got more first texts within 24 hours than the organisation's cap allows, over all
    /// campaigns.
    package func frequency(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("frequency")
            let cap = try await Self.tenant(organisation, on: connection).frequencyCap
            answer.counts = ["cap": Int(cap)]
            try await answer.add(
                Self.overCap(organisation, Int32(cap), span), on: connection)
            return answer
        }
    }

    /// One pass tells who may be over: texts within 24 hours lie on two days that follow each other,
    /// and each other day holds at least one. Days are marked in one number of 63, two days may
    /// share a mark: then too many are looked at one by one, never too few.
    private static func overCap(_ organisation: Int32, _ cap: Int32, _ span: Span) -> SQL {
        """
        WITH again AS MATERIALIZED (
            SELECT m.contact_id, m.id FROM message m
            WHERE m.organisation_id = \(organisation) AND m.kind = 1 AND m.replaces IS NOT NULL
        ), many AS MATERIALIZED (
            SELECT contact_id FROM (
                SELECT m.contact_id, count(*) AS texts,
                    bit_or(1::bigint << (date_part('epoch', a.slot_at)::bigint / 86400 % 63)::int)
                        AS days
                FROM attempt a
                JOIN message m ON m.organisation_id = a.organisation_id AND m.id = a.message_id
                WHERE a.organisation_id = \(organisation) AND a.verdict = 1 AND m.kind = 1
                  AND \(during(span))
                GROUP BY 1
            ) t WHERE texts > \(cap) AND texts - bit_count(days::bit(64)) + 2 > \(cap)
        ), texts AS (
            SELECT r.contact_id, r.message_id FROM many
            JOIN recipient r ON r.organisation_id = \(organisation)
                AND r.contact_id = many.contact_id
            UNION SELECT contact_id, id FROM again
        ), slots AS (
            SELECT t.contact_id, t.message_id, min(a.slot_at) AS slot
            FROM texts t
            JOIN attempt a ON a.organisation_id = \(organisation)
                AND a.message_id = t.message_id AND a.verdict = 1
            WHERE \(during(span)) AND \(notUnsent)
            GROUP BY 1, 2
        ), spaced AS (
            SELECT contact_id, message_id, slot, lag(slot, \(cap)) OVER (
                PARTITION BY contact_id ORDER BY slot, message_id) AS before
            FROM slots
        )
        \(finding(
            "frequency_cap", "'More first texts within 24 hours than the cap allows.'",
            message: "message_id", contact: "contact_id", at: "slot"))
        FROM spaced WHERE slot - before < interval '24 hours'
        """
    }
}

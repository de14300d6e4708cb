import Foundation
import Postgres
import Texting

extension Audits {
    private struct UsedScript: Sendable {
        var campaign: UUID
        var name: String
        var version: Int32
        var body: String
        var isOpen: Bool
    }

    /// Scripts of campaigns that were launched, whose first texts lack the sender's name, the way to
    /// stop or the imprint that the organisation's profile asks for.
    ///
    /// First texts are their script with its fields filled in, so the scripts tell of all of them.
    package func identity(organisation: Int32) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("identity")
            let tenant = try await Self.tenant(organisation, on: connection)
            let imprint = try await connection.first(
                "SELECT profile ->> 'imprint' FROM organisation WHERE id = \(organisation)"
            ) { try $0.value(0) as String? }
            let scripts = try await Self.scripts(organisation, on: connection)
            answer.counts = ["scripts": scripts.count]
            answer.columns = ["campaign", "version", "script"]
            answer.rows = scripts.map { [$0.name, "\($0.version)", $0.body] }
            for script in scripts {
                answer.add(Self.lacks(script, tenant, imprint: imprint ?? nil))
            }
            return answer
        }
    }

    private static func scripts(
        _ organisation: Int32, on connection: Connection
    ) async throws -> [UsedScript] {
        try await connection.rows(
            """
            SELECT c.id, c.name, s.version, s.body, c.ended_at IS NULL
            FROM campaign c JOIN script s ON s.organisation_id = c.organisation_id
                AND s.campaign_id = c.id
            WHERE c.organisation_id = \(organisation) AND c.launched_at IS NOT NULL
              AND (s.version = c.script_version OR s.created_at >= c.launched_at)
            ORDER BY c.id, s.version
            """
        ) { row in
            UsedScript(
                campaign: try row.value(0), name: try row.value(1), version: try row.value(2),
                body: try row.value(3), isOpen: try row.value(4))
        }
    }

    private static func lacks(
        _ script: UsedScript, _ tenant: Organisation, imprint: String?
    ) -> [AuditFinding] {
        let place = "Script \(script.version) of \(script.name)"
        var found: [AuditFinding] = []
        if !ScriptWords.tellsHowToStop(script.body) {
            found.append(AuditFinding("no_opt_out_words", "\(place) does not say how to stop."))
        }
        if !ScriptWords.names(tenant.name, in: script.body) {
            found.append(AuditFinding("no_sender_name", "\(place) does not say who writes."))
        }
        if let imprint, !imprint.isEmpty, !script.body.contains(imprint) {
            found.append(AuditFinding("no_imprint", "\(place) lacks the imprint “\(imprint)”."))
        }
        return found
    }

    /// First texts whose words do not fit the script that they name.
    ///
    /// Compared by the script's fixed words in their order; branches of conditions count as free.
    package func edits(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("edits")
            let scripts = try await Self.scripts(organisation, on: connection)
            answer.counts = ["scripts": scripts.count]
            let patterns = scripts.map { script in
                (try? Template(script.body))?.likePattern ?? "%"
            }
            try await answer.add(
                """
                \(Self.finding(
                        "edited", "'Differs from script ' || p.version || ': “' || m.body || '”'",
                        message: "m.id", contact: "m.contact_id", member: "m.author_id",
                        at: "m.created_at"))
                FROM unnest(\(scripts.map(\.campaign)), \(scripts.map(\.version)),
                    \(patterns)) AS p(campaign, version, pattern)
                JOIN message m ON m.organisation_id = \(organisation)
                    AND m.campaign_id = p.campaign AND m.script_version = p.version
                WHERE m.kind = 1 AND m.body <> '' AND m.body NOT LIKE p.pattern
                  AND m.created_at >= \(span.since) AND m.created_at <= \(span.until)
                """, on: connection)
            return answer
        }
    }
}

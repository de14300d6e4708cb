import Foundation
import Postgres
import Texting

extension Audits {
    /// Texts that left outside the recipient's hours, by every zone in which they may be.
    ///
    /// First texts, tests and answers count; an answer to somebody who wrote in the last quarter
    /// of an hour does not, nor do confirmations and codes. The hours are those of the law of every
    /// country in question and of the organisation (``Jurisdictions``), of today's tables.
    package func quiet(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("quiet")
            let tenant = try await Self.tenant(organisation, on: connection)
            let minutes = try await Self.minutes(organisation, span, on: connection)
            let zones = try await Self.zoneNames(on: connection)
            answer.counts = ["texts": minutes.reduce(0) { $0 + $1.count }]
            let closed = Self.closed(minutes, zones, tenant)
            answer.add(
                try await Self.texts(in: closed, zones, organisation, span, on: connection))
            answer.columns = ["rules", "value"]
            answer.rows = [
                ["time zones", TextingHours.timeZoneData],
                ["hours", "texting-hours.tsv as of \(HoursRules.reviewedOn)"],
            ]
            return answer
        }
    }

    static func tenant(
        _ organisation: Int32, on connection: Connection
    ) async throws -> Organisation {
        let found = try await connection.first(
            "SELECT \(Organisation.columns) FROM organisation WHERE id = \(organisation)",
            decode: Organisation.init(row:))
        guard let found else { throw InvalidInput("There is no organisation \(organisation).") }
        return found
    }

    private struct Minute: Sendable {
        var zoneSet: Int16
        /// Minutes since 1970.
        var minute: Int
        var count: Int
    }

    /// Hours begin and end on whole minutes, so a minute is open or closed as a whole.
    private static func minutes(
        _ organisation: Int32, _ span: Span, on connection: Connection
    ) async throws -> [Minute] {
        try await connection.rows(
            """
            SELECT m.zone_set, floor(extract(epoch FROM a.slot_at) / 60)::bigint, count(*)
            \(sent(organisation, span)) AND m.kind IN (1, 2, 4, 7)
            GROUP BY 1, 2 ORDER BY 1, 2
            """
        ) { row in
            Minute(zoneSet: try row.value(0), minute: try row.value(1), count: try row.value(2))
        }
    }

    private static func zoneNames(on connection: Connection) async throws -> [Int16: [String]] {
        let rows = try await connection.rows("SELECT id, zones FROM zone_set") { row in
            (
                try row.value(0) as Int16,
                (try row.value(1) as String).split(separator: ",").map(String.init)
            )
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// The minutes in which a zone set was closed. Windows come in order, so each is asked once.
    private static func closed(
        _ minutes: [Minute], _ zones: [Int16: [String]], _ tenant: Organisation
    ) -> [Minute] {
        let preferred = DailyHours(
            opens: Int(tenant.opensMinute), closes: Int(tenant.closesMinute))
        var current: (zoneSet: Int16, window: DayWindow?)?
        return minutes.filter { minute in
            let second = Int64(minute.minute) * 60
            let isKnown =
                current?.zoneSet == minute.zoneSet
                && (current?.window.map { $0.closes > second } ?? false)
            if !isKnown {
                let names = zones[minute.zoneSet] ?? []
                let hours = Jurisdictions.hours(
                    zones: names, served: tenant.countries, preferred: preferred)
                current = (minute.zoneSet, hours.window(zones: names, at: second))
            }
            return current?.window?.contains(second) != true
        }
    }

    private static func texts(
        in closed: [Minute], _ zones: [Int16: [String]], _ organisation: Int32, _ span: Span,
        on connection: Connection
    ) async throws -> [AuditFinding] {
        guard !closed.isEmpty else { return [] }
        let rows = try await connection.rows(
            """
            SELECT m.id, m.contact_id, a.slot_at, m.zone_set, (
                SELECT c.zone_source FROM contact c
                WHERE c.organisation_id = m.organisation_id AND c.id = m.contact_id)
            \(sent(organisation, span)) AND m.kind IN (1, 2, 4, 7)
              AND (m.zone_set, floor(extract(epoch FROM a.slot_at) / 60)::bigint) IN (
                SELECT z, t FROM unnest(\(closed.map(\.zoneSet)), \(closed.map(\.minute)))
                    AS w(z, t))
              AND NOT (m.kind IN (2, 4) AND EXISTS (
                SELECT FROM message i WHERE i.organisation_id = \(organisation)
                  AND i.contact_id = m.contact_id AND i.kind = 6
                  AND i.created_at BETWEEN m.created_at - interval '15 minutes' AND a.slot_at))
            ORDER BY a.slot_at
            """
        ) { row in
            (
                message: try row.value(0) as UUID, contact: try row.value(1) as UUID,
                at: try row.value(2) as Date, zoneSet: try row.value(3) as Int16,
                source: try row.value(4) as String?
            )
        }
        return rows.map { row in
            let names = zones[row.zoneSet] ?? []
            return AuditFinding(
                "quiet_hours",
                "Left at \(localTimes(row.at, names)), outside the recipient's hours; zones from "
                    + "\(row.source ?? "unknown").",
                message: row.message, contact: row.contact, at: row.at)
        }
    }

    /// `03:12 in America/Chicago`, for each zone that counts.
    static func localTimes(_ instant: Date, _ zones: [String]) -> String {
        let names = zones.isEmpty ? ["UTC"] : Array(zones.prefix(4))
        return names.map { name in
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.timeZone = TimeZone(identifier: name)
            format.dateFormat = "HH:mm"
            return "\(format.string(from: instant)) in \(name)"
        }.joined(separator: ", ")
    }
}

import Foundation
import Postgres
import Texting

extension Audits {
    /// Texts that left outside the recipient's hours, by every zone in which they may be.
    ///
    /// First texts, tests and answers count; an answer to somebody who wrote in the last quarter
    /// of an hour does not, nor do confirmations and codes. The hours are those of the law of every
    /// country in question and of the organisation (``Jurisdictions``), of today's tables; states'
    /// sales laws hold for the times in which the organisation had chosen them.
    package func quiet(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("quiet")
            let tenant = try await Self.tenant(organisation, on: connection)
            let zones = try await Self.zoneNames(on: connection)
            let sales = try await Self.salesTimes(of: tenant, on: connection)
            let all = try await Self.allMinutes(organisation, span, on: connection)
            answer.counts = ["texts": all.reduce(0) { $0 + $1.count }]
            let doubtful = try await Self.doubtful(
                all, zones, tenant, sales, on: connection)
            let minutes = try await Self.minutes(doubtful, organisation, span, on: connection)
            let closed = Self.closed(minutes, zones, tenant, sales)
            let found = try await Self.texts(
                in: closed, zones, organisation, span, on: connection)
            answer.add(found.findings, of: found.total)
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
    ///
    /// Tries alone: texts of all kinds count, in order.
    private static func allMinutes(
        _ organisation: Int32, _ span: Span, on connection: Connection
    ) async throws -> [Minute] {
        try await connection.rows(
            """
            SELECT extract(epoch FROM minute)::bigint / 60, texts FROM (
                SELECT date_bin('1 minute', a.slot_at, \(PressSums.origin)) AS minute,
                    count(*) AS texts
                FROM attempt a
                WHERE a.organisation_id = \(organisation) AND a.verdict = 1 AND \(during(span))
                GROUP BY 1) m
            ORDER BY 1
            """
        ) { Minute(zoneSet: 0, minute: try $0.value(0), count: try $0.value(1)) }
    }

    /// Minutes of which it matters where the person was: those that are not open in every zone set
    /// into which this organisation has texted. Where there are few texts, all of them: telling
    /// the zone sets apart reads every text there is.
    private static func doubtful(
        _ minutes: [Minute], _ zones: [Int16: [String]], _ tenant: Organisation,
        _ sales: SalesTimes, on connection: Connection
    ) async throws -> [Int] {
        guard minutes.reduce(0, { $0 + $1.count }) > fewTexts else { return minutes.map(\.minute) }
        let used = try await connection.rows(
            """
            SELECT DISTINCT zone_set FROM message
            WHERE organisation_id = \(tenant.id) AND kind IN (1, 2, 4, 7)
            """
        ) { try $0.value(0) as Int16 }
        let anywhere = used.flatMap { zoneSet in
            closed(
                minutes.map { Minute(zoneSet: zoneSet, minute: $0.minute, count: $0.count) },
                zones, tenant, sales)
        }
        return Set(anywhere.map(\.minute)).sorted()
    }

    private static let fewTexts = 200_000

    private static func minutes(
        _ doubtful: [Int], _ organisation: Int32, _ span: Span, on connection: Connection
    ) async throws -> [Minute] {
        guard !doubtful.isEmpty else { return [] }
        return try await connection.rows(
            """
            SELECT zone_set, extract(epoch FROM minute)::bigint / 60, texts FROM (
                SELECT m.zone_set, date_bin('1 minute', a.slot_at, \(PressSums.origin)) AS minute,
                    count(*) AS texts
                FROM attempt a
                JOIN message m ON m.organisation_id = a.organisation_id AND m.id = a.message_id
                WHERE a.organisation_id = \(organisation) AND a.verdict = 1 AND \(during(span))
                  AND m.kind IN (1, 2, 4, 7)
                  AND date_bin('1 minute', a.slot_at, \(PressSums.origin))
                      = ANY(\(doubtful.map(Self.instant)))
                GROUP BY 1, 2) t
            ORDER BY 1, 2
            """
        ) { row in
            Minute(zoneSet: try row.value(0), minute: try row.value(1), count: try row.value(2))
        }
    }

    private static func instant(_ minute: Int) -> Date {
        Date(timeIntervalSince1970: Double(minute) * 60)
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
        _ minutes: [Minute], _ zones: [Int16: [String]], _ tenant: Organisation,
        _ sales: SalesTimes
    ) -> [Minute] {
        let preferred = DailyHours(
            opens: Int(tenant.opensMinute), closes: Int(tenant.closesMinute))
        var current: (zoneSet: Int16, isStrict: Bool, window: DayWindow?)?
        return minutes.filter { minute in
            let second = Int64(minute.minute) * 60
            let isStrict = sales.isStrict(at: second)
            let isKnown =
                current?.zoneSet == minute.zoneSet && current?.isStrict == isStrict
                && (current?.window.map { $0.closes > second } ?? false)
            if !isKnown {
                let names = zones[minute.zoneSet] ?? []
                let hours = Jurisdictions.hours(
                    zones: names, served: tenant.countries, preferred: preferred,
                    isStrictSales: isStrict)
                current = (minute.zoneSet, isStrict, hours.window(zones: names, at: second))
            }
            return current?.window?.contains(second) != true
        }
    }

    /// The texts that left in closed minutes: all are counted, the first ones told.
    private static func texts(
        in closed: [Minute], _ zones: [Int16: [String]], _ organisation: Int32, _ span: Span,
        on connection: Connection
    ) async throws -> (findings: [AuditFinding], total: Int) {
        guard !closed.isEmpty else { return ([], 0) }
        let rows = try await connection.rows(
            """
            WITH late AS MATERIALIZED (
                SELECT m.id, m.contact_id, a.slot_at, m.zone_set
                \(sent(organisation, span)) AND m.kind IN (1, 2, 4, 7)
                  AND (m.zone_set, date_bin('1 minute', a.slot_at, \(PressSums.origin))) IN (
                    SELECT z, t FROM unnest(\(closed.map(\.zoneSet)),
                        \(closed.map { Self.instant($0.minute) })) AS w(z, t))
                  AND NOT (m.kind IN (2, 4) AND EXISTS (
                    SELECT FROM message i WHERE i.organisation_id = \(organisation)
                      AND i.contact_id = m.contact_id AND i.kind = 6
                      AND i.created_at BETWEEN m.created_at - interval '15 minutes'
                          AND a.slot_at))
            )
            SELECT l.id, l.contact_id, l.slot_at, l.zone_set, (
                SELECT c.zone_source FROM contact c
                WHERE c.organisation_id = \(organisation) AND c.id = l.contact_id),
                (SELECT count(*) FROM late)
            FROM (SELECT * FROM late ORDER BY slot_at LIMIT \(AuditAnswer.findingsMax)) l
            """
        ) { row in
            (
                message: try row.value(0) as UUID, contact: try row.value(1) as UUID,
                at: try row.value(2) as Date, zoneSet: try row.value(3) as Int16,
                source: try row.value(4) as String?, total: try row.value(5) as Int
            )
        }
        let findings = rows.map { row in
            let names = zones[row.zoneSet] ?? []
            return AuditFinding(
                "quiet_hours",
                "Left at \(localTimes(row.at, names)), outside the recipient's hours; zones from "
                    + "\(row.source ?? "unknown").",
                message: row.message, contact: row.contact, at: row.at)
        }
        return (findings, rows.first?.total ?? 0)
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

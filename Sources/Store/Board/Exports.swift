import Foundation
import Postgres
import Texting

/// What an export is a list of.
package enum ExportKind: String, Sendable, CaseIterable {
    case people, messages, answers
}

/// Campaign data as CSV, a piece at a time.
///
/// Each piece is a short transaction of its own: a slow reader holds no snapshot and no lock, and
/// the first piece leaves at once. What is written meanwhile may or may not be in it.
package struct Exports: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// What is asked for.
    package struct Request: Sendable {
        package var organisation: Int32
        package var campaign: UUID
        package var kind: ExportKind
        /// Phone numbers are left out unless somebody asks for them by name.
        package var withNumbers: Bool
        package var member: UUID

        package init(
            organisation: Int32, campaign: UUID, kind: ExportKind, withNumbers: Bool, member: UUID
        ) {
            self.organisation = organisation
            self.campaign = campaign
            self.kind = kind
            self.withNumbers = withNumbers
            self.member = member
        }
    }

    static let pieceRows = 2_000

    /// Notes in the ledger who takes what, before the first byte leaves.
    ///
    /// - Throws: ``InvalidInput`` if there is no such campaign.
    package func begin(_ request: Request) async throws -> Campaign {
        try await database.transaction(organisation: request.organisation) { connection in
            guard
                let campaign = try await Campaigns.find(
                    request.campaign, request.organisation, on: connection)
            else { throw InvalidInput("There is no campaign \(request.campaign.text).") }
            try await Ledger.append(
                request.organisation, .export,
                details: [
                    "what": request.kind.rawValue, "campaign": campaign.id.text,
                    "numbers": request.withNumbers ? "yes" : "no",
                    "member": request.member.text,
                ], on: connection)
            return campaign
        }
    }

    /// The file, header first, in pieces of whole lines until `nil`.
    package func pieces(_ request: Request) -> Pieces {
        Pieces(database: database, request: request)
    }

    /// One export under way.
    package actor Pieces {
        private let database: Database
        private let request: Request
        private var state = State.header
        private var place = Place()

        private enum State { case header, rows, done }

        init(database: Database, request: Request) {
            self.database = database
            self.request = request
        }

        /// The next piece; nil after the last.
        package func next() async throws -> [UInt8]? {
            var bytes: [UInt8] = []
            switch state {
            case .done: return nil
            case .header:
                CSVLine.append(request.header, to: &bytes)
                state = .rows
                try await begin()
                return bytes
            case .rows: break
            }
            while bytes.isEmpty, state == .rows {
                let rows = try await rows()
                if let last = rows.last { (place.after, place.position) = last.key }
                if rows.count < Exports.pieceRows { step() }
                for row in rows { CSVLine.append(row.cells, to: &bytes) }
            }
            return bytes.isEmpty ? nil : bytes
        }

        /// People stand in lanes; the other kinds in one row from the campaign's first day on.
        private func begin() async throws {
            let request = request
            let found = try await database.transaction(organisation: request.organisation) {
                connection in
                let lanes = try await connection.rows(
                    """
                    SELECT id FROM lane WHERE organisation_id = \(request.organisation)
                        AND campaign_id = \(request.campaign) ORDER BY id
                    """
                ) { try $0.value(0) as UUID }
                let start = try await connection.first(
                    """
                    SELECT uuid_at(created_at) FROM campaign
                    WHERE organisation_id = \(request.organisation) AND id = \(request.campaign)
                    """
                ) { try $0.value(0) as UUID }
                return (lanes, start)
            }
            place.lanes = request.kind == .people ? found.0 : []
            if let start = found.1 { place.after = start }
            if request.kind == .people, place.lanes.isEmpty { state = .done }
        }

        private func step() {
            if place.lanes.count > 1 {
                place.lanes.removeFirst()
                place.position = 0
            } else {
                state = .done
            }
        }

        private func rows() async throws -> [(key: (UUID, Int), cells: [String])] {
            let (request, place) = (request, place)
            let count = request.header.count
            return try await database.transaction(organisation: request.organisation) {
                connection in
                try await connection.rows(request.statement(from: place)) { row in
                    var cells: [String] = []
                    for column in 0..<count {
                        cells.append(try row.value(column + 2) as String? ?? "")
                    }
                    return ((try row.value(0), try row.value(1)), cells)
                }
            }
        }
    }

    /// Up to where a file has been written.
    struct Place: Sendable {
        /// Lanes still to be read, the one under way first.
        var lanes: [UUID] = []
        var position = 0
        var after = UUID(high: 0, low: 0)
    }
}

extension Exports.Request {
    /// Names of columns, which are also names for programs: in English in every language.
    package var header: [String] {
        let number = withNumbers ? ["number"] : []
        return switch kind {
        case .people:
            ["name"] + number + [
                "country", "language", "state", "asked_at", "opted_out_at", "fields",
            ]
        case .messages:
            ["at", "direction", "kind", "name"] + number + ["texter", "words", "state", "meaning"]
        case .answers: ["at", "name"] + number + ["question", "answer", "texter", "tags"]
        }
    }

    /// Rows above a place, in their order: by lane and position, or by id, so that no piece sorts.
    func statement(from place: Exports.Place) -> SQL {
        switch kind {
        case .people: people(place)
        case .messages: messages(place.after)
        case .answers: answers(place.after)
        }
    }

    private var number: SQL { withNumbers ? "p.number, " : "" }

    private static let instant = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

    private func time(_ column: String) -> SQL {
        "to_char(\(raw: column) AT TIME ZONE 'UTC', \(raw: Self.instant))"
    }

    private func people(_ place: Exports.Place) -> SQL {
        """
        SELECT r.message_id, r.position::bigint, p.name, \(number)p.country, p.language,
            CASE WHEN m.id IS NULL THEN 'not asked yet' ELSE \(Self.fate) END,
            \(time("m.created_at")), \(time("p.opted_out_at")), NULLIF(r.fields, '{}')::text
        FROM (SELECT * FROM recipient WHERE organisation_id = \(organisation)
                AND lane_id = \(place.lanes.first) AND position > \(Int32(place.position))
            ORDER BY position LIMIT \(Exports.pieceRows)) r
        JOIN contact p ON p.organisation_id = r.organisation_id AND p.id = r.contact_id
        LEFT JOIN message m ON m.organisation_id = r.organisation_id AND m.id = r.message_id
        \(Self.joins)
        ORDER BY r.position
        """
    }

    private func messages(_ after: UUID) -> SQL {
        """
        SELECT m.id, 0::bigint, \(time("m.created_at")), CASE m.kind WHEN 6 THEN 'in' ELSE 'out' END,
            (ARRAY['first', 'reply', 'confirmation', 'help', 'code', 'inbound', 'test', 'notice'])[m.kind],
            p.name, \(number)t.name, m.body,
            CASE m.kind WHEN 6 THEN 'received' ELSE \(Self.fate) END, m.meaning
        FROM (SELECT * FROM message WHERE organisation_id = \(organisation)
                AND campaign_id = \(campaign) AND id > \(after)
            ORDER BY id LIMIT \(Exports.pieceRows)) m
        JOIN contact p ON p.organisation_id = m.organisation_id AND p.id = m.contact_id
        LEFT JOIN member t ON t.organisation_id = m.organisation_id AND t.id = m.author_id
        \(Self.joins)
        ORDER BY m.id
        """
    }

    private func answers(_ after: UUID) -> SQL {
        """
        SELECT r.id, 0::bigint, \(time("r.at")), p.name, \(number)r.question, r.value, t.name,
            array_to_string(c.tags, '; ')
        FROM (SELECT * FROM recorded_answer WHERE organisation_id = \(organisation)
                AND campaign_id = \(campaign) AND id > \(after)
            ORDER BY id LIMIT \(Exports.pieceRows)) r
        JOIN contact p ON p.organisation_id = r.organisation_id AND p.id = r.contact_id
        LEFT JOIN conversation c ON c.organisation_id = r.organisation_id
            AND c.id = r.conversation_id
        LEFT JOIN member t ON t.organisation_id = r.organisation_id AND t.id = r.member_id
        ORDER BY r.id
        """
    }

    /// What became of a text, read from its last try.
    private static let fate: SQL = """
        CASE WHEN a.verdict IS NULL THEN 'waiting' WHEN a.verdict = 2 THEN 'suppressed'
            WHEN a.verdict = 3 THEN 'expired' WHEN a.verdict = 4 THEN 'cancelled'
            WHEN o.result IS NULL OR o.result = 3 THEN 'waiting'
            WHEN w.best = 4 THEN 'delivered' WHEN w.best > 4 THEN 'undelivered'
            WHEN o.result = 1 OR s.result = 1 THEN 'sent'
            WHEN o.result = 2 OR s.result = 2 THEN 'refused' ELSE 'in doubt' END
        """

    private static let joins: SQL = """
        LEFT JOIN LATERAL (SELECT n, verdict FROM attempt x WHERE x.organisation_id = m.organisation_id
            AND x.message_id = m.id ORDER BY n DESC LIMIT 1) a ON true
        LEFT JOIN outcome o ON o.organisation_id = m.organisation_id AND o.message_id = m.id
            AND o.n = a.n
        LEFT JOIN settlement s ON s.organisation_id = m.organisation_id AND s.message_id = m.id
            AND s.n = a.n
        LEFT JOIN LATERAL (SELECT CASE WHEN bool_or(status = 4) THEN 4 ELSE max(status) END AS best
            FROM receipt x WHERE x.organisation_id = m.organisation_id AND x.message_id = m.id
                AND x.n = a.n AND status >= 4) w ON true
        """
}

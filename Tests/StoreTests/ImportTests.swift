import Foundation
import Postgres
import Secrets
import Support
import Testing

@testable import Store

/// From a file to recipients.
@Suite(.freshDatabase) struct ImportTests {
    @Test func `a list of three becomes three recipients in lanes`() async throws {
        let town = try await Town()

        let report = try await town.add(
            """
            first_name,last_name,cell,zip,precinct
            Ana,Núñez,(212) 555-0101,10001,P7
            Bo,Lee,+1 415 555 0102,94103,
            Cy,Kim,312.555.0103,60601,P9
            """)

        #expect(report.state == .done)
        #expect((report.read, report.good, report.rejected) == (3, 3, 0))
        #expect(try await town.count("SELECT count(*) FROM lane") == 3)
        #expect(try await town.count("SELECT sum(size)::bigint FROM lane") == 3)
        #expect(try await town.count("SELECT count(*) FROM consent") == 3)
        #expect(
            try await town.count("SELECT count(*) FROM ledger WHERE kind = 'import'") == 1)
        let ana = try await town.database.first(
            """
            SELECT c.name, c.country, z.zones, r.fields->>'first_name', r.fields->>'precinct',
                r.fields ? 'cell'
            FROM contact c JOIN recipient r ON r.contact_id = c.id
            JOIN zone_set z ON z.id = c.zone_set WHERE c.number = '+12125550101'
            """
        ) { row in
            [
                try row.value(0) as String, try row.value(1) as String, try row.value(2) as String,
                try row.value(3) as String, try row.value(4) as String,
                "\(try row.value(5) as Bool)",
            ]
        }
        #expect(ana == ["Ana Núñez", "US", "America/New_York", "Ana", "P7", "false"])
    }

    @Test(arguments: [true, false])
    func `shouted names are written in small letters where asked`(isAsked: Bool) async throws {
        let town = try await Town()
        var choices = ColumnChoices()
        choices.calmsNames = isAsked

        _ = try await town.add(
            "first_name,last_name,cell,precinct\nAISHA,O'NEILL,212 555 0101,P7 NORTH",
            choices: choices)

        let row = try await town.database.first(
            """
            SELECT c.name, r.fields->>'first_name', r.fields->>'precinct'
            FROM contact c JOIN recipient r ON r.contact_id = c.id
            """
        ) { [try $0.value(0) as String, try $0.value(1) as String, try $0.value(2) as String] }
        #expect(
            row
                == (isAsked
                    ? ["Aisha O'Neill", "Aisha", "P7 NORTH"]
                    : ["AISHA O'NEILL", "AISHA", "P7 NORTH"]))
    }

    @Test func `every row is good, duplicate or rejected with a reason`() async throws {
        let town = try await Town()

        let report = try await town.add(
            """
            name,phone,note
            Ana,212 555 0101,
            Ana again,+12125550101,same person
            Bo,,no number
            Cy,12,too short
            Di,not a number,

            Ed,212-555-0102,a,b
            "Fay ""F"" O'Neil","415 555 0104","two
            lines; and more"
            """)

        #expect((report.read, report.good, report.duplicate, report.rejected) == (7, 2, 1, 4))
        let rejects = try await town.imports.rejects(
            of: report.id, organisation: town.organisation.id)
        #expect(rejects.map(\.row) == [3, 4, 5, 7])
        #expect(rejects[0].reason == "no_number")
        #expect(rejects[3].reason == "ragged")
        let fay = try await town.database.first(
            """
            SELECT c.name, r.fields->>'note' FROM contact c JOIN recipient r ON r.contact_id = c.id
            WHERE c.number = '+14155550104'
            """
        ) { row in [try row.value(0) as String, try row.value(1) as String] }
        #expect(fay == ["Fay \"F\" O'Neil", "two\nlines; and more"])
    }

    @Test(arguments: ["UTF-8", "BOM", "UTF-16LE", "UTF-16BE", "UTF-16LE mark", "Windows-1252"])
    func `names survive every encoding`(encoding: String) async throws {
        let town = try await Town()
        let text = "name;cell\nJosé Müller;212 555 0101\nZoë “Z”;212 555 0102\n"

        try await town.add(Encoded.bytes(text, encoding))

        let names = try await town.database.rows(
            "SELECT name FROM contact ORDER BY number"
        ) { try $0.value(0) as String }
        #expect(names == ["José Müller", "Zoë “Z”"])
    }

    @Test(arguments: [",", ";", "\t", "|"])
    func `the separator is guessed`(separator: String) async throws {
        let town = try await Town()
        let rows = [
            ["name", "cell", "note"], ["Ana", "2125550101", "a.b"], ["Bo", "2125550102", ""],
        ]

        let report = try await town.add(
            rows.map { $0.joined(separator: separator) }.joined(separator: "\r\n"))

        #expect(report.good == 2)
    }

    @Test func `a list without headings finds its numbers by itself`() async throws {
        let town = try await Town()

        let report = try await town.add("Ana,10001,2125550101\nBo,10002,2125550102\n")

        #expect(report.good == 2)
        let fields = try await town.database.first("SELECT fields->>'column_1' FROM recipient") {
            try $0.value(0) as String?
        }
        #expect(fields == "Ana" || fields == "Bo")
    }

    @Test func `the mobile number is preferred, and duplicate headings stay apart`() async throws {
        let town = try await Town()

        try await town.add("phone,cell,tag,tag\n+442079460000,+447400123456,a,b\n")

        let found = try await town.database.first(
            """
            SELECT c.number, r.fields->>'tag', r.fields->>'tag_2' FROM contact c
            JOIN recipient r ON r.contact_id = c.id
            """
        ) { row in
            [try row.value(0) as String, try row.value(1) as String, try row.value(2) as String]
        }
        #expect(found == ["+447400123456", "a", "b"])
    }

    @Test func `a column of countries tells how numbers without prefix are read`() async throws {
        let town = try await Town()

        let report = try await town.add(
            "name,phone,country\nAna,07400 123456,GB\nBo,212 555 0101,US\nCy,212 555 0102,nowhere\n"
        )

        #expect((report.good, report.rejected) == (3, 0))
        let numbers = try await town.database.rows("SELECT number FROM contact ORDER BY number") {
            try $0.value(0) as String
        }
        #expect(numbers == ["+12125550101", "+12125550102", "+447400123456"])
    }

    @Test func `a second list adds only who is new`() async throws {
        let town = try await Town()
        try await town.add(Town.list(30))

        let second = try await town.add(Town.list(50))

        #expect((second.good, second.duplicate) == (20, 30))
        #expect(try await town.count("SELECT count(*) FROM recipient") == 50)
        #expect(try await town.count("SELECT count(*) FROM contact") == 50)
        // The evidence of the second list counts for all of its people.
        #expect(try await town.count("SELECT count(*) FROM consent") == 80)
        #expect(try await town.status().recipients == 50)
    }

    @Test func `positions are dense, shuffled, and in the order of the message ids`() async throws {
        let town = try await Town()

        try await town.add(Town.list(1_000))

        let lanes = try await town.database.rows(
            """
            SELECT l.size, count(*), max(r.position), count(DISTINCT r.message_id),
                array_agg(r.message_id ORDER BY r.position)
                    = array_agg(r.message_id ORDER BY r.message_id),
                array_agg(c.number ORDER BY r.position) = array_agg(c.number ORDER BY c.number)
            FROM lane l JOIN recipient r ON r.lane_id = l.id JOIN contact c ON c.id = r.contact_id
            GROUP BY l.id, l.size
            """
        ) { row in
            (
                Int(try row.value(0) as Int32), try row.value(1) as Int,
                Int(try row.value(2) as Int32), try row.value(3) as Int,
                try row.value(4) as Bool, try row.value(5) as Bool
            )
        }
        #expect(lanes.reduce(0) { $0 + $1.0 } == 1_000)
        for lane in lanes {
            #expect(lane.0 == lane.1 && lane.0 == lane.2 && lane.0 == lane.3)
            #expect(lane.4, "message ids ascend with positions")
            #expect(!lane.5 || lane.0 < 5, "positions do not follow the file")
        }
    }

    @Test func `an interrupted merge goes on where it stopped`() async throws {
        let town = try await Town()
        try await town.add(Town.list(100))
        // As a crash leaves it: staged and sorted, part of it merged, no lanes.
        let half = try await interrupted(town, people: 300)
        #expect(try await town.status().recipients == 100)
        await #expect(throws: InvalidInput.self) { try await town.add(Town.list(500)) }

        let report = try await town.imports.resume(half, organisation: town.organisation.id)

        #expect(report.state == .done)
        #expect((report.good, report.duplicate) == (200, 100))
        #expect(try await town.status().recipients == 300)
        #expect(try await town.count("SELECT count(*) FROM recipient") == 300)
    }

    @Test func `the ledger's root can be counted again from the consents`() async throws {
        let town = try await Town()
        let report = try await town.add(Town.list(37))
        let leaves = try await town.database.rows(
            """
            SELECT concat_ws('|', encode(c.number_hash, 'hex'), s.row_number, s.source, s.wording,
                '') FROM consent s JOIN contact c ON c.id = s.contact_id
            WHERE s.import_id = \(report.id) ORDER BY s.row_number
            """
        ) { MerkleTree.leafHash(Array((try $0.value(0) as String).utf8)) }

        let line = try await town.database.first(
            """
            SELECT entry::jsonb->'details'->>'consent_root',
                (entry::jsonb->'details'->>'consents')::bigint FROM ledger WHERE kind = 'import'
            """
        ) { row in (try row.value(0) as String, try row.value(1) as Int) }

        #expect(leaves.count == 37 && line?.1 == 37)
        #expect(line?.0 == MerkleTree.root(leaves).hex)
    }

    @Test func `an undone import leaves the campaign as it was`() async throws {
        let town = try await Town()
        try await town.add(Town.list(10))
        try await town.add(Town.list(40))

        let report = try await town.imports.undoLast(
            campaign: town.campaign.id, organisation: town.organisation.id)

        #expect(report.state == .undone)
        #expect(try await town.status().recipients == 10)
        #expect(try await town.count("SELECT count(*) FROM recipient") == 10)
        #expect(try await town.add(Town.list(40)).good == 30)
    }

    @Test func `somebody erased keeps their stop`() async throws {
        let town = try await Town()
        try await town.add(Town.list(2))
        try await town.optOut("+12125551000")
        try await town.database.execute(
            "UPDATE contact SET number = NULL, name = NULL, erased_at = now() "
                + "WHERE number = '+12125551000'")
        try await town.database.execute("DELETE FROM recipient")

        let report = try await town.add(Town.list(2))
        try await town.launch()
        let drawn = try await town.drawPaced(10)

        #expect(report.optedOut == 1)
        #expect(try await town.count("SELECT count(*) FROM contact") == 2)
        #expect((drawn.queued, drawn.suppressed) == (1, 1))
    }

    /// Stages and sorts a list, then merges nothing of it.
    private func interrupted(_ town: Town, people: Int) async throws -> UUID {
        let imports = town.imports
        let id = UUID.v7()
        try await withFile(Array(Town.list(people).utf8)) { path in
            let file = try CSVFile.scan(path: path)
            let shape = try CSVShape.guess(file)
            let columns = try ImportColumns.guess(shape.sample, regions: ["US"])
            let recipe = ImportRecipe(
                columns: columns, regions: ["US"], hashKey: town.secret.key(.numberHash),
                script: nil)
            let request = ImportRequest(
                organisation: town.organisation.id, campaign: town.campaign.id, path: path,
                consentSource: "fair")
            try await imports.open(id, request, file, columns)
            let counts = try await imports.stage(
                id, town.organisation.id, file, shape.separator, 1, recipe
            ) { _ in }
            try await imports.plan(id, town.organisation.id, counts) { _ in }
        }
        return id
    }
}

/// Texts in the encodings of the world.
enum Encoded {
    static func bytes(_ text: String, _ encoding: String) -> [UInt8] {
        switch encoding {
        case "BOM": [0xEF, 0xBB, 0xBF] + Array(text.utf8)
        case "UTF-16LE": text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        case "UTF-16BE": text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        case "UTF-16LE mark": [0xFF, 0xFE] + bytes(text, "UTF-16LE")
        case "Windows-1252": Array(text.data(using: .windowsCP1252)!)
        default: Array(text.utf8)
        }
    }
}

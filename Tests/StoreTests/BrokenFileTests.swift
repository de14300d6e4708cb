import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// A broken file is one sentence and changes nothing.
@Suite(.freshDatabase) struct BrokenFileTests {
    @Test(arguments: [
        ("", "is empty"), ("\u{FEFF}", "is empty"), ("name,cell\n", "no rows"),
        ("name,town\nAna,Springfield\n", "No column seems to hold"),
        ("name,cell\nAna,\"2125550101\nBo,2125550102\n", "never closed"),
        ("name,cell\nAna\0,2125550101\n", "NUL"),
    ])
    func `says what is wrong`(text: String, sentence: String) async throws {
        let town = try await Town()

        let error = await #expect(throws: InvalidInput.self) { try await town.add(text) }

        #expect(error?.sentence.contains(sentence) == true, "\(String(describing: error))")
        #expect(try await town.count("SELECT count(*) FROM contact") == 0)
        #expect(try await town.count("SELECT count(*) FROM recipient") == 0)
        #expect(try await town.count("SELECT count(*) FROM lane") == 0)
        let tables = try await town.count(
            "SELECT count(*) FROM pg_class WHERE relname LIKE 'stage_%' OR relname LIKE 'merge_%'")
        #expect(tables == 0)
    }

    @Test func `ten thousand columns are too many`() async throws {
        let town = try await Town()
        let row = (1...10_000).map { "c\($0)" }.joined(separator: ",")

        let error = await #expect(throws: InvalidInput.self) {
            try await town.add(row + "\n" + row + "\n")
        }

        #expect(error?.sentence.contains("columns") == true, "\(String(describing: error))")
    }

    @Test func `an empty consent source is refused`() async throws {
        let town = try await Town()

        await #expect(throws: InvalidInput.self) {
            try await withFile(Array(Town.list(3).utf8)) { path in
                try await town.imports.run(
                    ImportRequest(
                        organisation: town.organisation.id, campaign: town.campaign.id, path: path,
                        consentSource: "  "))
            }
        }
    }

    @Test func `a missing file and a folder are told apart from broken ones`() async throws {
        #expect(throws: InvalidInput.self) { try CSVFile.scan(path: "/nonexistent.csv") }
        #expect(throws: InvalidInput.self) { try CSVFile.scan(path: "/tmp") }
    }
}

import Foundation
import Testing

@testable import Texting

@Suite struct ResourcesTests {
    @Test func `a table is read from beside the binary`() throws {
        #expect(try !Resource.bytes("README.md").isEmpty)
    }

    @Test func `every named table can be read`() throws {
        try Resource.check()
    }

    @Test func `every table of the folder is named, so that doctor looks for it`() throws {
        let room = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Texting/Resources").standardizedFileURL
        let files = try FileManager.default.subpathsOfDirectory(atPath: room.path)

        let tables = files.filter { $0 != "README.md" && $0.contains(".") }
        #expect(tables.sorted() == Resource.names.sorted())
    }

    @Test func `a generated table names its sources, their versions and its date`() {
        for heading in [PhoneNumberTables.shared.heading, TimeZoneTables.shared.heading] {
            #expect(heading.count == 3)
            #expect(heading[1].contains(/Source: phonenumbers \d+\.\d+\.\d+/))
            #expect(heading[2].contains(/Generated: 20\d\d-\d\d-\d\d/))
        }
        #expect(TextingHours.timeZoneData.contains("tzdata"))
    }

    @Test func `a missing table is a sentence that says what to do`() throws {
        let error = try #require(throws: MissingResource.self) { try Resource.bytes("none.bin") }
        #expect(error.description.hasPrefix("The table none.bin cannot be read; copy the folder"))
    }
}

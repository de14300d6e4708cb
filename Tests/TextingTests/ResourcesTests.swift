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

    @Test func `a missing table is a sentence that says what to do`() throws {
        let error = try #require(throws: MissingResource.self) { try Resource.bytes("none.bin") }
        #expect(error.description.hasPrefix("The table none.bin cannot be read; copy the folder"))
    }
}

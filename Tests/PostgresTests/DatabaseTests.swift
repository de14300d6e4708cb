import FoundationEssentials
import Support
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct DatabaseTests {
    @Test func `each test has its own database`() async throws {
        try await TestDatabase.current.execute("CREATE TABLE own (id int)")
    }

    @Test func `what one test made is unknown to another`() async throws {
        try await TestDatabase.current.execute("CREATE TABLE own (id int)")
    }
}

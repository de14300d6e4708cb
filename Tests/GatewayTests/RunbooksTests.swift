import Foundation
import Testing

/// Whoever is woken by an alert finds a page of the same name, and a figure that exists.
@Suite struct RunbooksTests {
    private func names(_ folder: String, _ ending: String) throws -> Set<String> {
        let path = Plan.root.appendingPathComponent("ops/\(folder)").path
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
        return Set(files.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) })
    }

    @Test func `every alert has a runbook of the same name`() throws {
        let alerts = try names("alerts", ".yml")

        #expect(alerts.count > 5)
        #expect(alerts == (try names("runbooks", ".md")))
    }

    @Test func `every alert watches a figure that the program has`() throws {
        let sources = try Plan.sources().map(\.text)
        for name in try names("alerts", ".yml") {
            let file = Plan.root.appendingPathComponent("ops/alerts/\(name).yml")
            let text = try String(contentsOf: file, encoding: .utf8)
            let figures = text.matches(of: /barnstorm_[a-z_]+/).map { String($0.output) }
            for figure in figures where figure != "barnstorm_" {
                #expect(sources.contains { $0.contains("\"\(figure)\"") }, "\(name): \(figure)")
            }
        }
    }
}

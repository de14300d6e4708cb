import Foundation
import Postgres
import Secrets
import Texting

/// What came of a list of old stops.
package struct OptOutListReport: Sendable, Codable, Equatable {
    package var rows = 0
    /// People who stop by this list.
    package var stopped = 0
    /// People who had stopped before.
    package var already = 0
    package var duplicates = 0
    package var rejected: [Reject] = []
    package var sha256 = ""
    /// The ledger's line about the list.
    package var line = 0

    package struct Reject: Sendable, Codable, Equatable {
        package var row: Int
        package var reason: String
    }
}

/// Lists of people who had stopped before they were ours; each of them becomes a stop.
///
/// A list may be read again: who has stopped stays stopped and gets no second line.
package struct OptOutLists: Sendable {
    let database: Database
    let numberKey: [UInt8]

    /// People of one transaction: their rows are locked until it ends.
    static let batchSize = 500
    /// Rejected rows that a report names.
    static let rejectsMax = 1_000

    /// - Parameter numberKey: the installation's key for `contact.number_hash`.
    package init(database: Database, numberKey: [UInt8]) {
        self.database = database
        self.numberKey = numberKey
    }

    /// Reads a CSV file in any common encoding and stops everybody whose number is in it.
    ///
    /// - Parameters:
    ///   - source: where the list comes from; stands in each stop's line.
    ///   - regions: countries in whose form numbers without prefix are read.
    /// - Throws: ``InvalidInput`` without a source, or if the file is no list with numbers; then
    ///   nothing has changed.
    package func load(
        path: String, fileName: String, source: String, organisation: Int32, regions: [String],
        by member: UUID?
    ) async throws -> OptOutListReport {
        let source = try nonEmpty(source, "Say where this list comes from.")
        let file = try CSVFile.scan(path: path)
        let shape = try CSVShape.guess(file)
        let columns = try ImportColumns.guess(shape.sample, regions: regions)
        var report = OptOutListReport()
        report.sha256 = file.sha256.hex
        let numbers = try Self.read(file, shape, columns, regions, into: &report)
        for start in stride(from: 0, to: numbers.count, by: Self.batchSize) {
            let batch = Array(numbers[start..<min(start + Self.batchSize, numbers.count)])
            let stopped = try await stop(
                batch, organisation, reason: "\(source) (SHA-256 \(report.sha256.prefix(16)))",
                by: member)
            report.stopped += stopped
            report.already += batch.count - stopped
        }
        report.line = try await note(report, fileName, source, organisation, member)
        return report
    }

    /// The distinct numbers of a list, E.164; nothing is stopped by it.
    ///
    /// - Parameter regions: countries in whose form numbers without prefix are read.
    /// - Throws: ``InvalidInput`` if the file is no list with numbers.
    package static func numbers(path: String, regions: [String]) throws -> [String] {
        let file = try CSVFile.scan(path: path)
        let shape = try CSVShape.guess(file)
        let columns = try ImportColumns.guess(shape.sample, regions: regions)
        var report = OptOutListReport()
        return try read(file, shape, columns, regions, into: &report).map(\.e164)
    }

    /// Distinct numbers of the file, in its order.
    private static func read(
        _ file: CSVFile, _ shape: CSVShape, _ columns: ImportColumns, _ regions: [String],
        into report: inout OptOutListReport
    ) throws -> [PhoneNumber] {
        var reader = try CSVReader(file, separator: shape.separator)
        var numbers: [PhoneNumber] = []
        var seen: Set<String> = []
        while let batch = try reader.next() {
            for record in 0..<batch.count {
                let row = batch.firstRecord + record + (columns.hasHeader ? 0 : 1)
                let texts = batch.texts(ofRecord: record)
                if row < 1 || texts == [""] { continue }
                report.rows += 1
                let given = columns.numbers.filter(texts.indices.contains).map { texts[$0] }
                switch PhoneNumber.best(of: given.filter { !$0.isEmpty }, regions: regions) {
                case .number(let number):
                    if seen.insert(number.e164).inserted {
                        numbers.append(number)
                    } else {
                        report.duplicates += 1
                    }
                case .invalid(let fault):
                    if report.rejected.count < rejectsMax {
                        report.rejected.append(.init(row: row, reason: fault.rawValue))
                    }
                }
            }
        }
        return numbers
    }

    /// - Returns: how many of these people had not stopped yet.
    private func stop(
        _ numbers: [PhoneNumber], _ organisation: Int32, reason: String, by member: UUID?
    ) async throws -> Int {
        let zones = try await ZoneSets(database: database)
            .ids(Set(numbers.map { ZoneSet(number: $0).key }))
        let strangers = numbers.map { number in
            Stranger(
                organisation: organisation, number: number.e164,
                numberHash: HMAC.sha256(key: numberKey, Array(number.e164.utf8)),
                country: number.region,
                zoneSet: zones[ZoneSet(number: number).key] ?? ZoneSets.unknown)
        }
        return try await database.transaction(organisation: organisation) { connection in
            let people = try await ContactRows.findOrCreate(strangers, on: connection)
            let stops = people.values.sorted { $0.text < $1.text }.map { contact in
                Stop(
                    organisation: organisation, contact: contact, source: .list, member: member,
                    reason: reason)
            }
            let fresh = try await OptOuts.mark(stops, on: connection).filter(\.isNew)
            try await OptOuts.write(fresh, on: connection)
            return fresh.count
        }
    }

    private func note(
        _ report: OptOutListReport, _ fileName: String, _ source: String, _ organisation: Int32,
        _ member: UUID?
    ) async throws -> Int {
        var details = [
            "what": "opt-outs", "file": fileName, "sha256": report.sha256, "reason": source,
            "rows": "\(report.rows)", "stopped": "\(report.stopped)",
            "already": "\(report.already)", "rejected": "\(report.rejected.count)",
        ]
        details["member"] = member?.text
        let written = details
        return try await database.transaction(organisation: organisation) { connection in
            try await Ledger.append(organisation, .importDone, details: written, on: connection)
        }
    }
}

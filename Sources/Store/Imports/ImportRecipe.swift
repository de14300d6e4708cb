import Foundation
import Secrets
import Texting

/// Everything that turns a record of the file into a person of the campaign; pure but for the zone
/// sets, which are numbered by the database.
struct ImportRecipe: Sendable {
    let columns: ImportColumns
    /// ISO 3166 codes, most usual first.
    let regions: [String]
    /// Key of the numbers' hashes.
    let hashKey: [UInt8]
    /// Measures the merged first text; `nil` while the campaign has no script.
    let measure: TemplateMeasure?
    private let calmed: [Int]
    /// `"name":` of each custom column, as JSON.
    private let jsonKeys: [(column: Int, bytes: [UInt8])]

    init(
        columns: ImportColumns, regions: [String], hashKey: [UInt8], script: Template?
    ) {
        self.columns = columns
        self.regions = regions
        self.hashKey = hashKey
        measure = script.map { TemplateMeasure($0, columns: columns.fields) }
        calmed = columns.calmedColumns
        jsonKeys = columns.customColumns.map { column in
            var bytes: [UInt8] = []
            JSONText.append(Array(columns.fields[column].utf8)[...], to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            return (column, bytes)
        }
    }

    /// Stages the records of a batch.
    ///
    /// - Parameter firstRow: number of the file's first data record; earlier ones are left out.
    func stage(_ batch: CSVBatch, firstRow: Int) -> StagedBatch {
        var staged = StagedBatch()
        staged.tuples.reserve(batch.bytes.count * 4)
        var texts: [String] = []
        for record in 0..<batch.count {
            let row = batch.firstRecord + record - firstRow + 1
            let fields = batch.fields(of: record)
            // A blank line is no row, but it counts: people look rows up by their number.
            let isBlank = fields.count == 1 && batch.range(ofField: fields.lowerBound).isEmpty
            if row < 1 || isBlank { continue }
            staged.rowsRead += 1
            texts.removeAll(keepingCapacity: true)
            for field in fields {
                let range = batch.range(ofField: field)
                texts.append(String(decoding: batch.bytes[range], as: UTF8.self))
            }
            for column in calmed where column < texts.count {
                texts[column] = Composing.calmName(texts[column])
            }
            if let reject = stage(row, texts, batch, fields, into: &staged) {
                staged.rejects.append(reject)
            }
        }
        return staged
    }

    private func stage(
        _ row: Int, _ texts: [String], _ batch: CSVBatch, _ fields: Range<Int>,
        into staged: inout StagedBatch
    ) -> StagedBatch.Reject? {
        let width = columns.fields.count
        if texts.count > width, texts[width...].contains(where: { !$0.isEmpty }) {
            return .init(
                row: row, reason: "ragged",
                detail: "\(texts.count) fields under \(width) headings; a separator is unquoted.")
        }
        let country = country(texts)
        let number: PhoneNumber
        switch self.number(texts, country) {
        case .success(let found): number = found
        case .failure(let fault):
            let given = columns.numbers.lazy.compactMap { text(texts, $0) }.first ?? ""
            return .init(row: row, reason: fault.reason, detail: String(given.prefix(64)))
        }
        let zones = ZoneSet(
            number: number, postalCode: text(texts, columns.postalCode),
            explicit: text(texts, columns.zone), country: country)
        write(row, number, zones, texts, batch, fields, into: &staged)
        staged.rowsGood += 1
        if number.type == .fixedLine { staged.landlines += 1 }
        if Self.isUnlikely(number) { staged.unlikely += 1 }
        return nil
    }

    private func write(
        _ row: Int, _ number: PhoneNumber, _ zones: ZoneSet, _ texts: [String],
        _ batch: CSVBatch, _ fields: Range<Int>, into staged: inout StagedBatch
    ) {
        staged.tuples.begin(columns: StagedBatch.columnCount)
        staged.tuples.add(Int64(row))
        staged.tuples.add(number.e164)
        staged.tuples.add(HMAC.sha256(key: hashKey, Array(number.e164.utf8)))
        staged.tuples.add(name(texts))
        staged.tuples.add(number.region)
        staged.zonePlaces.append((staged.tuples.addPlaceholder(), zones.key))
        staged.tuples.add(zones.source.rawValue)
        staged.tuples.add(text(texts, columns.language).map { String($0.prefix(35)) })
        staged.tuples.add(number.type == .fixedLine)
        staged.tuples.add(Self.isUnlikely(number))
        staged.tuples.add(Int16(clamping: max(1, measure?.measure(texts).segments ?? 1)))
        staged.tuples.add(microseconds: text(texts, columns.consentDate).flatMap(givenAt))
        staged.tuples.add(text(texts, columns.consentWording))
        staged.tuples.addJSON { json(batch, fields, texts, into: &$0) }
    }

    private struct Fault: Error { var reason: String }

    private func number(_ texts: [String], _ country: String?) -> Result<PhoneNumber, Fault> {
        let given = columns.numbers.compactMap { text(texts, $0) }
        guard !given.isEmpty else { return .failure(Fault(reason: "no_number")) }
        let home = country.map { home in [home] + regions.filter { $0 != home } } ?? regions
        switch PhoneNumber.best(of: given, regions: home) {
        case .number(let number):
            return number.extension == nil
                ? .success(number) : .failure(Fault(reason: "has_extension"))
        case .invalid(let fault): return .failure(Fault(reason: fault.rawValue))
        }
    }

    /// The country of the address; whatever is no code of two letters tells nothing.
    private func country(_ texts: [String]) -> String? {
        guard let code = text(texts, columns.country), code.utf8.count == 2,
            code.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) })
        else { return nil }
        return code.uppercased()
    }

    /// Numbers no text is likely to reach, landlines apart.
    private static func isUnlikely(_ number: PhoneNumber) -> Bool {
        guard number.likelihood == .valid else { return true }
        return switch number.type {
        case .tollFree, .premiumRate, .sharedCost, .universalAccess, .voicemail, .pager: true
        default: false
        }
    }

    /// The trimmed value of a column, `nil` where it is blank or missing.
    private func text(_ texts: [String], _ column: Int?) -> String? {
        guard let column, column < texts.count, !texts[column].isEmpty else { return nil }
        let value = texts[column]
        guard value.utf8.first! <= 0x20 || value.utf8.last! <= 0x20 else { return value }
        let trimmed = value.trimmingCharacters(in: .whitespacesAndNewlines)
        return trimmed.isEmpty ? nil : trimmed
    }

    private func name(_ texts: [String]) -> String? {
        if let name = text(texts, columns.name) { return name }
        guard let first = text(texts, columns.firstName) else {
            return text(texts, columns.lastName)
        }
        guard let last = text(texts, columns.lastName) else { return first }
        return "\(first) \(last)"
    }

    private func givenAt(_ text: String) -> Int64? {
        CalendarDay.microseconds(text, monthFirst: regions.first == "US")
    }

    private func json(
        _ batch: CSVBatch, _ fields: Range<Int>, _ texts: [String], into output: inout [UInt8]
    ) {
        output.append(UInt8(ascii: "{"))
        var isFirst = true
        for (column, key) in jsonKeys where column < fields.count {
            let range = batch.range(ofField: fields.lowerBound + column)
            if range.isEmpty { continue }
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            output.append(contentsOf: key)
            if calmed.contains(column) {
                JSONText.append(Array(texts[column].utf8)[...], to: &output)
            } else {
                JSONText.append(batch.bytes[range], to: &output)
            }
        }
        output.append(UInt8(ascii: "}"))
    }
}

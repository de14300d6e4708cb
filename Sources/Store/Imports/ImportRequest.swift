import Foundation
import Postgres

/// What an import is asked to do.
package struct ImportRequest: Sendable {
    package var organisation: Int32
    package var campaign: UUID
    package var path: String
    /// Shown in reports instead of the path; a browser's upload has a temporary one.
    package var fileName: String
    package var choices = ColumnChoices()
    /// Why these people may be texted; never empty.
    package var consentSource: String
    /// The words they agreed to, where the list has no column with them.
    package var consentWording = ""
    package var createdBy: UUID?
    /// Whom of several people with one number to text.
    package var households = Households.first

    package enum Households: String, Sendable, CaseIterable {
        /// The one who stands first in the file.
        case first
        /// Nobody: a text to one of them would be read by another.
        case none
    }

    package init(
        organisation: Int32, campaign: UUID, path: String, fileName: String? = nil,
        consentSource: String
    ) {
        self.organisation = organisation
        self.campaign = campaign
        self.path = path
        self.fileName = fileName ?? path.split(separator: "/").last.map(String.init) ?? path
        self.consentSource = consentSource
    }
}

/// How far an import is; `total` is in the unit of `done`.
package struct ImportProgress: Sendable, Equatable {
    package enum Phase: String, Sendable { case unpacking, reading, sorting, saving }
    package var phase: Phase
    package var done: Int
    package var total: Int

    package init(phase: Phase, done: Int, total: Int) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}

/// An import and what became of its rows.
package struct ImportReport: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable { case staging, merging, done, undone, failed }

    package var id: UUID
    package var campaign: UUID
    package var fileName: String
    package var state: State
    /// Rows of the file; read = good + duplicate + rejected.
    package var read: Int
    /// People who became recipients, those below included.
    package var good: Int
    /// Rows whose number stood in the file or the campaign before.
    package var duplicate: Int
    /// Rows of people with different names who share a number, whatever became of them.
    package var household: Int
    /// Recipients who have opted out: they stay in the list and get no text.
    package var optedOut: Int
    package var landline: Int
    package var unlikely: Int
    package var rejected: Int
    package var merged: Int
    package var createdAt: Date
    package var doneAt: Date?

    static let columns: SQL = """
        id, campaign_id, file_name, state, rows_read, rows_good, rows_duplicate, rows_opted_out,
        rows_landline, rows_unlikely, rows_rejected, merged_rows, created_at, done_at,
        rows_household
        """

    init(row: borrowing Row) throws {
        id = try row.value(0)
        campaign = try row.value(1)
        fileName = try row.value(2)
        state = State(rawValue: try row.value(3)) ?? .failed
        read = try row.value(4)
        good = try row.value(5)
        duplicate = try row.value(6)
        optedOut = try row.value(7)
        landline = try row.value(8)
        unlikely = try row.value(9)
        rejected = try row.value(10)
        merged = try row.value(11)
        createdAt = try row.value(12)
        doneAt = try row.value(13)
        household = try row.value(14)
    }
}

/// A row that was left out, and why.
package struct RejectedRow: Sendable, Equatable, Codable {
    /// 1 is the first row after the header.
    package var row: Int
    package var reason: String
    /// What stood in the number's column, or what is wrong with the row; for a double one, the row
    /// that was taken instead.
    package var detail: String
}

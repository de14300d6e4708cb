import Foundation
import Postgres
import Texting

/// How a request reached us.
package enum RequestChannel: String, Sendable, CaseIterable, Codable {
    case mail, phone, post, page, text, other
}

/// A request as somebody writes it down.
package struct NewRequest: Sendable {
    package var kind: RequestKind
    package var channel: RequestChannel
    package var receivedAt: Date
    /// Whom it is about; nil while nobody knows.
    package var contact: UUID?
    /// What they said, who they are and how to answer them: sealed under their own key.
    package var facts: Facts
    /// Who wrote it down; nil on the public page.
    package var recordedBy: UUID?

    /// What identifies a person; gone when their key is.
    package struct Facts: Sendable, Codable, Equatable {
        package var words: String
        package var name: String
        /// Mail address, number or street, as given.
        package var address: String

        package init(words: String, name: String = "", address: String = "") {
            self.words = words
            self.name = name
            self.address = address
        }
    }

    package init(
        _ kind: RequestKind, by channel: RequestChannel, receivedAt: Date = Date(),
        contact: UUID? = nil, facts: Facts, recordedBy: UUID? = nil
    ) {
        self.kind = kind
        self.channel = channel
        self.receivedAt = receivedAt
        self.contact = contact
        self.facts = facts
        self.recordedBy = recordedBy
    }
}

/// A stop, request or complaint with its clock.
package struct CaseRequest: Sendable, Codable {
    package var id: UUID
    package var kind: RequestKind
    package var channel: RequestChannel
    package var contact: UUID?
    package var receivedAt: Date
    /// The first instant that is too late; for complaints, to acknowledge.
    package var dueAt: Date
    package var acknowledgedAt: Date?
    package var closedAt: Date?
    package var outcome: String?
    package var recordedBy: UUID?
    package var closedBy: UUID?

    /// What stopped the clock: for a complaint the acknowledgement, else the end.
    package var metAt: Date? { kind == .complaint ? acknowledgedAt ?? closedAt : closedAt }

    /// Whether the deadline was missed, or is by `now`.
    package func isOverdue(at now: Date = Date()) -> Bool { (metAt ?? now) >= dueAt }

    static let columns: SQL = """
        id, kind, channel, contact_id, received_at, due_at, acknowledged_at, closed_at, outcome,
        recorded_by, closed_by
        """

    init(row: borrowing Row) throws {
        id = try row.value(0)
        kind = RequestKind(rawValue: try row.value(1)) ?? .complaint
        channel = RequestChannel(rawValue: try row.value(2)) ?? .other
        contact = try row.value(3)
        receivedAt = try row.value(4)
        dueAt = try row.value(5)
        acknowledgedAt = try row.value(6)
        closedAt = try row.value(7)
        outcome = try row.value(8)
        recordedBy = try row.value(9)
        closedBy = try row.value(10)
    }
}

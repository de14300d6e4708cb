import Foundation
import Postgres
import Secrets
import Texting

/// Stops and requests that no reply carried; the only type that writes `request`, `case_fact` and
/// `subject_key`.
///
/// Each step is a line of the ledger, which holds times, kinds and commitments but no word of the
/// person: those are sealed under a key of the person's own, and erasure destroys it.
package struct Cases: Sendable {
    let database: Database
    /// Seals the keys of people: ``InstallationSecret/Purpose/people``.
    let key: [UInt8]

    package init(database: Database, key: [UInt8]) {
        self.database = database
        self.key = key
    }

    /// Writes a request down and starts its clock. A stop, an objection or an erasure of somebody
    /// known stops our texts to them in the same transaction.
    ///
    /// - Throws: ``InvalidInput`` for a time of receipt that is still to come.
    package func open(_ new: NewRequest, organisation: Int32) async throws -> CaseRequest {
        guard new.receivedAt <= Date().addingTimeInterval(60) else {
            throw InvalidInput("A request cannot have arrived in the future; correct its time.")
        }
        let id = UUID.v7()
        let due = new.kind.clock.due(received: new.receivedAt)
        return try await database.transaction(organisation: organisation) { connection in
            let stops = try await stop(new, organisation, on: connection)
            let request = try await connection.first(
                """
                INSERT INTO request (organisation_id, id, kind, channel, contact_id, subject_id,
                    received_at, due_at, recorded_by)
                VALUES (\(organisation), \(id), \(new.kind.rawValue), \(new.channel.rawValue),
                    \(new.contact), \(new.contact ?? id), \(new.receivedAt), \(due),
                    \(new.recordedBy))
                RETURNING \(CaseRequest.columns)
                """, decode: CaseRequest.init(row:))!
            let commitment = try await seal(
                new.facts, subject: new.contact ?? id, request: id, organisation, on: connection)
            try await OptOuts.write(stops, on: connection)
            try await note(
                "opened", request, organisation, member: new.recordedBy,
                more: ["commitment": commitment.hex], on: connection)
            return request
        }
    }

    /// Says whom a request is about, once somebody found out; stops them if it asks for that.
    ///
    /// - Throws: ``InvalidInput`` if it is closed or has its person already.
    package func match(
        _ id: UUID, contact: UUID, organisation: Int32, by member: UUID
    ) async throws -> CaseRequest {
        try await database.transaction(organisation: organisation) { connection in
            guard let known = try await Self.find(id, organisation, on: connection) else {
                throw InvalidInput("There is no request \(id.text).")
            }
            var new = NewRequest(known.kind, by: known.channel, facts: .init(words: ""))
            (new.contact, new.recordedBy, new.receivedAt) = (contact, member, known.receivedAt)
            let stops = try await stop(new, organisation, on: connection)
            let matched = try await change(
                id, organisation, "contact_id = \(contact)", "contact_id IS NULL", on: connection)
            try await OptOuts.write(stops, on: connection)
            try await note("matched", matched, organisation, member: member, on: connection)
            return matched
        }
    }

    /// Tells that the person was told: what a complaint's clock waits for.
    package func acknowledge(
        _ id: UUID, organisation: Int32, by member: UUID
    ) async throws -> CaseRequest {
        try await database.transaction(organisation: organisation) { connection in
            let request = try await change(
                id, organisation, "acknowledged_at = clock_timestamp()",
                "acknowledged_at IS NULL", on: connection)
            try await note("acknowledged", request, organisation, member: member, on: connection)
            return request
        }
    }

    /// Ends a request with what was done about it.
    ///
    /// - Throws: ``InvalidInput`` without an outcome, or if it is closed already.
    package func close(
        _ id: UUID, outcome: String, organisation: Int32, by member: UUID?
    ) async throws -> CaseRequest {
        let outcome = try nonEmpty(outcome, "Say what was done about it.")
        return try await database.transaction(organisation: organisation) { connection in
            let request = try await change(
                id, organisation,
                """
                closed_at = clock_timestamp(), closed_by = \(member), outcome = \(outcome)
                """, "true", on: connection)
            try await note("closed", request, organisation, member: member, on: connection)
            return request
        }
    }

    /// Requests, the most urgent first.
    ///
    /// - Parameters:
    ///   - openOnly: leaves out what is closed.
    ///   - contact: only those about one person.
    package func requests(
        organisation: Int32, openOnly: Bool = false, kind: RequestKind? = nil,
        contact: UUID? = nil, limit: Int = 1_000
    ) async throws -> [CaseRequest] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(CaseRequest.columns) FROM request
                WHERE organisation_id = \(organisation)
                  AND (NOT \(openOnly) OR closed_at IS NULL)
                  AND (\(kind?.rawValue) IS NULL OR kind = \(kind?.rawValue))
                  AND (\(contact) IS NULL OR contact_id = \(contact))
                ORDER BY closed_at IS NOT NULL, due_at, id LIMIT \(limit)
                """, decode: CaseRequest.init(row:))
        }
    }

    /// One request; nil if there is none such.
    package func request(_ id: UUID, organisation: Int32) async throws -> CaseRequest? {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.find(id, organisation, on: connection)
        }
    }

    // MARK: Parts

    private static func find(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> CaseRequest? {
        try await connection.first(
            """
            SELECT \(CaseRequest.columns) FROM request
            WHERE organisation_id = \(organisation) AND id = \(id)
            """, decode: CaseRequest.init(row:))
    }

    private func change(
        _ id: UUID, _ organisation: Int32, _ set: SQL, _ only: SQL, on connection: Connection
    ) async throws -> CaseRequest {
        let changed = try await connection.first(
            """
            UPDATE request SET \(set)
            WHERE organisation_id = \(organisation) AND id = \(id) AND closed_at IS NULL
                AND \(only)
            RETURNING \(CaseRequest.columns)
            """, decode: CaseRequest.init(row:))
        guard let changed else {
            throw InvalidInput("This step was taken before, or the request is closed or unknown.")
        }
        return changed
    }

    private func stop(
        _ new: NewRequest, _ organisation: Int32, on connection: Connection
    ) async throws -> [MarkedStop] {
        guard let contact = new.contact, new.kind.isStop else { return [] }
        return try await OptOuts.mark(
            [
                Stop(
                    organisation: organisation, contact: contact, source: .request,
                    rule: "\(new.kind.rawValue) by \(new.channel.rawValue)",
                    member: new.recordedBy, receivedAt: new.receivedAt)
            ], on: connection)
    }

    private func note(
        _ step: String, _ request: CaseRequest, _ organisation: Int32, member: UUID?,
        more: [String: String] = [:], on connection: Connection
    ) async throws {
        var details = more
        details["request"] = request.id.text
        details["step"] = step
        details["kind"] = request.kind.rawValue
        details["channel"] = request.channel.rawValue
        details["received_at"] = request.receivedAt.formatted(.iso8601)
        details["due_at"] = request.dueAt.formatted(.iso8601)
        details["member"] = member?.text
        details["outcome"] = request.outcome
        try await Ledger.append(
            organisation, .request, contact: request.contact, details: details, on: connection)
    }
}

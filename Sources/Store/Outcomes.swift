import Foundation
import Postgres
import Texting

/// How a try ended. Raw values stand in `outcome.result`.
package enum OutcomeResult: Int16, Sendable {
    case accepted = 1, rejected, unsent, unknown
}

/// The closing row of a try, about to be written.
package struct Closing: Sendable {
    package var organisation: Int32
    package var message: UUID
    package var n: Int16
    package var result: OutcomeResult
    package var providerID: String?
    package var code: String?
    // What the text needs if it goes back to the outbox, and what its totals need.
    package var kind: MessageKind
    package var campaign: UUID?
    package var sender: UUID
    package var zoneSet: Int16
    package var segments: Int16
    /// For *unsent*: not tried again before this.
    package var dueAt: Date?
    /// The provider says that the person stopped us there: recorded in the same transaction.
    package var stop: Stop?
    /// For *rejected*: why, for the totals.
    package var cause: FailureCause?

    package init(
        organisation: Int32, message: UUID, n: Int16, result: OutcomeResult, providerID: String?,
        code: String?, kind: MessageKind, campaign: UUID?, sender: UUID, zoneSet: Int16,
        segments: Int16, dueAt: Date?
    ) {
        self.organisation = organisation
        self.message = message
        self.n = n
        self.result = result
        self.providerID = providerID
        self.code = code
        self.kind = kind
        self.campaign = campaign
        self.sender = sender
        self.zoneSet = zoneSet
        self.segments = segments
        self.dueAt = dueAt
    }

    package var key: AttemptKey { AttemptKey(organisation: organisation, message: message, n: n) }
}

/// A try of a text.
package struct AttemptKey: Sendable, Hashable {
    package var organisation: Int32
    package var message: UUID
    package var n: Int16

    package init(organisation: Int32, message: UUID, n: Int16) {
        self.organisation = organisation
        self.message = message
        self.n = n
    }
}

/// How tries ended; the only type that writes `outcome`, and the return of *unsent* to the outbox.
package struct Outcomes: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// After so many tries that all stayed unsent a person looks: something is wrong with the text.
    static let triesMax: Int16 = 1_000

    /// Writes a batch of closing rows, in one transaction with the work they cause.
    ///
    /// A row that is there already (the sweeper called it unknown first) is not overwritten: an
    /// answer that came late becomes its settlement. A batch that the schema refuses is split, and
    /// the refused text stands in `refusal`, a list that people see.
    package func record(_ closings: [Closing]) async throws {
        guard !closings.isEmpty else { return }
        do {
            try await database.transaction { try await write(closings, on: $0) }
        } catch let error as PostgresError where error.isRefusal {
            guard closings.count > 1 else {
                let (closing, reason) = (closings[0], error.message)
                return try await database.transaction {
                    try await refuse(closing, reason, on: $0)
                }
            }
            for closing in closings { try await record([closing]) }
        }
    }

    private func write(_ closings: [Closing], on connection: Connection) async throws {
        let fresh = try await Self.insert(closings, on: connection)
        var late: [Closing] = []
        var back: [OutboxEntry] = []
        var exhausted: [Closing] = []
        var stops: [Stop] = []
        var amounts: [TallyEntry: Int] = [:]
        for closing in closings {
            guard fresh.contains(closing.key) else {
                late.append(closing)
                continue
            }
            if closing.result == .unsent, closing.n < Self.triesMax { back.append(closing.again) }
            if closing.result == .unsent, closing.n >= Self.triesMax { exhausted.append(closing) }
            if let stop = closing.stop { stops.append(stop) }
            for (entry, amount) in closing.tallies { amounts[entry, default: 0] += amount }
        }
        try await Outbox.add(back, on: connection)
        if closings.contains(where: { $0.result == .unknown }) {
            try await settleFromReceipts(Array(fresh), on: connection)
        }
        try await settleLate(late, on: connection)
        for closing in exhausted {
            try await refuse(closing, "\(Self.triesMax) tries, none of them sent", on: connection)
        }
        // Last of the locks: people, then the ledger.
        _ = try await OptOuts.record(stops, on: connection)
        try await Tallies.add(amounts, on: connection)
    }

    static func insert(
        _ closings: [Closing], on connection: Connection
    ) async throws -> Set<AttemptKey> {
        let fresh = try await connection.rows(
            """
            INSERT INTO outcome (organisation_id, message_id, n, result, provider_id, code)
            SELECT * FROM unnest(\(closings.map(\.organisation)), \(closings.map(\.message)),
                \(closings.map(\.n)), \(closings.map(\.result.rawValue)),
                \(closings.map(\.providerID)), \(closings.map(\.code)))
            ON CONFLICT DO NOTHING
            RETURNING organisation_id, message_id, n
            """
        ) { row in
            AttemptKey(
                organisation: try row.value(0), message: try row.value(1), n: try row.value(2))
        }
        return Set(fresh)
    }

    /// The carrier's report may have come before we gave up on its answer.
    private func settleFromReceipts(
        _ keys: [AttemptKey], on connection: Connection
    ) async throws {
        _ = try await connection.execute(
            """
            INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id)
            SELECT DISTINCT ON (o.organisation_id, o.message_id, o.n)
                o.organisation_id, o.message_id, o.n, 1, 'callback', r.provider_id
            FROM unnest(\(keys.map(\.organisation)), \(keys.map(\.message)), \(keys.map(\.n)))
                AS k(organisation_id, message_id, n)
            JOIN outcome o USING (organisation_id, message_id, n)
            JOIN receipt r USING (organisation_id, message_id, n)
            WHERE o.result = 4
            ON CONFLICT DO NOTHING
            """)
    }

    /// An answer after the sweeper: proof all the same, of acceptance or refusal.
    private func settleLate(_ late: [Closing], on connection: Connection) async throws {
        let proofs = late.filter { $0.result == .accepted || $0.result == .rejected }
        guard !proofs.isEmpty else { return }
        _ = try await connection.execute(
            """
            INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id, code)
            SELECT w.o, w.m, w.n, w.result, 'late answer', w.provider_id, w.code
            FROM unnest(\(proofs.map(\.organisation)), \(proofs.map(\.message)),
                \(proofs.map(\.n)), \(proofs.map(\.result.rawValue)),
                \(proofs.map(\.providerID)), \(proofs.map(\.code)))
                AS w(o, m, n, result, provider_id, code)
            JOIN outcome x ON x.organisation_id = w.o AND x.message_id = w.m AND x.n = w.n
                AND x.result = 4
            ON CONFLICT DO NOTHING
            """)
    }

    private func refuse(
        _ closing: Closing, _ reason: String, on connection: Connection
    ) async throws {
        _ = try await connection.execute(
            """
            INSERT INTO refusal (organisation_id, message_id, n, stage, reason)
            VALUES (\(closing.organisation), \(closing.message), \(closing.n), 'outcome',
                \(reason))
            ON CONFLICT DO NOTHING
            """)
    }
}

extension Closing {
    /// Its place in the outbox for the next try.
    fileprivate var again: OutboxEntry {
        OutboxEntry(
            organisation: organisation, sender: sender, kind: kind, campaign: campaign,
            zoneSet: zoneSet, messages: [message], n: n + 1, dueAt: dueAt)
    }

    var tallies: [(TallyEntry, Int)] {
        guard let campaign, kind == .first else { return [] }
        let kinds: [(TallyKind, Int)] =
            switch result {
            case .accepted: [(.accepted, 1), (.segments, Int(segments))]
            case .rejected: [(.rejected, 1), (TallyKind(cause ?? .other), 1)]
            case .unsent: [(.unsent, 1)]
            case .unknown: [(.inDoubt, 1)]
            }
        return kinds.map {
            (TallyEntry(organisation: organisation, campaign: campaign, kind: $0), $1)
        }
    }
}

extension PostgresError {
    /// The schema said no: class 23 and 44. A second try of the same rows is refused again.
    var isRefusal: Bool {
        guard let sqlState else { return false }
        return sqlState.hasPrefix("23") || sqlState.hasPrefix("44")
    }
}

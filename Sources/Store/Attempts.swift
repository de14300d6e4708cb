import Foundation
import Postgres
import Texting

/// A text that a worker wants to try, with its slot.
package struct Wish: Sendable {
    package var message: UUID
    package var n: Int16
    package var contact: UUID
    package var kind: MessageKind
    package var campaign: UUID?
    package var sender: UUID
    package var epoch: Int32
    package var segments: Int16
    package var slot: Date
    package var sendBefore: Date?
}

/// Ids taken from one outbox row: `count` behind the `taken` that was read.
package struct Take: Sendable {
    package var sender: UUID
    package var priority: Int16
    package var id: UUID
    package var taken: Int16
    package var count: Int16
    package var size: Int16

    /// Nothing taken yet of the row that `text` waits in.
    package init(from text: DueText) {
        sender = text.sender
        priority = text.priority
        id = text.row
        taken = text.taken
        count = 0
        size = text.size
    }
}

/// The rate state a sender shall have once the batch is committed.
package struct Reservation: Sendable {
    package var sender: UUID
    package var epoch: Int32
    package var tat: Date
    package var capDay: String
    package var capUsed: Int32

    package init(sender: UUID, epoch: Int32, tat: Date, capDay: String, capUsed: Int32) {
        self.sender = sender
        self.epoch = epoch
        self.tat = tat
        self.capDay = capDay
        self.capUsed = capUsed
    }
}

/// What one organisation's due senders want to try together.
package struct AttemptBatch: Sendable {
    package var organisation: Int32
    package var wishes: [Wish] = []
    package var takes: [Take] = []
    package var reservations: [Reservation] = []
    package var spends: [Spend] = []
    /// Of an account's rate, which may be shared by organisations.
    package var accountSpend: Spend?
    package var frequencyCap: Int
    package var endedCampaigns: Set<UUID> = []
    /// The database that the worker knows (``Cluster``): another one lets no number of the batch go.
    package var cluster: String?

    package init(organisation: Int32, frequencyCap: Int) {
        self.organisation = organisation
        self.frequencyCap = frequencyCap
    }
}

/// What became of a batch: one verdict per wish, in order; nil where another try was there already.
package struct CommittedBatch: Sendable {
    package var verdicts: [Verdict?]
    /// E.164 by contact; none for who was erased.
    package var numbers: [UUID: String]
    /// The database's clock as read inside the transaction.
    package var clock: ClockReading
    /// Our clock after the last row lock was granted and before the verdicts were decided: an opt-out
    /// that these verdicts do not know commits later than this.
    package var judgedAt: BootInstant
}

/// Tries of texts; the only type that writes `attempt`, always before a first byte leaves.
package struct Attempts: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// How long after its slot an attempt without an outcome is in doubt: gate 1 s, wire timeout
    /// 30 s, and 30 s for recording.
    package static let doubtSeconds = 61.0

    /// A number's epoch moved on, or a row was taken from elsewhere: nothing was committed, read anew.
    package struct Fenced: Error {
        /// Senders that are no longer ours.
        package var senders: Set<UUID>
    }

    /// The answer to COMMIT was lost: what was written may stand, and permits nothing.
    package struct CommitUnknown: Error {}

    /// Commits tries, durably; only what it returns with verdict `go` may become a permit.
    ///
    /// One transaction: reserve slots (compare-and-set on the epoch), spend shares, lock people in
    /// order, judge, insert, take from the outbox. The verdicts are judged from the rows that the
    /// locking statement returns: after a wait PostgreSQL re-reads the locked row itself, so an
    /// opt-out that committed first is seen.
    ///
    /// - Throws: ``Fenced``, ``CommitUnknown``, ``Allowances/Exhausted``, ``PostgresError``.
    package func commit(_ batch: AttemptBatch, worker: UUID) async throws -> CommittedBatch {
        do {
            return try await committed(batch, worker: worker)
        } catch let error as PostgresError where error.isCommitUnknown {
            throw CommitUnknown()
        }
    }

    private func committed(_ batch: AttemptBatch, worker: UUID) async throws -> CommittedBatch {
        try await database.transaction { connection in
            let clock = try await reserve(batch, worker: worker, on: connection)
            try await Allowances.spend(
                batch.spends, organisation: batch.organisation, worker: worker, on: connection)
            if let spend = batch.accountSpend {
                try await Allowances.spend(
                    [spend], organisation: Allowances.shared, worker: worker, on: connection)
            }
            let people = try await lockPeople(batch, on: connection)
            let judgedAt = BootInstant.now()
            let verdicts = Self.judge(batch, people, now: clock.read)
            let fresh = try await insert(batch, verdicts, worker: worker, on: connection)
            try await take(batch, on: connection)
            try await count(batch, verdicts, fresh, people, on: connection)
            return CommittedBatch(
                verdicts: zip(batch.wishes, verdicts).map { fresh.contains($0.message) ? $1 : nil },
                numbers: people.compactMapValues(\.number), clock: clock, judgedAt: judgedAt)
        }
    }

    private func reserve(
        _ batch: AttemptBatch, worker: UUID, on connection: Connection
    ) async throws -> ClockReading {
        let wanted = batch.reservations
        // In order, because the renewal of leases locks many of them too.
        _ = try await connection.execute(
            """
            SELECT FROM sender
            WHERE organisation_id = \(batch.organisation) AND id = ANY(\(wanted.map(\.sender)))
            ORDER BY id FOR NO KEY UPDATE
            """)
        let before = BootInstant.now()
        let answers = try await connection.rows(
            """
            UPDATE sender s SET tat = w.tat, cap_day = w.day::date, cap_used = w.used
            FROM unnest(\(wanted.map(\.sender)), \(wanted.map(\.epoch)), \(wanted.map(\.tat)),
                \(wanted.map(\.capDay)), \(wanted.map(\.capUsed))) AS w(id, epoch, tat, day, used)
            WHERE s.organisation_id = \(batch.organisation) AND s.id = w.id AND s.epoch = w.epoch
              AND s.holder = \(worker) AND s.lease_until > clock_timestamp()
              AND s.quarantined_at IS NULL
              AND coalesce(\(batch.cluster) = (SELECT cluster_identity()), true)
            RETURNING s.id, clock_timestamp()
            """
        ) { row in (try row.value(0) as UUID, try row.value(1) as Date) }
        let after = BootInstant.now()
        guard answers.count == wanted.count, let last = answers.last else {
            throw Fenced(senders: Set(wanted.map(\.sender)).subtracting(answers.map(\.0)))
        }
        return ClockReading(read: last.1, before: before, after: after)
    }

    struct LockedPerson: Sendable {
        var isOptedOut, isWrongNumber, isErased: Bool
        var textedAt: [Date]
        var number: String?
    }

    private func lockPeople(
        _ batch: AttemptBatch, on connection: Connection
    ) async throws -> [UUID: LockedPerson] {
        let wanted = Array(Set(batch.wishes.map(\.contact)))
        let rows = try await connection.rows(
            """
            SELECT id, opted_out_at IS NOT NULL, wrong_number_at IS NOT NULL,
                erased_at IS NOT NULL, texted_at, number
            FROM contact
            WHERE organisation_id = \(batch.organisation) AND id = ANY(\(wanted))
            ORDER BY id FOR NO KEY UPDATE
            """
        ) { row in
            (
                try row.value(0) as UUID,
                LockedPerson(
                    isOptedOut: try row.value(1), isWrongNumber: try row.value(2),
                    isErased: try row.value(3), textedAt: try row.value(4),
                    number: try row.value(5))
            )
        }
        // Without the right policy a locking select returns no rows in silence.
        guard rows.count == wanted.count else {
            throw PostgresError(
                .statement, "\(wanted.count) contacts asked, \(rows.count) locked: nothing is sent."
            )
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Verdicts in the order of the wishes; two unasked texts to one person in one batch both count.
    private static func judge(
        _ batch: AttemptBatch, _ people: [UUID: LockedPerson], now: Date
    ) -> [Verdict] {
        let dayAgo = now.addingTimeInterval(-24 * 3600)
        var inBatch: [UUID: Int] = [:]
        return batch.wishes.map { wish in
            guard let person = people[wish.contact] else { return .cancelled(.erased) }
            let recent = person.textedAt.count { $0 > dayAgo } + inBatch[wish.contact, default: 0]
            let verdict = Verdict.judge(
                .init(
                    isOptedOut: person.isOptedOut, isWrongNumber: person.isWrongNumber,
                    isErased: person.isErased, recentTexts: recent),
                purpose: wish.kind.purpose, isFirstTry: wish.n == 1, cap: batch.frequencyCap,
                sendBefore: wish.sendBefore,
                campaignHasEnded: wish.campaign.map(batch.endedCampaigns.contains) ?? false,
                now: now)
            if wish.countsTowardsCap, verdict == .go { inBatch[wish.contact, default: 0] += 1 }
            return verdict
        }
    }

    private func insert(
        _ batch: AttemptBatch, _ verdicts: [Verdict], worker: UUID, on connection: Connection
    ) async throws -> Set<UUID> {
        let wishes = batch.wishes
        let doubt = Self.doubtSeconds
        let fresh = try await connection.rows(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, reason, sender_id, worker,
                epoch, slot_at, deadline)
            SELECT \(batch.organisation), m, n, v, r, s, \(worker), e, slot,
                slot + \(doubt) * interval '1 s'
            FROM unnest(\(wishes.map(\.message)), \(wishes.map(\.n)), \(verdicts.map(\.code)),
                \(verdicts.map(\.reason)), \(wishes.map(\.sender)), \(wishes.map(\.epoch)),
                \(wishes.map(\.slot))) AS t(m, n, v, r, s, e, slot)
            ON CONFLICT DO NOTHING
            RETURNING message_id
            """
        ) { try $0.value(0) as UUID }
        return Set(fresh)
    }

    private func take(_ batch: AttemptBatch, on connection: Connection) async throws {
        let (ended, begun) = batch.takes.reduce(into: ([Take](), [Take]())) { parts, take in
            if take.taken + take.count == take.size {
                parts.0.append(take)
            } else {
                parts.1.append(take)
            }
        }
        var touched = 0
        if !ended.isEmpty {
            touched += try await connection.execute(
                """
                DELETE FROM outbox o
                USING unnest(\(ended.map(\.sender)), \(ended.map(\.priority)), \(ended.map(\.id)),
                    \(ended.map(\.taken))) AS w(sender, priority, id, taken)
                WHERE o.organisation_id = \(batch.organisation) AND o.sender_id = w.sender
                  AND o.priority = w.priority AND o.id = w.id AND o.taken = w.taken
                """)
        }
        if !begun.isEmpty {
            touched += try await connection.execute(
                """
                UPDATE outbox o SET taken = o.taken + w.count
                FROM unnest(\(begun.map(\.sender)), \(begun.map(\.priority)), \(begun.map(\.id)),
                    \(begun.map(\.taken)), \(begun.map(\.count)))
                    AS w(sender, priority, id, taken, count)
                WHERE o.organisation_id = \(batch.organisation) AND o.sender_id = w.sender
                  AND o.priority = w.priority AND o.id = w.id AND o.taken = w.taken
                """)
        }
        guard touched == batch.takes.count else { throw Fenced(senders: []) }
    }
}

extension Wish {
    var countsTowardsCap: Bool { kind == .first && n == 1 }

    package init(
        message: UUID, n: Int16, contact: UUID, kind: MessageKind, campaign: UUID?,
        sender: LeasedSender, segments: Int16, slot: Date, sendBefore: Date?
    ) {
        self.init(
            message: message, n: n, contact: contact, kind: kind, campaign: campaign,
            sender: sender.id, epoch: sender.epoch, segments: segments, slot: slot,
            sendBefore: sendBefore)
    }
}

extension MessageKind {
    /// How the law sees it (``Verdict/Purpose``).
    package var purpose: Verdict.Purpose {
        switch self {
        case .first: .unasked
        case .confirmation, .code: .exempt
        case .reply, .help, .test, .notice, .inbound: .answer
        }
    }
}

extension Verdict {
    /// Its number in `attempt.verdict`.
    var code: Int16 {
        switch self {
        case .go: 1
        case .suppressed: 2
        case .expired: 3
        case .cancelled: 4
        }
    }

    /// Its word in `attempt.reason`.
    var reason: String? {
        switch self {
        case .go: nil
        case .suppressed(let reason), .cancelled(let reason): reason.rawValue
        case .expired: Reason.sendBefore.rawValue
        }
    }

    var tally: TallyKind? {
        switch self {
        case .go: nil
        case .suppressed: .suppressed
        case .expired: .expired
        case .cancelled: .cancelled
        }
    }
}

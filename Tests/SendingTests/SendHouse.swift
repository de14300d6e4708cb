import Foundation
import Logging
import Postgres
import Store
import Support

@testable import Sending

/// An organisation with numbers, people and waiting texts, made by plain SQL.
struct SendHouse {
    let organisation: Int32
    let account: Int32
    let campaign: UUID
    let senders: [UUID]
    /// Where it is noon: the law closes at night whatever an organisation says.
    let zoneSet: Int16
    let database = TestDatabase.current

    init(
        name: String = "Example Campaign", senders count: Int = 1, rate: Double = 1000,
        account shared: Int32? = nil
    ) async throws {
        let database = TestDatabase.current
        organisation = try await database.first(
            """
            INSERT INTO organisation (name, countries, opens_minute, closes_minute)
            VALUES (\(name), '{US}', 0, 1440) RETURNING id
            """
        ) { try $0.value(0) as Int32 }!
        if let shared {
            account = shared
        } else {
            account = try await database.first(
                """
                INSERT INTO account (provider, name, credentials, hook, callback_key, in_flight_max)
                VALUES ('plain', \(name), '\\x00', \(UUID().uuidString), '\\x00', 250) RETURNING id
                """
            ) { try $0.value(0) as Int32 }!
        }
        campaign = UUID.v7()
        let zone = Noon.zone
        zoneSet = try await ZoneSets(database: database).ids([zone])[zone] ?? ZoneSets.unknown
        try await database.execute(
            """
            INSERT INTO campaign (organisation_id, id, name, state, mode)
            VALUES (\(organisation), \(campaign), 'Doorstep', 'live', 'paced')
            """)
        var ids: [UUID] = []
        for index in 0..<count {
            let id = UUID.v7()
            ids.append(id)
            try await database.execute(
                """
                INSERT INTO sender (organisation_id, id, account_id, number, segments_per_second)
                VALUES (\(organisation), \(id), \(account),
                    \("+1555\(organisation)\(String(10_000 + index))"), \(Float(rate)))
                """)
        }
        senders = ids
    }

    /// Puts texts for `count` fresh people, or for one, into the outbox, spread over the senders.
    @discardableResult
    func queue(
        _ count: Int, kind: MessageKind = .first, prefix: String = "+1202", n: Int16 = 1,
        segments: Int16 = 1, toOnePerson: Bool = false
    ) async throws -> [UUID] {
        var messages: [NewMessage] = []
        var entries: [OutboxEntry] = []
        var contacts: [(UUID, String)] = []
        for index in 0..<count {
            if contacts.isEmpty || !toOnePerson {
                contacts.append((UUID.v7(), prefix + String(5_550_000 + index)))
            }
            let contact = contacts[contacts.count - 1].0
            var message = NewMessage(
                organisation: organisation, kind: kind, contact: contact, body: "Hello \(index)",
                segments: segments)
            message.campaign = campaign
            message.sender = senders[index % senders.count]
            messages.append(message)
        }
        for (sender, texts) in Dictionary(grouping: messages, by: { $0.sender! }) {
            for start in stride(from: 0, to: texts.count, by: Outbox.idsMax) {
                let part = texts[start..<min(start + Outbox.idsMax, texts.count)]
                entries.append(
                    OutboxEntry(
                        organisation: organisation, sender: sender, kind: kind,
                        campaign: campaign, zoneSet: zoneSet, messages: part.map(\.id), n: n))
            }
        }
        let (people, texts, rows) = (contacts, messages, entries)
        try await database.transaction { connection in
            _ = try await connection.execute(
                """
                INSERT INTO contact (organisation_id, id, number, number_hash)
                SELECT \(organisation), id, number, sha256(number::bytea)
                FROM unnest(\(people.map(\.0)), \(people.map(\.1))) AS t(id, number)
                """)
            _ = try await Messages.insert(texts, on: connection)
            try await Outbox.add(rows, on: connection)
        }
        return messages.map(\.id)
    }

    func worker(
        carrier: TestServer, directory: String? = nil, accountRate: Double? = nil,
        lists: Bool = false
    ) -> SendWorker {
        SendWorker(
            store: SendStore(database: database),
            settings: SendWorkerSettings(
                permitDirectory: directory ?? Self.directory(), host: "test"),
            accounts: { [account] in
                [
                    WorkerAccount(
                        id: account, provider: PlainProvider(url: carrier.url, lists: lists),
                        callbackKey: [0], inFlightMax: 250, segmentsPerSecond: accountRate)
                ]
            },
            draw: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    static func directory() -> String {
        let path = NSTemporaryDirectory() + "permits-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Rows of `outcome` by result: 1 accepted, 2 rejected, 3 unsent, 4 unknown.
    func outcomes() async throws -> [Int16: Int] {
        let rows = try await database.rows(
            """
            SELECT result, count(*) FROM outcome WHERE organisation_id = \(organisation)
            GROUP BY 1
            """
        ) { row in (try row.value(0) as Int16, try row.value(1) as Int) }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    func verdicts(_ reason: String) async throws -> Int {
        try await database.first(
            """
            SELECT count(*) FROM attempt
            WHERE organisation_id = \(organisation) AND reason = \(reason)
            """
        ) { try $0.value(0) as Int } ?? 0
    }

    func waiting() async throws -> Int {
        try await database.first(
            """
            SELECT coalesce(sum(cardinality(message_ids) - taken), 0)::bigint FROM outbox
            WHERE organisation_id = \(organisation)
            """
        ) { try $0.value(0) as Int } ?? 0
    }
}

/// Runs a worker while `body` looks on, then stops it in good order.
func whileSending(_ worker: SendWorker, _ body: () async throws -> Void) async throws {
    let task = Task { try await worker.run() }
    do {
        try await body()
    } catch {
        task.cancel()
        _ = try? await task.value
        throw error
    }
    task.cancel()
    try await task.value
}

/// Waits until a condition holds; so long that a busy machine has the time, too.
func eventually(_ condition: @Sendable () async throws -> Bool) async -> Bool {
    for _ in 0..<3_000 {
        if (try? await condition()) == true { return true }
        try? await Task.sleep(for: .milliseconds(50))
    }
    return false
}

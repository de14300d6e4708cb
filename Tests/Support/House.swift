import Foundation
import Postgres
import Store

/// An organisation with one account, one number, one campaign and people who were texted.
package struct House: Sendable {
    package static let hook = "hook-abcdefgh12345678"
    package static let callbackKey = [UInt8](repeating: 7, count: 32)
    package static let ours = "+15005550006"

    package let database: Database
    package let organisation: Int32
    package let account: Int32
    package let sender = UUID.v7()
    package let campaign = UUID.v7()
    package let texter = UUID.v7()

    /// Fills the test's database.
    package static func make(assignment: String = "sender") async throws -> House {
        let database = TestDatabase.current
        let organisation = try await database.first(
            """
            INSERT INTO organisation (name, countries) VALUES ('Fairness Now', '{US}') RETURNING id
            """
        ) { try $0.value(0) as Int32 }!
        let account = try await database.first(
            """
            INSERT INTO account (organisation_id, provider, name, credentials, hook, callback_key)
            VALUES (\(organisation), 'twilio', 'main', '', \(hook), \(callbackKey)) RETURNING id
            """
        ) { try $0.value(0) as Int32 }!
        let house = House(database: database, organisation: organisation, account: account)
        try await database.execute(
            """
            INSERT INTO sender (organisation_id, id, account_id, number)
            VALUES (\(organisation), \(house.sender), \(account), \(ours))
            """)
        try await database.execute(
            """
            INSERT INTO member (organisation_id, id, name, email, role)
            VALUES (\(organisation), \(house.texter), 'Ana', 'ana@example.org', 'texter')
            """)
        try await database.execute(
            """
            INSERT INTO campaign (organisation_id, id, name, state, assignment)
            VALUES (\(organisation), \(house.campaign), 'Turnout', 'live', \(assignment))
            """)
        return house
    }

    /// Somebody who got a first text from our texter; the try was let go and has no outcome.
    @discardableResult
    package func text(_ number: String, n: Int16 = 1) async throws -> (contact: UUID, message: UUID)
    {
        let (contact, message, lane) = (UUID.v7(), UUID.v7(), UUID.v7())
        try await database.execute(
            """
            INSERT INTO contact (organisation_id, id, number, number_hash)
            VALUES (\(organisation), \(contact), \(number), \(Array(number.utf8)))
            """)
        try await database.execute(
            """
            INSERT INTO recipient (organisation_id, contact_id, campaign_id, lane_id, position,
                message_id)
            VALUES (\(organisation), \(contact), \(campaign), \(lane), 1, \(message))
            """)
        var text = NewMessage(
            organisation: organisation, id: message, kind: .first, contact: contact,
            body: "Hi! Will you vote? Reply STOP to end.", segments: 1)
        text.campaign = campaign
        text.sender = sender
        text.author = texter
        let first = text
        try await database.transaction { _ = try await Messages.insert([first], on: $0) }
        try await attempt(message, n: n)
        return (contact, message)
    }

    package func attempt(_ message: UUID, n: Int16 = 1) async throws {
        try await database.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
                slot_at, deadline)
            VALUES (\(organisation), \(message), \(n), 1, \(sender), \(UUID.v7()), 1, now(), now())
            """)
    }

    package func outcome(_ message: UUID, _ result: Int16, n: Int16 = 1) async throws {
        try await database.execute(
            """
            INSERT INTO outcome (organisation_id, message_id, n, result)
            VALUES (\(organisation), \(message), \(n), \(result))
            """)
    }

    /// A text of another kind to the same person, with its try.
    package func reply(to contact: UUID, kind: MessageKind) async throws -> UUID {
        var text = NewMessage(
            organisation: organisation, kind: kind, contact: contact, body: "Thanks", segments: 1)
        text.sender = sender
        let written = text
        try await database.transaction { _ = try await Messages.insert([written], on: $0) }
        try await attempt(text.id)
        return text.id
    }

    package func count(_ sql: SQL) async throws -> Int {
        try await database.first(sql) { try $0.value(0) as Int }!
    }

    package func token(_ message: UUID, n: Int16 = 1) -> String {
        AttemptToken.mint(
            organisation: organisation, message: message, n: n, key: Self.callbackKey)
    }
}

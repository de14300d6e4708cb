import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Replies that may be a stop: a person decides, or after a day the clock does.
@Suite(.freshDatabase) struct ReviewsTests {
    /// A review of one reply, due at an instant from now.
    func makeReview(
        _ house: House, _ number: String, meaning: String = "opt_out", dueIn seconds: Double
    ) async throws -> (message: UUID, contact: UUID) {
        let (contact, message) = try await house.text(number)
        let conversation = UUID.v7()
        try await house.database.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, flagged,
                needs_reply_since)
            VALUES (\(house.organisation), \(conversation), \(contact), \(house.sender),
                'likely_stop', now())
            """)
        try await house.database.execute(
            """
            INSERT INTO review (organisation_id, message_id, conversation_id, contact_id, meaning,
                rule, version, due_at)
            VALUES (\(house.organisation), \(message), \(conversation), \(contact), \(meaning),
                'phrase.test', '1', now() + \(seconds) * interval '1 s')
            """)
        return (message, contact)
    }

    func isOptedOut(_ house: House, _ contact: UUID) async throws -> Bool {
        try await house.count(
            "SELECT count(*) FROM contact WHERE id = \(contact) AND opted_out_at IS NOT NULL") == 1
    }

    @Test func `what nobody decides in time counts as a stop`() async throws {
        let house = try await House.make()
        let reviews = Reviews(database: house.database)
        let overdue = try await makeReview(house, "+15005550010", dueIn: -1)
        let fresh = try await makeReview(house, "+15005550011", dueIn: 3_600)

        #expect(try await reviews.closeOverdue() == 1)
        #expect(try await reviews.closeOverdue() == 0)

        #expect(try await isOptedOut(house, overdue.contact))
        #expect(try await !isOptedOut(house, fresh.contact))
        #expect(
            try await reviews.waiting(organisation: house.organisation).map(\.message)
                == [fresh.message])
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM ledger WHERE kind = 'stop'
                    AND entry::jsonb #>> '{details,source}' = 'timeout'
                """) == 1)
    }

    @Test func `a stop that a person decides counts for the limit of its campaign`() async throws {
        let house = try await House.make()
        let campaign = UUID.v7()
        let review = try await makeReview(house, "+15005550012", dueIn: 3_600)
        try await house.database.execute("UPDATE conversation SET campaign_id = \(campaign)")

        _ = try await Reviews(database: house.database).decide(
            organisation: house.organisation, message: review.message, as: .optOut,
            by: house.texter)

        let counted = try await house.count(
            "SELECT sum(amount)::bigint FROM tally WHERE kind = 31 AND campaign_id = \(campaign)")
        #expect(counted == 1)
    }

    @Test func `the first decision holds`() async throws {
        let house = try await House.make()
        let reviews = Reviews(database: house.database)
        let review = try await makeReview(house, "+15005550010", dueIn: 3_600)

        let first = try await reviews.decide(
            organisation: house.organisation, message: review.message, as: .none, by: house.texter,
            reason: "asks about the bus stop")
        let second = try await reviews.decide(
            organisation: house.organisation, message: review.message, as: .optOut,
            by: house.texter)

        #expect(first)
        #expect(!second)
        #expect(try await !isOptedOut(house, review.contact))
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM conversation WHERE flagged IS NULL
                    AND needs_reply_since IS NOT NULL
                """) == 1)
    }

    @Test func `a wrong number is noted, not taken for a stop`() async throws {
        let house = try await House.make()
        let reviews = Reviews(database: house.database)
        let review = try await makeReview(
            house, "+15005550010", meaning: "wrong_number", dueIn: -1)

        #expect(try await reviews.closeOverdue() == 1)

        #expect(try await !isOptedOut(house, review.contact))
        #expect(
            try await house.count(
                "SELECT count(*) FROM contact WHERE wrong_number_at IS NOT NULL") == 1)
    }
}

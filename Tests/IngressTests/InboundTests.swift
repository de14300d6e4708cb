import Foundation
import Postgres
import Store
import Support
import Testing
import Texting

@testable import Ingress

/// Texts of people over a real socket into a real database.
@Suite(.freshDatabase) struct InboundTests {
    @Test func `STOP holds before it is answered, with one confirmation and its proof`()
        async throws
    {
        let house = try await House.make()
        let server = try await HookServer(house)
        let (contact, message) = try await house.text("+15005550010")

        #expect(await server.inbound("Stop!", from: "+15005550010", sid: "SM1") == 200)
        #expect(await server.inbound("Stop!", from: "+15005550010", sid: "SM1") == 200)
        #expect(await server.inbound("STOP", from: "+15005550010", sid: "SM2") == 200)

        #expect(
            try await house.count(
                "SELECT count(*) FROM contact WHERE id = \(contact) AND opted_out_at IS NOT NULL")
                == 1)
        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 6") == 2)
        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 3") == 1)
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM outbox WHERE sender_id = \(house.sender) AND kind = 3
                    AND priority = 1
                """) == 1)
        // The text that was just leaving is named in the first line.
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM ledger WHERE contact_id = \(contact) AND kind = 'stop'
                    AND seq = 1 AND entry::jsonb #>> '{details,in_flight,0,message}' = \(message.text)
                    AND entry::jsonb #>> '{details,already_out}' = 'false'
                """) == 1)
        #expect(try await house.count("SELECT count(*) FROM ledger WHERE kind = 'stop'") == 2)
        #expect(
            try await house.count(
                "SELECT sum(amount)::bigint FROM tally WHERE kind = 31 AND amount > 0") == 1)
        await server.stop()
    }

    @Test func `no confirmation where the provider has answered`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        try await house.text("+15005550010")

        await server.inbound("adiós", from: "+15005550010", sid: "SM1", mark: "STOP")

        #expect(
            try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")
                == 1)
        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 3") == 0)
        #expect(
            try await house.count(
                "SELECT count(*) FROM message WHERE kind = 6 AND meaning_rule = 'provider.mark'")
                == 1)
        await server.stop()
    }

    @Test func `START brings a person back, with its own line`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        try await house.text("+15005550010")

        await server.inbound("STOP", from: "+15005550010", sid: "SM1")
        await server.inbound("START", from: "+15005550010", sid: "SM2", mark: "START")

        #expect(
            try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NULL") == 1)
        #expect(try await house.count("SELECT count(*) FROM ledger WHERE kind = 'start'") == 1)
        await server.stop()
    }

    @Test func `HELP is answered with who we are, once a minute`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        try await house.text("+15005550010")

        await server.inbound("HELP", from: "+15005550010", sid: "SM1", mark: nil)
        await server.inbound("HELP", from: "+15005550010", sid: "SM2", mark: nil)

        #expect(
            try await house.count(
                """
                SELECT count(*) FROM message WHERE kind = 4 AND body LIKE '%Fairness Now%'
                    AND body LIKE '%STOP%'
                """) == 1)
        await server.stop()
    }

    @Test func `a question in their own words is answered and still reaches a person`()
        async throws
    {
        let house = try await House.make()
        let server = try await HookServer(house)
        try await house.text("+15005550010")
        try await house.text("+15005550011")
        let words = "how did you get this number"
        try #require(Reply(words).meaning == .help)

        await server.inbound(words, from: "+15005550010", sid: "SM1")
        await server.inbound("HELP", from: "+15005550011", sid: "SM2")

        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 4") == 2)
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM conversation
                WHERE needs_reply_since IS NOT NULL AND flagged = 'help'
                """) == 1)
        #expect(
            try await house.count(
                "SELECT count(*) FROM conversation WHERE needs_reply_since IS NULL") == 1)
        await server.stop()
    }

    @Test func `a likely stop waits for a person, flagged and with a clock`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let (contact, _) = try await house.text("+15005550010")
        let words = "output"
        try #require(Reply(words).action == .review)

        await server.inbound(words, from: "+15005550010", sid: "SM1")

        #expect(
            try await house.count(
                """
                SELECT count(*) FROM review WHERE contact_id = \(contact) AND meaning = 'opt_out'
                    AND decided_at IS NULL AND due_at > now() + interval '23 hours'
                """) == 1)
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM conversation WHERE flagged = 'likely_stop'
                    AND needs_reply_since IS NOT NULL
                """) == 1)
        #expect(
            try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")
                == 0)
        await server.stop()
    }

    @Test func `a quote of our own footer stops nobody`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        try await house.text("+15005550010")

        await server.inbound(
            "Liked “Hi! Will you vote? Reply STOP to end.”", from: "+15005550010", sid: "SM1")

        #expect(
            try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")
                == 0)
        await server.stop()
    }

    @Test func `an answer waits for the texter who wrote`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let (contact, _) = try await house.text("+15005550010")

        await server.inbound("Yes, where do I vote?", from: "+15005550010", sid: "SM1")

        #expect(
            try await house.count(
                """
                SELECT count(*) FROM conversation WHERE contact_id = \(contact)
                    AND sender_id = \(house.sender) AND campaign_id = \(house.campaign)
                    AND assignee_id = \(house.texter) AND needs_reply_since IS NOT NULL
                    AND snippet = 'Yes, where do I vote?'
                """) == 1)
        #expect(
            try await house.count(
                "SELECT count(*) FROM message WHERE kind = 6 AND conversation_id IS NOT NULL") == 1)
        #expect(try await house.count("SELECT sum(amount)::bigint FROM tally WHERE kind = 30") == 1)
        await server.stop()
    }

    @Test(arguments: ["pool", "even"])
    func `assignment follows the campaign`(rule: String) async throws {
        let house = try await House.make(assignment: rule)
        let server = try await HookServer(house)
        try await house.text("+15005550010")

        await server.inbound("Yes", from: "+15005550010", sid: "SM1")

        let holder = try await house.database.first("SELECT assignee_id FROM conversation") {
            try $0.value(0) as UUID?
        }
        #expect(holder == (rule == "even" ? house.texter : nil))
        await server.stop()
    }

    @Test func `a stranger's text makes a person and a conversation`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)

        #expect(await server.inbound("who is this", from: "+15005550099", sid: "SM1") == 200)
        #expect(await server.inbound("stop", from: "+15005550098", sid: "SM2") == 200)

        #expect(try await house.count("SELECT count(*) FROM contact") == 2)
        #expect(try await house.count("SELECT count(*) FROM conversation") == 2)
        #expect(
            try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")
                == 1)
        await server.stop()
    }

    @Test func `a text to a number that is not ours is kept`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)

        #expect(
            await server.inbound("hi", from: "+15005550099", sid: "SM1", to: "+15005551111") == 200)

        #expect(
            try await house.count(
                """
                SELECT count(*) FROM inbound_raw
                WHERE organisation_id IS NULL AND note IS NOT NULL
                """) == 1)
        #expect(try await house.count("SELECT count(*) FROM contact") == 0)
        await server.stop()
    }

    @Test func `who has stopped goes on being threaded, but waits for nobody`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        try await house.text("+15005550010")

        await server.inbound("STOP", from: "+15005550010", sid: "SM1")
        await server.inbound("and my neighbour says hello", from: "+15005550010", sid: "SM2")

        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 6") == 2)
        #expect(
            try await house.count(
                "SELECT count(*) FROM conversation WHERE needs_reply_since IS NOT NULL") == 0)
        await server.stop()
    }

    @Test func `words that PostgreSQL cannot store are repaired, not lost`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        try await house.text("+15005550010")

        #expect(await server.inbound("a\0b", from: "+15005550010", sid: "SM1") == 200)

        #expect(
            try await house.count("SELECT count(*) FROM message WHERE body = \("a\u{FFFD}b")") == 1)
        await server.stop()
    }
}

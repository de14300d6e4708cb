import Foundation
import Store
import Support
import Testing

@testable import Console

/// Pages of compliance: what they show, what each look leaves behind, and to whom they are there.
@Suite(.freshDatabase) struct ComplianceTests {
    private func person(_ index: Int = 1) -> String {
        "01900000-0000-7000-8001-\(String(format: "%012x", index))"
    }

    private func lines(_ kind: String) async throws -> Int {
        try await TestDatabase.current.first(
            "SELECT count(*) FROM ledger WHERE kind = \(kind)"
        ) { try $0.value(0) as Int }!
    }

    @Test func `a number is asked for by POST and stands in no address`() async throws {
        try await PageHouse.open { house in
            let staff = try await house.member("compliance")
            let found = try await house.request(
                "POST", "/k/number", token: staff.token, form: ["number": "(213) 555-0001"])
            let place = found.headers.first { $0.name.lowercased() == "location" }?.value
            #expect(found.status == 303)
            #expect(place == "/k/p/\(person())")
            for wrong in ["+14155550199", "12"] {
                let answer = try await house.request(
                    "POST", "/k/number", token: staff.token, form: ["number": wrong])
                #expect(answer.status == 422)
            }
        }
    }

    @Test func `a number is shown only with a line in the ledger`() async throws {
        try await PageHouse.open { house in
            let staff = try await house.member("owner")
            let hidden = try await house.request("GET", "/k/p/\(person())", token: staff.token)
            #expect(!String(decoding: hidden.body, as: UTF8.self).contains("+12135550001"))
            #expect(try await lines("reveal") == 0)
            let shown = try await house.request(
                "POST", "/k/p/\(person())/reveal", token: staff.token)
            #expect(String(decoding: shown.body, as: UTF8.self).contains("+12135550001"))
            #expect(try await lines("reveal") == 1)
        }
    }

    @Test(arguments: ["texter", "lead", "organiser"])
    func `for others none of it is there`(role: String) async throws {
        try await PageHouse.open { house in
            let other = try await house.member(role)
            let theirs = try await house.member("compliance", organisation: 2)
            for path in ["/k", "/k/number", "/k/ledger", "/k/review", "/k/p/\(person())"] {
                let answer = try await house.request("GET", path, token: other.token)
                #expect(answer.status == 404, "\(path)")
            }
            for path in ["/k/number", "/k/review", "/k/ledger/export", "/k/p/\(person())/reveal"] {
                let answer = try await house.request("POST", path, token: other.token)
                #expect(answer.status == 404, "\(path)")
            }
            // Of another organisation, what is ours is not there either.
            let foreign = try await house.request("GET", "/k/p/\(person())", token: theirs.token)
            #expect(foreign.status == 404)
            #expect(try await lines("reveal") == 0)
        }
    }

    @Test func `the ledger pages by key and exports what fits`() async throws {
        try await PageHouse.open(people: 120) { house in
            let staff = try await house.member("compliance")
            for index in 1...120 {
                _ = try await house.request(
                    "POST", "/k/p/\(person(index))/stop", token: staff.token,
                    form: ["reason": "=cmd|' /C calc'!A0"])
            }
            let first = try await house.request("GET", "/k/ledger?kind=stop", token: staff.token)
            let page = String(decoding: first.body, as: UTF8.self)
            #expect(page.matches(of: /<tr><td/).count == 50)
            #expect(page.contains("kind=stop&amp;before="))
            let file = try await house.request(
                "POST", "/k/ledger/export", token: staff.token,
                form: ["kind": "stop", "format": "csv"])
            let rows = String(decoding: file.body, as: UTF8.self).split(separator: "\r\n")
            #expect(rows.count == 121)
            #expect(rows[1].contains("\"'=cmd|' /C calc'!A0\""))
            #expect(try await lines("export") == 1)
        }
    }

    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("=1+1", "\"'=1+1\""), ("@x", "\"'@x\""),
        ("-2", "\"'-2\""), ("\tx", "\"'\tx\""), ("say \"x\"", "\"say \"\"x\"\"\""),
    ])
    func `no cell of an export is a formula`(text: String, field: String) {
        #expect(CSV.field(text) == field)
    }

    @Test func `whoever overrules the detector says why`() async throws {
        try await PageHouse.open { house in
            let staff = try await house.member("compliance")
            let message = try await review(house)
            let bare = try await house.request(
                "POST", "/k/review", token: staff.token,
                form: ["message": message, "decision": "none"])
            #expect(bare.status == 422)
            #expect(try await lines("review") == 0)
            let said = try await house.request(
                "POST", "/k/review", token: staff.token,
                form: ["message": message, "decision": "none", "reason": "a joke"])
            #expect(said.status == 303)
            #expect(try await lines("review") == 1)
        }
    }

    /// A reply of the first person's that waits for a decision.
    private func review(_ house: PageHouse) async throws -> String {
        let (talk, message) = (UUID.v7(), UUID.v7())
        try await TestDatabase.current.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id)
            SELECT 1, \(talk), \(UUID(uuidString: person())!), id, \(house.campaign) FROM sender
            """)
        try await TestDatabase.current.execute(
            """
            INSERT INTO message (organisation_id, id, kind, contact_id, conversation_id, body,
                segments)
            VALUES (1, \(message), 6, \(UUID(uuidString: person())!), \(talk), 'sod off', 1)
            """)
        try await TestDatabase.current.execute(
            """
            INSERT INTO review (organisation_id, message_id, conversation_id, contact_id, meaning,
                rule, version, due_at)
            VALUES (1, \(message), \(talk), \(UUID(uuidString: person())!), 'opt_out', 'test', '1',
                now() + interval '1 hour')
            """)
        return message.text
    }
}

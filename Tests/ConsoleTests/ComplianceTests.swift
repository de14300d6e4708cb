import Foundation
import Hummingbird
import Postgres
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

    /// Asked of the router itself, so that a page of compliance added tomorrow is asked too.
    @Test func `no route of compliance is there for texters, leads and organisers`() async throws {
        try await PageHouse.open { house in
            let console = try Console(store: house.store, publicURL: "http://barnstorm.test")
            let routes = console.router().routes.filter { route in
                let path = route.path.description
                return path == "/k" || path.hasPrefix("/k/")
            }
            #expect(routes.count >= 33)
            let staff = try await house.member("compliance")
            var others: [(role: String, token: String)] = []
            for role in ["texter", "lead", "organiser"] {
                others.append((role, try await house.member(role).token))
            }
            for route in routes {
                let path = route.path.description.split(
                    separator: "/", omittingEmptySubsequences: false
                ).map { $0.hasPrefix("{") || $0.hasPrefix(":") ? person() : String($0) }
                    .joined(separator: "/")
                for other in others {
                    let answer = try await house.request(
                        route.method.rawValue, path, token: other.token)
                    #expect(answer.status == 404, "\(route.method) \(path) for \(other.role)")
                }
                // And each of them is there for those whose it is.
                if route.method == .get, !path.contains(person()) {
                    let answer = try await house.request("GET", path, token: staff.token)
                    #expect(answer.status == 200, "\(path) for compliance")
                }
            }
            for kind in ["reveal", "export", "stop", "setting", "hold", "erasure", "request"] {
                #expect(try await lines(kind) == 0, "\(kind)")
            }
        }
    }

    @Test func `a copy for the person holds every table that knows them, and no staff`()
        async throws
    {
        try await PageHouse.open { house in
            let staff = try await house.member("compliance")
            let contact = UUID(uuidString: person())!
            _ = try await review(house)
            let talk = try await TestDatabase.current.first("SELECT id FROM conversation") {
                try $0.value(0) as UUID
            }!
            for statement: SQL in [
                "UPDATE contact SET name = 'NAME-1', language = 'cy' WHERE id = \(contact)",
                """
                UPDATE recipient SET fields = '{"town": "FIELD-1"}' WHERE contact_id = \(contact)
                """,
                """
                INSERT INTO consent (organisation_id, contact_id, import_id, row_number, source,
                    wording) VALUES (1, \(contact), \(UUID.v7()), 7, 'SOURCE-1', 'WORDING-1')
                """,
                """
                INSERT INTO note (organisation_id, id, conversation_id, author_id, body)
                VALUES (1, \(UUID.v7()), \(talk), \(staff.id), 'NOTE-1')
                """,
                """
                UPDATE conversation SET tags = '{TAG-1}', answers = '{"q": "TALK-1"}',
                    handed_reason = 'HANDED-1'
                """,
                """
                INSERT INTO recorded_answer (organisation_id, id, campaign_id, contact_id,
                    conversation_id, question, value, member_id)
                VALUES (1, \(UUID.v7()), \(house.campaign), \(contact), \(talk), 'QUESTION-1',
                    'ANSWER-1', \(staff.id))
                """,
                """
                INSERT INTO skip (organisation_id, message_id, member_id, campaign_id, reason)
                SELECT 1, message_id, \(staff.id), campaign_id, 'language' FROM recipient
                WHERE contact_id = \(contact)
                """,
            ] { try await TestDatabase.current.execute(statement) }
            _ = try await house.store.cases.open(
                NewRequest(
                    .access, by: .post, contact: contact,
                    facts: .init(words: "SAID-1", name: "CALLED-1", address: "STREET-1"),
                    recordedBy: staff.id), organisation: 1)

            let file = try await house.request(
                "POST", "/k/p/\(person())/copy", token: staff.token)
            let text = String(decoding: file.body, as: UTF8.self)

            for needle in [
                "+12135550001", "NAME-1", "\"cy\"", "FIELD-1", "SOURCE-1", "WORDING-1", "NOTE-1",
                "TAG-1", "TALK-1", "HANDED-1", "QUESTION-1", "ANSWER-1", "language", "SAID-1",
                "CALLED-1", "STREET-1", "sod off", "passed_over", "read_as",
            ] { #expect(text.contains(needle), "\(needle)") }
            for absent in [staff.id.text, staff.id.uuidString, "compliance@"] {
                #expect(!text.contains(absent), "\(absent)")
            }
            #expect((try? JSONSerialization.jsonObject(with: Data(file.body))) != nil)
            #expect(try await lines("export") == 1)
            #expect(try await lines("reveal") == 1)
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

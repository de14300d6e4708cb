import Foundation
import Postgres
import Store
import Support
import Testing

@testable import Console

/// Exports, texters, numbers and replies: the pages beside the board.
@Suite(.freshDatabase) struct BoardSidesTests {
    static let routes: [(method: String, path: String, isForLeads: Bool)] = [
        ("GET", "/o/c/ID/export", false), ("POST", "/o/c/ID/export", false),
        ("GET", "/o/c/ID/texters", true), ("GET", "/o/numbers", true), ("GET", "/o/replies", true),
        ("POST", "/o/replies", true),
    ]

    @Test func `they are there for those who lead or steer only`() async throws {
        try await PageHouse.open { house in
            let people = [
                ("texter", try await house.member("texter").token),
                ("compliance", try await house.member("compliance").token),
                ("lead", try await house.member("lead").token),
            ]
            for route in Self.routes {
                let path = route.path.replacing("ID", with: house.campaign.text)
                for (who, token) in people {
                    let status = try await house.request(route.method, path, token: token).status
                    let isOpen = who == "lead" && route.isForLeads
                    #expect((status != 404) == isOpen, "\(route) for \(who): \(status)")
                }
            }
            let theirs = try await house.member("owner", organisation: 2)
            for path in ["export", "texters"] {
                let address = "/o/c/\(house.campaign.text)/\(path)"
                #expect(try await house.request("GET", address, token: theirs.token).status == 404)
            }
        }
    }

    @Test func `an export holds everybody once, no formula, no number, and is noted`() async throws
    {
        try await PageHouse.open(people: 2_500) { house in
            let ana = try await house.member("organiser")
            let evil = ["=1+1", "+SUM(A1)", "-2", "@x", "\tcmd", "\r=1", "a\"b,c\nd"]
            for (place, name) in evil.enumerated() {
                try await TestDatabase.current.execute(
                    """
                    UPDATE contact SET name = \(name) WHERE id = (
                        SELECT contact_id FROM recipient WHERE position = \(Int32(place + 1)))
                    """)
            }
            let path = "/o/c/\(house.campaign.text)/export"
            let answer = try await house.request(
                "POST", path, token: ana.token, form: ["kind": "people"])
            #expect(answer.status == 200)
            let text = answer.text
            for name in evil.dropLast() { #expect(text.contains("\r\n\"'\(name)\",")) }
            #expect(text.contains("\"a\"\"b,c\nd\""))
            // No cell begins with what a spreadsheet would run.
            #expect(text.firstMatch(of: #/(^|,|\n)"[ ]*[=+\-@\t\r\n]/#) == nil)
            #expect(text.components(separatedBy: "\"not asked yet\"").count == 2_501)
            #expect(!text.contains("1213555"))
            let numbers = try await house.request(
                "POST", path, token: ana.token, form: ["kind": "people", "numbers": "yes"]
            ).text
            #expect(numbers.contains("\"'+12135550001\""))
            let lines = try await TestDatabase.current.rows(
                """
                SELECT entry::jsonb #>> '{details,numbers}' FROM ledger WHERE kind = 'export'
                ORDER BY seq
                """
            ) { try $0.value(0) as String }
            #expect(lines == ["no", "yes"])
            for kind in ["messages", "answers"] {
                let other = try await house.request(
                    "POST", path, token: ana.token, form: ["kind": kind])
                #expect(other.status == 200 && other.text.hasPrefix("\"at\","))
            }
        }
    }

    @Test func `suspending gives everything back at once, and can be undone`() async throws {
        try await PageHouse.open { house in
            let ana = try await house.member("organiser")
            let sam = try await house.member("texter")
            try await TestDatabase.current.execute(
                """
                INSERT INTO lease (organisation_id, message_id, campaign_id, contact_id, lane_id,
                    position, member_id, lease_key, until)
                SELECT organisation_id, message_id, campaign_id, contact_id, lane_id, position,
                    \(sam.id), gen_random_uuid(), now() + interval '5 min'
                FROM recipient WHERE position <= 3
                """)
            try await Self.talk(of: sam.id, house)
            let path = "/o/c/\(house.campaign.text)/texters"
            #expect(try await house.request("GET", path, token: ana.token).status == 200)
            let gone = try await house.request(
                "POST", path, token: ana.token, form: ["suspend": sam.id.text])
            #expect(gone.status == 303)
            let left = try await TestDatabase.current.first(
                """
                SELECT (SELECT count(*) FROM lease WHERE member_id = \(sam.id))
                    + (SELECT count(*) FROM conversation WHERE assignee_id = \(sam.id))
                    + (SELECT count(*) FROM sign_in WHERE member_id = \(sam.id))
                """
            ) { try $0.value(0) as Int }
            #expect(left == 0)
            #expect(try await house.request("GET", "/send", token: sam.token).status == 303)
            let own = try await house.request(
                "POST", path, token: ana.token, form: ["suspend": ana.id.text])
            #expect(own.status == 404, "nobody suspends themselves")
            _ = try await house.request(
                "POST", path, token: ana.token, form: ["return": sam.id.text])
            let isBack = try await TestDatabase.current.first(
                "SELECT deactivated_at IS NULL FROM member WHERE id = \(sam.id)"
            ) { try $0.value(0) as Bool }
            #expect(isBack == true)
        }
    }

    @Test func `replies are filtered by their address and changed in bulk`() async throws {
        try await PageHouse.open { house in
            let ana = try await house.member("lead")
            let sam = try await house.member("texter")
            let talk = try await Self.talk(of: sam.id, house)
            let all = try await house.request(
                "GET", "/o/replies?texter=\(sam.id.text)", token: ana.token)
            #expect(all.text.contains("t-\(talk.text)"))
            let none = try await house.request(
                "GET", "/o/replies?find=nothing%25_here", token: ana.token)
            #expect(none.status == 200 && !none.text.contains(talk.text))
            let tick = ["t-\(talk.text)": "on", "here": "show=all&tag=x"]
            for act in [
                ["act": "fix", "answer": "Coming=Yes"], ["act": "tag", "tag": "lift"],
                ["act": "coach", "note": "Nice one"], ["act": "back"],
            ] {
                let done = try await house.request(
                    "POST", "/o/replies", token: ana.token,
                    form: tick.merging(act) { _, new in new })
                #expect(done.status == 303)
                let to = done.headers.first { $0.name.lowercased() == "location" }?.value
                #expect(to == "/o/replies?show=all&tag=x&done=1", "\(act)")
            }
            let row = try await TestDatabase.current.first(
                """
                SELECT answers->>'Coming', tags, assignee_id IS NULL FROM conversation
                WHERE id = \(talk)
                """
            ) { row in
                "\(try row.value(0) as String) \(try row.value(1) as [String]) "
                    + "\(try row.value(2) as Bool)"
            }
            #expect(row == "Yes [\"lift\"] true")
            let note = try await TestDatabase.current.first(
                "SELECT body FROM note WHERE kind = 'coach'"
            ) { try $0.value(0) as String }
            #expect(note == "Nice one")
        }
    }

    @Test func `numbers are shown with what they have left of the day`() async throws {
        try await PageHouse.open { house in
            let ana = try await house.member("organiser")
            try await TestDatabase.current.execute(
                """
                UPDATE sender SET daily_cap = 100, cap_used = 95, quarantined_at = now(),
                    cap_day = (now() AT TIME ZONE cap_zone)::date
                """)
            let page = try await house.request("GET", "/o/numbers", token: ana.token).text
                .filter { !"\u{2068}\u{2069}".contains($0) }
            #expect(page.contains("95 of 100") && page.contains("in quarantine"))
        }
    }

    @discardableResult
    private static func talk(of member: UUID, _ house: PageHouse) async throws -> UUID {
        let id = UUID.v7()
        try await TestDatabase.current.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id,
                assignee_id, needs_reply_since, last_inbound_at, snippet)
            SELECT 1, \(id), c.id, s.id, \(house.campaign), \(member), now(), now(), 'Yes!'
            FROM contact c, sender s LIMIT 1
            """)
        return id
    }
}

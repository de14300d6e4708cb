import Foundation
import Postgres
import Store
import Support
import Testing

@testable import Console

/// The board and what is steered from it, over a real socket.
@Suite(.freshDatabase) struct BoardPagesTests {
    /// Pages and acts of a campaign: leads may look and stop, organisers everything.
    static let routes: [(method: String, path: String, isForLeads: Bool)] = [
        ("GET", "/o/c/ID", true), ("GET", "/o/c/ID/events", true), ("POST", "/o/c/ID/pause", true),
        ("GET", "/o/c/ID/resume", false), ("POST", "/o/c/ID/resume", false),
        ("POST", "/o/c/ID/limits", false),
    ]

    @Test func `a board and its acts are there for those who steer only`() async throws {
        try await PageHouse.open { house in
            let people = [
                ("texter", try await house.member("texter").token),
                ("compliance", try await house.member("compliance").token),
                ("lead", try await house.member("lead").token),
                ("their owner", try await house.member("owner", organisation: 2).token),
            ]
            for route in Self.routes where route.path != "/o/c/ID/events" {
                let path = route.path.replacing("ID", with: house.campaign.text)
                for (who, token) in people {
                    let status = try await house.request(route.method, path, token: token).status
                    let isOpen = who == "lead" && route.isForLeads
                    #expect((status != 404) == isOpen, "\(route) for \(who): \(status)")
                }
                let stranger = try await house.request(route.method, path)
                #expect(stranger.status == 303, "\(route) for nobody")
            }
        }
    }

    @Test func `pausing stops the campaign, the proof is shown, resuming goes on`() async throws {
        try await PageHouse.open { house in
            let ana = try await house.member("organiser")
            let board = "/o/c/\(house.campaign.text)"
            #expect(try await house.request("GET", board, token: ana.token).status == 200)
            let paused = try await house.request("POST", board + "/pause", token: ana.token)
            let state = try await Self.state(house)
            #expect(paused.status == 303 && state == "paused")
            let page = try await house.request("GET", board, token: ana.token).text
            #expect(page.contains("Stopped at") && page.contains("0 texts were already"))
            #expect(!page.contains("PAUSE EVERYTHING"))
            let proof = try await house.request("GET", board + "/resume", token: ana.token).text
            #expect(proof.contains("20 people still get a text."))
            #expect(proof.contains("0 people will get a second copy."))
            #expect(proof.contains("texted_already"))
            _ = try await house.request("POST", board + "/resume", token: ana.token)
            #expect(try await Self.state(house) == "live")
        }
    }

    @Test func `a held campaign says why`() async throws {
        try await PageHouse.open { house in
            let ana = try await house.member("organiser")
            let held = try await house.store.campaigns.hold(
                house.campaign, organisation: 1, reason: "opt_outs=4.8% limit=4.0% texts=500")
            #expect(held)
            let page = try await house.request(
                "GET", "/o/c/\(house.campaign.text)", token: ana.token
            ).text.replacing("\u{A0}", with: " ").filter { !"\u{2068}\u{2069}".contains($0) }
            #expect(page.contains("4.8 % opted out, of 500 texts. The limit is 4 %."))
        }
    }

    @Test func `limits are saved, nonsense is refused in a sentence`() async throws {
        try await PageHouse.open { house in
            let ana = try await house.member("organiser")
            let limits = "/o/c/\(house.campaign.text)/limits"
            let bad = try await house.request(
                "POST", limits, token: ana.token, form: ["hold_failed_percent": "many"])
            #expect(bad.status == 422 && bad.text.contains("not “\u{2068}many\u{2069}”"))
            let good = try await house.request(
                "POST", limits, token: ana.token, form: ["hold_opt_out_percent": "2,5"])
            #expect(good.status == 303)
            let saved = try await TestDatabase.current.first(
                "SELECT settings->>'hold_opt_out_percent' FROM campaign"
            ) { try $0.value(0) as String }
            #expect(saved == "2.5")
        }
    }

    @Test func `however many watch, a campaign is looked at once a second`() async throws {
        try await PageHouse.open { house in
            let hub = BoardHub(boards: house.store.boards)
            let key = BoardHub.Key(organisation: 1, campaign: house.campaign)
            let all = try await withThrowingTaskGroup(of: BoardFacts?.self) { group in
                for _ in 0..<50 { group.addTask { try await hub.facts(key) } }
                return try await group.reduce(into: []) { $0.append($1?.at) }
            }
            #expect(Set(all).count == 1 && all[0] != nil)
            var seen = 0
            for await facts in await hub.subscribe(key) {
                #expect(facts.campaign.id == house.campaign)
                seen += 1
                if seen == 2 { break }
            }
            #expect(
                try await hub.facts(.init(organisation: 2, campaign: house.campaign)) == nil)
        }
    }

    @Test func `a chart starts at zero and holds its limit`() {
        let chart = Chart([0, 5, 10], limit: 4)
        #expect(chart.ticks.map(\.value) == [0, 5, 10])
        #expect(chart.path == "M44.0 144.0L198.0 78.0L352.0 12.0")
        #expect(chart.limitY == "91.2")
        #expect(Chart([]).path.isEmpty && Chart([]).area.isEmpty)
        // One minute is a level line from edge to edge.
        #expect(Chart([10]).path == "M44.0 12.0L352.0 12.0")
    }

    private static func state(_ house: PageHouse) async throws -> String? {
        try await TestDatabase.current.first("SELECT state FROM campaign") {
            try $0.value(0) as String
        }
    }
}

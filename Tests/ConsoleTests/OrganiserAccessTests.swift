import Foundation
import Store
import Support
import Testing

@testable import Console

/// Who may open and press what on organisers' pages: every route, role and organisation.
@Suite(.freshDatabase) struct OrganiserAccessTests {
    /// Routes for who may edit a campaign; ID stands for one, X for anything else.
    private static let editing: [(method: String, path: String)] =
        ["who", "say", "answer", "when", "check", "launch", "list/X", "rejected/X"]
        .map { ("GET", "/o/c/ID/\($0)") }
        + [
            "who", "who/upload", "who/undo", "list/X", "say", "say/preview", "answer", "when",
            "check", "launch", "launch/cancel", "copy",
        ].map { ("POST", "/o/c/ID/\($0)") }

    private static let organising: [(method: String, path: String)] = [
        ("GET", "/o/new"), ("POST", "/o/new"), ("GET", "/o/people"), ("POST", "/o/people"),
        ("GET", "/o/people/X"), ("POST", "/o/people/X/out"),
    ]

    @Test func `organisers' pages are there for organisers of that organisation only`()
        async throws
    {
        try await PageHouse.open { house in
            let campaign = try await house.store.campaigns.create(
                NewCampaign(name: "A draft"), organisation: 1
            ).id.text
            func status(_ route: (method: String, path: String), _ token: String?) async throws
                -> Int
            {
                try await house.request(
                    route.method,
                    route.path.replacing("ID", with: campaign).replacing("X", with: UUID.v7().text),
                    token: token
                ).status
            }
            for role in ["texter", "lead", "compliance"] {
                let one = try await house.member(role)
                for route in Self.editing + Self.organising {
                    #expect(try await status(route, one.token) == 404, "\(role): \(route)")
                }
            }
            let stranger = try await house.member("owner", organisation: 2)
            let weak = try await house.store.signIns.begin(
                organisation: 1, member: try await house.member("owner").id, userAgent: nil)
            for route in Self.editing {
                #expect(try await status(route, stranger.token) == 404, "theirs: \(route)")
                #expect(try await status(route, weak) == 303, "by code alone: \(route)")
                #expect(try await status(route, nil) == 303, "nobody: \(route)")
            }
            let ours = try await house.member("organiser")
            for route in Self.editing where !route.path.hasSuffix("/X") && route.method == "GET" {
                let found = try await status(route, ours.token)
                #expect(found == 200 || found == 303, "ours: \(route) \(found)")
            }
            #expect(try await house.request("GET", "/o", token: ours.token).status == 200)
        }
    }

    @Test func `what blocks cannot be accepted, nor launched past`() async throws {
        try await PageHouse.open { house in
            let organiser = try await house.member("organiser")
            let campaign = try await house.store.campaigns.create(
                NewCampaign(name: "Empty"), organisation: 1
            ).id
            let base = "/o/c/\(campaign.text)"
            for finding in ["no_recipients", "no_script", "no_sender", "made_up"] {
                _ = try await house.request(
                    "POST", "\(base)/check", token: organiser.token, form: ["accept": finding])
            }
            let accepted = try await house.store.launches.accepted(campaign, organisation: 1)
            #expect(accepted.isEmpty)
            let launch = try await house.request(
                "POST", "\(base)/launch", token: organiser.token,
                form: ["people": "0", "whole_edition": "0"])
            #expect(launch.status == 422)
            let draft = try await house.store.drafts.find(campaign, organisation: 1)
            #expect(draft?.launchAt == nil && draft?.campaign.state == .draft)
        }
    }
}

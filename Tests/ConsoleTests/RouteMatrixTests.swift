import Foundation
import Hummingbird
import Store
import Support
import Testing

@testable import Console

/// A texter can see and do only what is theirs: every route, role and organisation.
@Suite(.freshDatabase) struct RouteMatrixTests {
    /// What a page is to somebody.
    private enum Access { case everybody, signedIn, leads, conversation }

    private struct Route: CustomStringConvertible {
        var method: String
        var path: String
        var access: Access
        var form: [String: String] = [:]
        var description: String { "\(method) \(path)" }
    }

    /// Volunteers' routes by what they are to whom; all others meet the generated test below.
    private static let routes: [Route] = [
        .init(method: "GET", path: "/", access: .everybody),
        .init(method: "GET", path: "/help", access: .everybody),
        .init(method: "GET", path: "/pieces", access: .everybody),
        .init(method: "GET", path: "/j/doorstep", access: .everybody),
        .init(method: "GET", path: "/j/doorstep/\(UUID().uuidString)", access: .everybody),
        .init(method: "POST", path: "/j/doorstep", access: .everybody),
        .init(method: "GET", path: "/j/doorstep/practice", access: .everybody),
        .init(method: "POST", path: "/j/doorstep/practice", access: .everybody),
        .init(method: "GET", path: "/in/0/\(UUID().uuidString)", access: .everybody),
        .init(method: "POST", path: "/in", access: .everybody),
        .init(method: "POST", path: "/choices", access: .everybody),
        .init(method: "GET", path: "/manifest.webmanifest", access: .everybody),
        .init(method: "GET", path: "/sw.js", access: .everybody),
        .init(method: "GET", path: "/send", access: .signedIn),
        .init(method: "GET", path: "/inbox", access: .signedIn),
        .init(method: "POST", path: "/inbox/take", access: .signedIn),
        .init(method: "GET", path: "/done", access: .signedIn),
        .init(method: "GET", path: "/practice", access: .signedIn),
        .init(method: "GET", path: "/lesson", access: .signedIn),
        .init(method: "GET", path: "/o/joins", access: .leads),
        .init(method: "GET", path: "/c/ID", access: .conversation),
        .init(method: "GET", path: "/c/ID/next", access: .conversation),
        .init(method: "GET", path: "/c/ID/previous", access: .conversation),
        .init(method: "POST", path: "/c/ID/send", access: .conversation, form: ["body": ""]),
        .init(method: "POST", path: "/c/ID/note", access: .conversation, form: ["note": "x"]),
        .init(method: "POST", path: "/c/ID/done", access: .conversation),
        .init(method: "POST", path: "/c/ID/take-back", access: .conversation),
        .init(method: "POST", path: "/c/ID/silence", access: .conversation),
        .init(
            method: "POST", path: "/help", access: .conversation,
            form: ["about": "ID", "note": "x"]),
        .init(method: "POST", path: "/c/ID/hand", access: .conversation, form: ["reason": "x"]),
        .init(method: "POST", path: "/c/ID/wrong", access: .conversation),
        .init(method: "POST", path: "/c/ID/stop", access: .conversation),
    ]

    @Test func `what is not yours is not there`() async throws {
        try await PageHouse.open { house in
            let owner = try await house.member("texter")
            let strangers: [(who: String, token: String?, isLead: Bool)] = [
                ("nobody", nil, false),
                ("another texter", try await house.member("texter").token, false),
                ("compliance", try await house.member("compliance").token, false),
                ("their texter", try await house.member("texter", organisation: 2).token, false),
                ("their lead", try await house.member("lead", organisation: 2).token, true),
                ("their owner", try await house.member("owner", organisation: 2).token, true),
            ]
            for route in Self.routes {
                for stranger in strangers {
                    let id = try await Self.conversation(of: owner.id, house)
                    let status = try await Self.status(route, id, stranger.token, house)
                    let expected = Self.isOpen(
                        route.access, isSignedIn: stranger.token != nil, isLead: stranger.isLead)
                    let wording = "\(route) for \(stranger.who): \(status)"
                    if stranger.token == nil, route.access != .everybody {
                        #expect(status == 303, "\(wording)")  // sent to sign in
                    } else {
                        #expect(
                            (status != 404) == expected || route.path.contains("/in/0"),
                            "\(wording)")
                    }
                }
            }
            for route in Self.routes where route.access == .conversation {
                let id = try await Self.conversation(of: owner.id, house)
                let status = try await Self.status(route, id, owner.token, house)
                #expect(status != 404 && status < 500, "\(route) for its owner: \(status)")
            }
        }
    }

    /// Asked of the router itself, so that a page added tomorrow is asked too.
    @Test func `every route keeps out who is not signed in, and who is of another house`()
        async throws
    {
        try await PageHouse.open { house in
            let console = try Console(store: house.store, publicURL: "http://barnstorm.test")
            let routes = console.router().routes.filter { !Self.isPublic($0.path.description) }
            #expect(routes.count > 30)
            let owner = try await house.member("texter")
            let roles = ["texter", "lead", "organiser", "compliance", "owner"]
            var theirs: [String?] = [nil]
            for role in roles {
                theirs.append(try await house.member(role, organisation: 2).token)
            }
            for route in routes {
                let hasPlace = route.path.contains { $0.description.contains(where: "{:".contains) }
                for token in theirs where token == nil || hasPlace {
                    let id = try await Self.conversation(of: owner.id, house)
                    let path = Self.filled(route.path.description, id)
                    let status = try await house.request(
                        route.method.rawValue, path, token: token,
                        headers: ["Sec-Fetch-Site: same-origin", "Accept: application/json"]
                    ).status
                    let isRefused = (300..<500).contains(status)
                    #expect(isRefused, "\(route.method) \(route.path): \(status)")
                    let isKept = try await TestDatabase.current.first(
                        """
                        SELECT assignee_id = \(owner.id) AND needs_reply_since IS NOT NULL
                        FROM conversation WHERE id = \(UUID(uuidString: id)!)
                        """
                    ) { try $0.value(0) as Bool }
                    #expect(isKept == true, "\(route.method) \(route.path) changed what is ours")
                }
            }
        }
    }

    /// The door itself, and what everybody may read.
    private static func isPublic(_ path: String) -> Bool {
        let doors = ["/assets", "/in", "/j/", "/o/in/", "/o/sign-in", "/out", "/choices", "/**"]
        let pages = ["/", "/help", "/pieces", "/sw.js", "/manifest.webmanifest", "/favicon.ico"]
        return pages.contains(path)
            || doors.contains { path.hasPrefix($0) && !path.hasPrefix("/inbox") }
    }

    private static func filled(_ path: String, _ id: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.hasPrefix("{") || part.hasPrefix(":") ? id : String(part)
        }.joined(separator: "/")
    }

    @Test func `what another site sends is refused`() async throws {
        try await PageHouse.open { house in
            let owner = try await house.member("texter")
            let id = try await Self.conversation(of: owner.id, house)
            for headers in [
                ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"],
                ["Origin: https://evil.example"], [],
            ] {
                let answer = try await house.request(
                    "POST", "/c/\(id)/stop", token: owner.token, headers: headers)
                #expect(answer.status == 403, "\(headers)")
            }
            let own = try await house.request(
                "POST", "/choices", token: owner.token, headers: ["Origin: http://barnstorm.test"])
            #expect(own.status == 303)
        }
    }

    @Test func `every page carries the headers of the house`() async throws {
        try await PageHouse.open { house in
            for path in ["/", "/nothing/here", "/sw.js", "/j/doorstep"] {
                let answer = try await house.request("GET", path)
                let headers = Dictionary(
                    answer.headers.map { ($0.name.lowercased(), $0.value) }
                ) { first, _ in first }
                #expect(headers["content-security-policy"] == SecurityHeaders.policy)
                #expect(headers["x-content-type-options"] == "nosniff")
                #expect(headers["referrer-policy"] == "no-referrer")
                #expect(headers["cross-origin-opener-policy"] == "same-origin")
            }
        }
    }

    private static func isOpen(_ access: Access, isSignedIn: Bool, isLead: Bool) -> Bool {
        switch access {
        case .everybody: true
        case .signedIn: isSignedIn
        case .leads: isLead
        case .conversation: false
        }
    }

    private static func status(
        _ route: Route, _ id: String, _ token: String?, _ house: PageHouse
    ) async throws -> Int {
        let form = route.form.mapValues { $0 == "ID" ? id : $0 }
        return try await house.request(
            route.method, route.path.replacing("ID", with: id), token: token, form: form
        ).status
    }

    /// A fresh conversation that a texter holds.
    private static func conversation(of member: UUID, _ house: PageHouse) async throws -> String {
        let (id, contact) = (UUID.v7(), UUID.v7())
        try await TestDatabase.current.execute(
            """
            WITH person AS (
                INSERT INTO contact (organisation_id, id, number, number_hash, name)
                VALUES (1, \(contact), \("+1" + id.text.suffix(10)), \(Array(id.text.utf8)), 'Aisha')
            )
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id,
                assignee_id, needs_reply_since, last_inbound_at)
            SELECT 1, \(id), \(contact), s.id, \(house.campaign), \(member), now(), now()
            FROM sender s WHERE s.organisation_id = 1
            """)
        return id.text
    }
}

import Curl
import Foundation
import Secrets
import Store
import Support
import Testing

@testable import Console

/// How staff come in, and how they are shut out (reliability 6.2).
@Suite(.freshDatabase) struct OrganiserSignInTests {
    private static let password = "velvet anchor seven pears"

    @Test func `an invitation leads to a password, a second factor and the campaigns`() async throws
    {
        try await PageHouse.open { house in
            let ana = try await Self.invited("organiser", house)
            #expect(try await house.request("GET", ana.path).status == 200)
            // Looking spends nothing.
            #expect(try await house.request("GET", ana.path).status == 200)
            let short = try await house.request("POST", ana.path, form: ["password": "short"])
            #expect(short.status == 422)
            let first = try await house.request(
                "POST", ana.path, form: ["password": Self.password])
            let half = try #require(first.location)
            #expect(half.hasPrefix("/o/sign-in/1/"))
            #expect(try await house.request("GET", ana.path).status == 410)

            let page = try await house.request("GET", half)
            let secret = try #require(Self.secret(in: page))
            #expect(
                try await house.request("POST", half, form: ["code": "000000"]).status == 422)
            // One code, also where its half minute ends before it comes again.
            let code = TOTP.code(secret: secret, at: Date())
            let codes = try await house.request("POST", half, form: ["code": code])
            let token = try #require(codes.cookie)
            let recovery = try #require(
                codes.text.firstMatch(of: #/<li>([a-z2-7-]{19})<\/li>/#)
            ).1
            #expect(try await house.request("GET", "/o/people", token: token).status == 200)

            // The same code again, then a recovery code, twice.
            let again = try await Self.half(ana.login, house)
            let used = try await house.request("POST", again, form: ["code": code])
            #expect(used.status == 422 && used.cookie == nil)
            let kept = try await house.request("POST", again, form: ["code": String(recovery)])
            #expect(kept.status == 303 && kept.cookie != nil)
            let third = try await Self.half(ana.login, house)
            let twice = try await house.request("POST", third, form: ["code": String(recovery)])
            #expect(twice.status == 422 && twice.cookie == nil)
        }
    }

    @Test func `a wrong password and an unknown login look the same`() async throws {
        try await PageHouse.open { house in
            let ana = try await Self.invited("owner", house)
            _ = try await house.request("POST", ana.path, form: ["password": Self.password])
            let wrong = try await house.request(
                "POST", "/o/sign-in", form: ["login": ana.login, "password": "something else long"])
            let unknown = try await house.request(
                "POST", "/o/sign-in",
                form: ["login": "nobody@example.org", "password": "something else long"])
            #expect(wrong.status == 422 && unknown.status == 422)
            #expect(
                wrong.text.replacing(ana.login, with: "")
                    == unknown.text.replacing("nobody@example.org", with: ""))
        }
    }

    @Test func `five wrong codes end the try`() async throws {
        try await PageHouse.open { house in
            let ana = try await Self.invited("owner", house)
            let first = try await house.request(
                "POST", ana.path, form: ["password": Self.password])
            let half = try #require(first.location)
            let secret = try #require(Self.secret(in: try await house.request("GET", half)))
            for _ in 0..<5 { _ = try await house.request("POST", half, form: ["code": "1"]) }
            let late = try await house.request(
                "POST", half, form: ["code": TOTP.code(secret: secret, at: Date())])
            #expect(late.cookie == nil)
        }
    }

    @Test func `a code to the address alone does not open the house`() async throws {
        try await PageHouse.open { house in
            let owner = try await house.member("owner")
            let weak = try await house.store.signIns.begin(
                organisation: 1, member: owner.id, userAgent: nil)
            let answer = try await house.request("GET", "/o/people", token: weak)
            #expect(answer.status == 303 && answer.location?.hasPrefix("/o/sign-in") == true)
            #expect(try await house.request("GET", "/send", token: weak).status == 200)
        }
    }

    @Test func `who is shut out is out at once, with all they held`() async throws {
        try await PageHouse.open { house in
            let owner = try await house.member("owner")
            let sam = try await house.member("texter")
            #expect(try await house.request("GET", "/send", token: sam.token).status == 200)
            let held: SQLCount = try await .init(
                "SELECT count(*) FROM lease WHERE member_id = '\(sam.id.text)'")
            #expect(held.value > 0)
            let out = try await house.request(
                "POST", "/o/people/\(sam.id.text)/out", token: owner.token)
            #expect(out.status == 303)
            #expect(try await house.request("GET", "/send", token: sam.token).status == 303)
            let left: SQLCount = try await .init(
                "SELECT count(*) FROM lease WHERE member_id = '\(sam.id.text)'")
            #expect(left.value == 0)
            let line: SQLCount = try await .init(
                "SELECT count(*) FROM ledger WHERE entry::text LIKE '%member deactivated%'"
            )
            #expect(line.value == 1)
        }
    }

    @Test func `the last owner can neither go nor become something else`() async throws {
        try await PageHouse.open { house in
            let owner = try await house.member("owner")
            let members = house.store.members
            await #expect(throws: LastOwner.self) {
                try await members.deactivate(owner.id, organisation: 1, by: nil)
            }
            await #expect(throws: LastOwner.self) {
                try await members.setRole(.texter, of: owner.id, organisation: 1, by: nil)
            }
            let other = try await house.member("owner")
            try await members.deactivate(owner.id, organisation: 1, by: other.id)
            #expect(try await house.request("GET", "/o/people", token: owner.token).status == 303)
        }
    }

    @Test(arguments: ["organiser", "compliance", "lead", "texter"])
    func `only who may grant a role changes whoever has it`(role: String) async throws {
        try await PageHouse.open { house in
            let owner = try await house.member("owner")
            let one = try await house.member(role)
            for path in ["role", "out", "link", "second", "end"] {
                let answer = try await house.request(
                    "POST", "/o/people/\(owner.id.text)/\(path)", token: one.token,
                    form: ["role": "texter"])
                #expect(answer.status == 404, "\(role) \(path)")
            }
            let made = try await house.request(
                "POST", "/o/people", token: one.token,
                form: ["name": "X", "login": "x@example.org", "role": "owner"])
            #expect(made.status == (role == "organiser" ? 422 : 404))
        }
    }

    // MARK: Helpers

    private static func invited(
        _ role: String, _ house: PageHouse
    ) async throws -> (path: String, login: String) {
        let login = "\(UUID().uuidString.prefix(8).lowercased())@example.org"
        let member = try await house.store.members.add(
            organisation: 1, name: "Ana", email: login, role: Role(rawValue: role)!)
        let token = try await house.store.staffLinks.make(
            .invitation, organisation: 1, member: member.id)
        return ("/o/in/\(token)", login)
    }

    private static func half(_ login: String, _ house: PageHouse) async throws -> String {
        let answer = try await house.request(
            "POST", "/o/sign-in", form: ["login": login, "password": password])
        return try #require(answer.location).split(separator: "?").first.map(String.init) ?? ""
    }

    /// The secret as the page shows it to be typed.
    private static func secret(in page: Curl.HTTPResponse) -> [UInt8]? {
        guard let groups = page.text.firstMatch(of: #/translate="no">([A-Z2-7 ]+)</#) else {
            return nil
        }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (bits, count, bytes) = (0, 0, [UInt8]())
        for letter in groups.1 where letter != " " {
            bits = (bits << 5 | alphabet.firstIndex(of: letter)!) & 0xFFFF
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return bytes
    }
}

/// One number out of the database.
struct SQLCount {
    let value: Int

    init(_ statement: String) async throws {
        value =
            try await TestDatabase.current.first(.init(raw: statement)) { row in
                try row.value(0) as Int
            } ?? -1
    }
}

extension Curl.HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    var location: String? { headers.first { $0.name.lowercased() == "location" }?.value }

    /// The session's token that the answer sets.
    var cookie: String? {
        let line = headers.first {
            $0.name.lowercased() == "set-cookie" && $0.value.hasPrefix("sid=")
        }
        let token = line?.value.dropFirst(4).prefix { $0 != ";" }
        return token.flatMap { $0.isEmpty ? nil : String($0) }
    }
}

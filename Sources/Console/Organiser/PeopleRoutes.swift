import Foundation
import Hummingbird
import Notices
import Store

/// `/o/people`: who belongs to the organisation, and `/o/me`: one's own sign-in.
struct PeopleRoutes: Sendable {
    let console: Console

    private var store: PageStore { console.store }
    static let pageSize = 50

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/people") { request, context in
            try await staff(request, context) { try await list(request, context, $0) }
        }
        router.post("/o/people") { request, context in
            try await staff(request, context) { try await invite(request, context, $0) }
        }
        router.get("/o/people/:person") { request, context in
            try await about(request, context) { visitor, person in
                try await show(request, context, visitor, person)
            }
        }
        router.post("/o/people/:person/link") { request, context in
            try await about(request, context) { visitor, person in
                try await renew(request, context, visitor, person)
            }
        }
        router.post("/o/people/:person/:act") { request, context in
            try await about(request, context) { visitor, person in
                try await change(request, context, visitor, person)
            }
        }
        let everybody = Set(Role.allCases)
        router.get("/o/me") { request, context in
            try await console.staffed(request, context, everybody) {
                try await me(request, context, $0)
            }
        }
        router.post("/o/me") { request, context in
            try await console.staffed(request, context, everybody) {
                try await changeMe(request, context, $0)
            }
        }
    }

    private func staff(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor) async throws -> Response
    ) async throws -> Response {
        try await console.staffed(request, context, Role.organisers, body)
    }

    /// For a person of the visitor's organisation.
    private func about(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor, Member) async throws -> Response
    ) async throws -> Response {
        try await staff(request, context) { visitor in
            guard let id = context.parameters.get("person").flatMap(UUID.init(uuidString:)),
                let person = try await store.members.find(id, organisation: visitor.organisation)
            else { return console.notFound(request, context) }
            return try await body(visitor, person)
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, draft: Form? = nil,
        error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let query = request.query
        let page = max(1, query["page"].flatMap { Int($0) } ?? 1)
        let rows = try await store.members.people(
            organisation: visitor.organisation, search: query["find"],
            limit: Self.pageSize + 1, offset: (page - 1) * Self.pageSize)
        let now = Date()
        let find = query["find"].map { "&find=\(encoded($0))" } ?? ""
        return console.page(
            "organiser_people", request, context, title: words("people_title"), here: "people",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "find": query["find"] ?? "", "error": error as Any,
                "rows": rows.prefix(Self.pageSize).map { row($0, words, now) },
                "nobody": rows.isEmpty,
                "roles": roles(visitor, chosen: draft?["role"] ?? "texter", words),
                "name": draft?["name"] as Any, "login": draft?["login"] as Any,
                "before": page > 1 ? "?page=\(page - 1)\(find)" as Any : nil as String? as Any,
                "after": rows.count > Self.pageSize
                    ? "?page=\(page + 1)\(find)" as Any : nil as String? as Any,
            ])
    }

    private func row(_ row: StaffRow, _ words: Words, _ now: Date) -> [String: Any] {
        let member = row.member
        return [
            "address": "/o/people/\(member.id.text)", "name": member.name,
            "login": member.email ?? member.number.map { "…\($0.suffix(4))" } ?? "",
            "role": words("role_\(member.role.rawValue)"),
            "seen": row.seenAt.map { words.age($0, now: now) } ?? "–",
            "is_out": member.deactivatedAt != nil, "is_invited": row.invitedUntil != nil,
        ]
    }

    private func roles(_ visitor: Visitor, chosen: String, _ words: Words) -> [[String: Any]] {
        visitor.staffRole.mayGrant.map { role in
            [
                "value": role.rawValue, "name": words("role_\(role.rawValue)"),
                "chosen": role.rawValue == chosen,
            ]
        }
    }

    private func invite(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        func again(_ key: String) async throws -> Response {
            try await list(request, context, visitor, draft: fields, error: words(key))
        }
        guard let role = fields["role"].flatMap(Role.init(rawValue:)),
            visitor.staffRole.mayGrant.contains(role)
        else { return try await again("people_no_role") }
        guard let name = fields["name"] else { return try await again("people_no_name") }
        let login = Login(fields["login"], countries: visitor.countries)
        guard let stored = login.stored else {
            guard case .wrong(let key) = login else { return try await again("login_missing") }
            return try await again(key)
        }
        let isEmail = stored.contains("@")
        do {
            let member = try await store.members.add(
                organisation: visitor.organisation, name: name, email: isEmail ? stored : nil,
                number: isEmail ? nil : stored, role: role, language: words.language)
            return try await invited(request, context, visitor, member)
        } catch is InvalidInput {
            return try await again("people_taken")
        }
    }

    /// Makes the link, mails it where it can be, and shows it: who invites may hand it over.
    private func invited(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ member: Member
    ) async throws -> Response {
        let words = console.words(request, context)
        let token = try await store.staffLinks.make(
            .invitation, organisation: visitor.organisation, member: member.id)
        let address = "\(console.publicURL)/o/in/\(token)"
        var isMailed = false
        if let email = member.email, let mailer = console.notifier?.mailer {
            let other = console.pages.languages[member.language]
            let text = other(
                "invite_mail", ["name": member.name, "who": visitor.organisationName])
            if let mail = Mail(
                to: email,
                subject: other("invite_subject", ["who": visitor.organisationName])
                    .withoutMarks, text: "\(text.withoutMarks)\n\n\(address)\n")
            {
                isMailed = await mailer.send(mail)
            }
        }
        return console.page(
            "organiser_invited", request, context, title: words("invited_title"), here: "people",
            [
                "name": member.name, "address": address, "mailed": isMailed,
                "square": QRSquare(address)?.values as Any,
            ])
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ person: Member,
        error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let browsers = try await store.signIns.list(
            organisation: visitor.organisation, member: person.id,
            token: request.cookie(console.cookieName))
        let mayChange = mayChange(visitor, person)
        return console.page(
            "organiser_person", request, context, title: person.name, here: "people",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "address": "/o/people/\(person.id.text)", "error": error as Any,
                "login": person.email ?? person.number.map { "…\($0.suffix(4))" } as Any,
                "role": words("role_\(person.role.rawValue)"),
                "is_out": person.deactivatedAt != nil, "may_change": mayChange,
                "is_me": person.id == visitor.id,
                "needs_second": person.role.needsSecond,
                "roles": roles(visitor, chosen: person.role.rawValue, words),
                "browsers": browsers.map { browser($0, words) },
                "no_browsers": browsers.isEmpty,
            ])
    }

    private func browser(_ browser: SignedInBrowser, _ words: Words) -> [String: Any] {
        [
            "id": browser.id.text, "kind": browser.userAgent.map(Self.kind) ?? "–",
            "seen": words.age(browser.seenAt, now: Date()),
            "since": words.age(browser.createdAt, now: Date()), "this": browser.isThisOne,
        ]
    }

    /// Enough to know a browser again.
    private static func kind(_ agent: String) -> String {
        let machines = ["iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux"]
        let browsers = ["Edg", "Firefox", "Chrome", "Safari"]
        let names = ["Edg": "Edge"]
        let machine = machines.first { agent.contains($0) }
        let browser = browsers.first { agent.contains($0) }.map { names[$0] ?? $0 }
        let parts = [browser, machine].compactMap(\.self)
        return parts.isEmpty ? String(agent.prefix(40)) : parts.joined(separator: ", ")
    }

    /// Nobody changes who may do more than they may grant, nor themselves.
    private func mayChange(_ visitor: Visitor, _ person: Member) -> Bool {
        visitor.staffRole.mayGrant.contains(person.role) && person.id != visitor.id
    }

    private func change(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ person: Member
    ) async throws -> Response {
        let words = console.words(request, context)
        guard mayChange(visitor, person), let act = context.parameters.get("act") else {
            return console.notFound(request, context)
        }
        let fields = try await request.form()
        let organisation = visitor.organisation
        do {
            switch act {
            case "role":
                guard let role = fields["role"].flatMap(Role.init(rawValue:)),
                    visitor.staffRole.mayGrant.contains(role)
                else { return console.notFound(request, context) }
                try await store.members.setRole(
                    role, of: person.id, organisation: organisation, by: visitor.id)
            case "out":
                try await store.members.deactivate(
                    person.id, organisation: organisation, by: visitor.id)
            case "back":
                try await store.members.reactivate(
                    person.id, organisation: organisation, by: visitor.id)
            case "end":
                if let browser = fields.id("browser") {
                    try await store.signIns.end(
                        id: browser, organisation: organisation, member: person.id)
                } else {
                    try await store.signIns.endAll(organisation: organisation, member: person.id)
                }
            case "second":
                try await store.credentials.forgetSecond(
                    organisation: organisation, member: person.id, by: visitor.id)
            default: return console.notFound(request, context)
            }
        } catch is LastOwner {
            return try await show(
                request, context, visitor, person, error: words("people_last_owner"))
        }
        return console.redirect("/o/people/\(person.id.text)")
    }

    /// A new link for somebody whose old one is lost.
    private func renew(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ person: Member
    ) async throws -> Response {
        guard mayChange(visitor, person), person.deactivatedAt == nil else {
            return console.notFound(request, context)
        }
        return try await invited(request, context, visitor, person)
    }

    // MARK: One's own

    private func me(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, error: String? = nil,
        isSaved: Bool = false, number: (text: String, error: String)? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let browsers = try await store.signIns.list(
            organisation: visitor.organisation, member: visitor.id,
            token: request.cookie(console.cookieName))
        let me = try await store.members.find(visitor.id, organisation: visitor.organisation)
        return console.page(
            "organiser_me", request, context, title: words("me_title"),
            status: error == nil && number == nil ? .ok : .unprocessableContent,
            [
                "number": number?.text ?? me?.number ?? "",
                "number_error": number.map { words($0.error) } as Any,
                "name": visitor.name, "role": words("role_\(visitor.role)"),
                "by_link": visitor.strength == .link, "error": error.map { words($0) } as Any,
                "saved": isSaved, "takes_password": visitor.staffRole.needsSecond,
                "has_password": try await store.credentials.hasPassword(
                    organisation: visitor.organisation, member: visitor.id),
                "browsers": browsers.map { browser($0, words) },
                "languages": languageLinks(words.language), "back_here": "/o/me",
            ])
    }

    private func changeMe(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let fields = try await request.form()
        let (organisation, me) = (visitor.organisation, visitor.id)
        let token = request.cookie(console.cookieName)
        if let browser = fields.id("browser") {
            try await store.signIns.end(id: browser, organisation: organisation, member: me)
            return console.redirect("/o/me")
        }
        if fields["others"] != nil {
            try await store.signIns.endAll(organisation: organisation, member: me, except: token)
            return console.redirect("/o/me")
        }
        if fields["mobile"] != nil {
            return try await changeNumber(request, context, visitor, fields["number"])
        }
        guard visitor.staffRole.needsSecond else { return console.notFound(request, context) }
        do {
            guard try await mayReplacePassword(fields["old"], visitor) else {
                return try await self.me(request, context, visitor, error: "me_old_wrong")
            }
            try await store.credentials.setPassword(
                fields["password"] ?? "", organisation: organisation, member: me)
        } catch let refusal as PasswordRefusal {
            return try await self.me(
                request, context, visitor, error: "password_\(refusal.rawValue)")
        }
        // Whoever was signed in by the old password is not any more.
        try await store.signIns.endAll(organisation: organisation, member: me, except: token)
        let isSecond = try await store.credentials.hasSecond(organisation: organisation, member: me)
        guard !isSecond else {
            return try await self.me(request, context, visitor, isSaved: true)
        }
        let half = try await store.staffLinks.makeHalf(organisation: organisation, member: me)
        return console.redirect("/o/sign-in/\(organisation)/\(half.text)")
    }

    private func changeNumber(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ text: String?
    ) async throws -> Response {
        var stored: String?
        if let text {
            switch Login(text, countries: visitor.countries) {
            case .number(let number): stored = number
            case .email:
                return try await me(
                    request, context, visitor, number: (text, "login_bad_number"))
            case .wrong(let key):
                return try await me(
                    request, context, visitor, number: (text, key))
            }
        }
        do {
            try await store.members.setNumber(
                stored, of: visitor.id, organisation: visitor.organisation)
        } catch is InvalidInput {
            return try await me(
                request, context, visitor, number: (text ?? "", "me_number_taken"))
        }
        return console.redirect("/o/me")
    }

    /// The first password needs no old one; who came by the machine's own link needs none either.
    private func mayReplacePassword(_ old: String?, _ visitor: Visitor) async throws -> Bool {
        if visitor.strength == .link { return true }
        guard
            try await store.credentials.hasPassword(
                organisation: visitor.organisation, member: visitor.id)
        else { return true }
        guard let old, console.limits.account.allows("password \(visitor.id)") else { return false }
        return try await store.credentials.isPassword(
            old, organisation: visitor.organisation, member: visitor.id)
    }
}

/// Percent-encoded for an address's query.
func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
}

extension String {
    /// Without the marks that ``Words`` puts around values, which mail does not need.
    var withoutMarks: String {
        replacing("\u{2068}", with: "").replacing("\u{2069}", with: "")
    }
}

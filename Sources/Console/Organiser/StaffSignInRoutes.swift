import Foundation
import HTTPTypes
import Hummingbird
import Store

/// The way in for staff: password, then second factor, and links that let somebody in.
struct StaffSignInRoutes: Sendable {
    let console: Console

    private var store: PageStore { console.store }

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/sign-in") { request, context in form(request, context) }
        router.post("/o/sign-in") { request, context in try await password(request, context) }
        router.get("/o/sign-in/:organisation/:half") { request, context in
            try await second(request, context)
        }
        router.post("/o/sign-in/:organisation/:half") { request, context in
            try await finish(request, context)
        }
        router.get("/o/in/:token") { request, context in try await link(request, context) }
        router.post("/o/in/:token") { request, context in try await enter(request, context) }
    }

    private func form(
        _ request: Request, _ context: ConsoleContext, login: String? = nil, to: String? = nil,
        error: String? = nil, status: HTTPResponse.Status = .unprocessableContent
    ) -> Response {
        let words = console.words(request, context)
        return console.page(
            "organiser_sign_in", request, context, title: words("staff_sign_in_title"),
            status: error == nil ? .ok : status,
            [
                "login": login ?? "", "to": localAddress(to ?? request.query["to"]),
                "error": error.map { words($0) } as Any,
                "languages": languageLinks(words.language), "back_here": "/o/sign-in",
            ])
    }

    /// Answers the same, in about the same time, whether anybody has that login.
    private func password(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let fields = try await request.form()
        let (login, to) = (fields["login"], fields["to"])
        let typed = Login(login, countries: ["US", "GB", "IE", "CA", "AU"])
        guard let stored = typed.stored, let password = fields["password"] else {
            return form(request, context, login: login, to: to, error: "staff_wrong")
        }
        guard console.limits.network.allows(console.network(request, context)),
            console.limits.account.allows("password \(stored)")
        else {
            return form(
                request, context, login: login, to: to, error: "staff_too_many",
                status: .tooManyRequests)
        }
        switch try await store.credentials.check(login: stored, password: password) {
        case .wrong:
            console.logger.notice("A password was wrong.")
            return form(request, context, login: login, to: to, error: "staff_wrong")
        case .busy:
            var answer = form(
                request, context, login: login, to: to, error: "staff_busy",
                status: .serviceUnavailable)
            answer.headers[.retryAfter] = "60"
            return answer
        case .right(let organisation, let member):
            let half = try await store.staffLinks.makeHalf(
                organisation: organisation, member: member)
            return console.redirect(
                "/o/sign-in/\(organisation)/\(half.text)?to=\(localAddress(to))")
        }
    }

    /// Asks for the second factor, or has it set up by who has none yet.
    private func second(
        _ request: Request, _ context: ConsoleContext, to: String? = nil, error: String? = nil
    ) async throws -> Response {
        guard let (organisation, half) = place(context),
            let member = try await store.staffLinks.half(organisation: organisation, id: half)
        else { return console.redirect("/o/sign-in") }
        let words = console.words(request, context)
        let isKnown = try await store.credentials.hasSecond(
            organisation: organisation, member: member.id)
        var values: [String: Any] = [
            "action": request.uri.path, "to": localAddress(to ?? request.query["to"]),
            "error": error.map { words($0) } as Any,
        ]
        if !isKnown {
            let name = try await store.members.organisationName(organisation)
            let enrolment = try await store.credentials.enrol(member, organisationName: name)
            values["enrols"] = [
                "groups": enrolment.groups, "address": enrolment.address,
                "square": QRSquare(enrolment.address)?.values as Any,
            ]
        }
        return console.page(
            "organiser_second", request, context,
            title: words(isKnown ? "second_title" : "enrol_title"),
            status: error == nil ? .ok : .unprocessableContent, values)
    }

    private func finish(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let fields = try await request.form()
        guard let (organisation, half) = place(context),
            console.limits.network.allows(console.network(request, context)),
            let member = try await store.staffLinks.half(
                organisation: organisation, id: half, counts: true)
        else { return console.redirect("/o/sign-in") }
        let (code, to) = (fields["code"] ?? "", localAddress(fields["to"]))
        let isKnown = try await store.credentials.hasSecond(
            organisation: organisation, member: member.id)
        if isKnown {
            guard
                try await store.credentials.second(
                    code, organisation: organisation, member: member.id)
            else { return try await second(request, context, to: to, error: "second_wrong") }
            try await store.staffLinks.endHalf(organisation: organisation, id: half)
            return try await console.letIn(member, request, strength: .full, to: to)
        }
        guard
            let codes = try await store.credentials.confirm(
                code, organisation: organisation, member: member.id)
        else { return try await second(request, context, to: to, error: "second_wrong") }
        try await store.staffLinks.endHalf(organisation: organisation, id: half)
        let words = console.words(request, context)
        let signedIn = try await console.letIn(member, request, strength: .full, to: to)
        var answer = console.page(
            "organiser_codes", request, context, title: words("codes_title"),
            ["codes": codes, "to": signedIn.headers[.location] ?? "/o"])
        for cookie in signedIn.headers[values: .setCookie] {
            answer.headers.append(HTTPField(name: .setCookie, value: cookie))
        }
        return answer
    }

    /// What a link offers. Opening it changes nothing.
    private func link(
        _ request: Request, _ context: ConsoleContext, name: String? = nil, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        guard let token = context.parameters.get("token"),
            let link = try await store.staffLinks.look(token)
        else {
            return console.page(
                "organiser_link_gone", request, context, title: words("link_gone_title"),
                status: .gone)
        }
        let asksPassword = link.kind == .invitation && link.member.role.needsSecond
        return console.page(
            "organiser_link", request, context,
            title: words("link_title", ["name": link.member.name]),
            status: error == nil ? .ok : .unprocessableContent,
            [
                "action": request.uri.path, "organisation": link.organisationName,
                "role": words("role_\(link.member.role.rawValue)"),
                "asks_password": asksPassword,
                "login": link.member.email ?? link.member.number as Any,
                "error": error.map { words($0) } as Any,
                "languages": languageLinks(words.language), "back_here": request.uri.path,
            ])
    }

    private func enter(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let fields = try await request.form()
        guard let token = context.parameters.get("token"),
            let link = try await store.staffLinks.look(token)
        else { return try await self.link(request, context) }
        let member = link.member
        guard link.kind == .invitation, member.role.needsSecond else {
            guard try await store.staffLinks.spend(link) else {
                return try await self.link(request, context)
            }
            return try await console.letIn(
                member, request, strength: link.kind == .link ? .link : .code)
        }
        do {
            try Credentials.refuseWeak(fields["password"] ?? "")
            // Spent first: of two who hold the link, only one sets the password.
            guard try await store.staffLinks.spend(link) else {
                return try await self.link(request, context)
            }
            try await store.credentials.setPassword(
                fields["password"] ?? "", organisation: link.organisation, member: member.id)
        } catch let refusal as PasswordRefusal {
            return try await self.link(
                request, context, error: "password_\(refusal.rawValue)")
        }
        let half = try await store.staffLinks.makeHalf(
            organisation: link.organisation, member: member.id)
        return console.redirect("/o/sign-in/\(link.organisation)/\(half.text)")
    }

    private func place(_ context: ConsoleContext) -> (Int32, UUID)? {
        guard let organisation = context.parameters.get("organisation").flatMap({ Int32($0) }),
            let half = context.parameters.get("half").flatMap(UUID.init(uuidString:))
        else { return nil }
        return (organisation, half)
    }
}

extension Console {
    /// Signs somebody in and sends them to where their role works.
    func letIn(
        _ member: Member, _ request: Request, strength: SignInStrength, to: String? = nil
    ) async throws -> Response {
        let home =
            switch member.role {
            case .owner, .organiser: "/o"
            case .compliance: "/k"
            case .lead, .texter: "/send"
            }
        let wish = to.flatMap { $0 == "/" ? nil : $0 }
        return try await signIn(
            request, organisation: member.organisation, member: member.id, strength: strength,
            to: wish ?? home)
    }
}

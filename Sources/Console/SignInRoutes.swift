import Foundation
import HTTPTypes
import Hummingbird
import Store

/// The way in for those who were here before, the way out, and the choices that cookies keep.
struct SignInRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/") { request, context in
            context.visitor == nil
                ? form(request, context) : console.redirect("/send")
        }
        router.post("/in") { request, context in try await begin(request, context) }
        router.get("/in/:organisation/:proof") { request, context in
            try await codePage(request, context)
        }
        router.post("/in/:organisation/:proof") { request, context in
            try await finish(request, context)
        }
        router.post("/out") { request, context in try await end(request, context) }
        router.post("/choices") { request, context in try await choose(request, context) }
    }

    private func form(
        _ request: Request, _ context: ConsoleContext, login: String? = nil, error: String? = nil
    ) -> Response {
        let words = console.words(request, context)
        return console.page(
            "sign_in", request, context, title: words("sign_in_title"),
            status: error == nil ? .ok : .unprocessableContent,
            [
                "login": login ?? "", "error": error.map { words($0) } as Any,
                "ended": request.query["out"] != nil,
                "languages": languageLinks(words.language), "back_here": "/",
            ])
    }

    /// Answers the same, in about the same time, whether anybody has that address.
    private func begin(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let fields = try await request.form()
        let login = Login(fields["login"], countries: ["GB", "US", "IE", "CA", "AU"])
        guard let stored = login.stored,
            case let language = console.words(request, context).language
        else {
            guard case .wrong(let key) = login else { return form(request, context) }
            return form(request, context, login: fields["login"], error: key)
        }
        guard console.limits.network.allows(console.network(request, context)) else {
            return form(request, context, login: fields["login"], error: "code_too_many")
        }
        let members = try await Membership.withLogin(stored, database: console.store.database)
        guard let member = members.first else { return console.redirect("/in/0/\(UUID.v7().text)") }
        let details = ProofDetails(name: "", login: stored, language: language, campaign: nil)
        let name = try await console.store.members.organisationName(member.organisation)
        let delivery = try await console.sendCode(
            organisation: member.organisation, organisationName: name, pool: nil, details
        ) { "/in/\(member.organisation)/\($0.text)" }
        switch delivery {
        case .sent(let proof):
            return console.redirect("/in/\(member.organisation)/\(proof.text)")
        case .failed(let key):
            return form(request, context, login: fields["login"], error: key)
        }
    }

    private func codePage(
        _ request: Request, _ context: ConsoleContext, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        return console.page(
            "sign_in_code", request, context, title: words("code_title"),
            status: error == nil ? .ok : .unprocessableContent, scripts: ["app.js"],
            [
                "action": request.uri.path, "error": error as Any,
                "code": error == nil ? request.query["code"] as Any : "",
            ])
    }

    private func finish(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        guard console.limits.network.allows(console.network(request, context)) else {
            return try await codePage(request, context, error: words("code_too_many"))
        }
        guard let organisation = context.parameters.get("organisation").flatMap({ Int32($0) }),
            let proof = context.parameters.get("proof").flatMap(UUID.init(uuidString:))
        else { return console.notFound(request, context) }
        let answer = try await console.store.proofs.spend(
            organisation: organisation, id: proof, code: fields["code"] ?? "")
        switch answer {
        case .gone: return try await codePage(request, context, error: words("code_gone"))
        case .wrong(let left):
            return try await codePage(
                request, context, error: words("code_wrong", count: left))
        case .right(let details):
            let members = try await Membership.withLogin(
                details.login, database: console.store.database)
            guard let member = members.first(where: { $0.organisation == organisation }) else {
                return console.notFound(request, context)
            }
            return try await console.signIn(
                request, organisation: organisation, member: member.member, to: "/send")
        }
    }

    private func end(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        var back = "/?out=1"
        if let visitor = context.visitor, let token = request.cookie(console.cookieName) {
            let fields = try await request.form()
            // On a shared tablet the next person goes on from the same link.
            if let given = fields["back"] { back = localAddress(given) }
            if fields["all"] == nil {
                try await console.store.signIns.end(
                    token: token, organisation: visitor.organisation)
            } else {
                try await console.store.signIns.endAll(
                    organisation: visitor.organisation, member: visitor.id)
            }
        }
        var response = console.redirect(back, cookies: [console.sessionCookie("")])
        // What the phone kept for the one who leaves is not for the next.
        response.headers[HTTPField.Name("Clear-Site-Data")!] = "\"cache\", \"storage\""
        return response
    }

    /// Language and colours: cookies, so that the server draws the next page right at once.
    private func choose(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let fields = try await request.form()
        var cookies: [String] = []
        if let language = fields["lang"], Languages.all.contains(where: { $0.code == language }) {
            cookies.append(console.choiceCookie("lang", language))
            if let visitor = context.visitor {
                try await Membership.set(
                    [:], language: language, organisation: visitor.organisation,
                    member: visitor.id, database: console.store.database)
            }
        }
        if let hand = fields["hand"], ["both", "left", "right"].contains(hand) {
            cookies.append(console.choiceCookie("hand", hand))
        }
        if let scheme = fields["scheme"], ["light", "dark", "system"].contains(scheme) {
            cookies.append(console.choiceCookie("scheme", scheme))
        }
        return console.redirect(localAddress(fields["back"]), cookies: cookies)
    }
}

/// An address on this site, or `/`: a form must not send people elsewhere.
func localAddress(_ text: String?) -> String {
    guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"),
        text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return "/" }
    return text
}

/// Buttons that choose a language.
func languageLinks(_ current: String) -> [[String: Any]] {
    Languages.all.map { code, name in
        ["code": code, "language": name, "chosen": code == current]
    }
}

extension Console {
    /// Gives the browser a new token; an old one of the same browser is ended.
    func signIn(
        _ request: Request, organisation: Int32, member: UUID,
        strength: SignInStrength = .code, to address: String, cookies: [String] = []
    ) async throws -> Response {
        if let old = request.cookie(cookieName) {
            try await store.signIns.end(token: old, organisation: organisation)
        }
        let token = try await store.signIns.begin(
            organisation: organisation, member: member, userAgent: request.headers[.userAgent],
            strength: strength)
        return redirect(address, cookies: [sessionCookie(token)] + cookies)
    }
}

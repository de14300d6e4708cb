import Foundation
import Hummingbird
import Store

/// `/j/CODE`: from a link to the first text (screens T1 and T2).
struct JoinRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/j/:code") { request, context in try await show(request, context) }
        router.post("/j/:code") { request, context in try await begin(request, context) }
        router.get("/j/:code/:proof") { request, context in try await lesson(request, context) }
        router.post("/j/:code/:proof") { request, context in try await finish(request, context) }
        router.post("/j/:code/:proof/again") { request, context in
            try await again(request, context)
        }
    }

    private func show(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        guard let campaign = try await console.joinable(context) else {
            return try await console.unknownCode(request, context)
        }
        return try await joinPage(campaign, request, context)
    }

    /// T1, in whatever state the campaign is.
    private func joinPage(
        _ campaign: JoinableCampaign, _ request: Request, _ context: ConsoleContext,
        fields: Form? = nil, errors: [String: String] = [:]
    ) async throws -> Response {
        let words = console.words(request, context)
        let here = context.visitor.flatMap {
            $0.organisation == campaign.organisation ? $0 : nil
        }
        return console.page(
            "join", request, context, title: campaign.name,
            status: errors.isEmpty ? .ok : .unprocessableContent, scripts: ["app.js"],
            [
                "campaign": campaign.name, "organisation": campaign.organisationName,
                "path": request.uri.path,
                "left": words("join_left", count: campaign.peopleLeft),
                "now": words("join_now", count: campaign.textersNow),
                "lead": campaign.leadName.map { words("join_lead", ["name": $0]) } as Any,
                "full": campaign.isFull
                    ? words("join_full", count: campaign.textersNow) : Optional<String>.none as Any,
                "finished": campaign.isFinished, "approve": campaign.joinMode == "approve",
                "paused": ["paused", "held"].contains(campaign.state),
                "asleep": try await asleep(campaign, words) as Any, "known": here?.name as Any,
                "not_you": here.map { words("join_not_you", ["name": $0.name]) } as Any,
                "name": fields?["name"] ?? "", "login": fields?["login"] ?? "",
                "name_error": errors["name"].map { words($0) } as Any,
                "login_error": errors["login"].map { words($0) } as Any,
                "languages": languageLinks(words.language), "back_here": request.uri.path,
            ])
    }

    /// What to know at night: nobody on the list may be texted now.
    private func asleep(
        _ campaign: JoinableCampaign, _ words: Words
    ) async throws -> String? {
        guard campaign.state == "live", !campaign.isFull,
            case .asleep(let until, let zones)? = try await console.store.sendDesk.night(
                of: campaign.id, organisation: campaign.organisation)
        else { return nil }
        guard let until else { return words("nothing_asleep_text") }
        return words("join_asleep", ["wait": words.morning(until, in: zones, now: Date())])
    }

    private func begin(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        guard let campaign = try await console.joinable(context) else {
            return try await console.unknownCode(request, context)
        }
        let fields = try await request.form()
        let words = console.words(request, context)
        if fields["go_on"] != nil, let visitor = context.visitor,
            visitor.organisation == campaign.organisation
        {
            try await console.store.volunteers.seen(
                organisation: visitor.organisation, member: visitor.id, campaign: campaign.id)
            return console.redirect("/send")
        }
        var errors: [String: String] = [:]
        let name = fields["name"].map { String($0.prefix(60)) }
        if name == nil { errors["name"] = "name_missing" }
        let login = Login(fields["login"], countries: campaign.countries)
        if case .wrong(let key) = login { errors["login"] = key }
        if errors.isEmpty, !console.limits.network.allows(console.network(request, context)) {
            errors["login"] = "code_too_many"
        }
        guard errors.isEmpty, let name, let stored = login.stored else {
            return try await joinPage(
                campaign, request, context, fields: fields, errors: errors)
        }
        let details = ProofDetails(
            name: name, login: stored, language: words.language, campaign: campaign.id)
        if campaign.isFinished || campaign.isFull || fields["remind"] != nil {
            return try await remind(campaign, details, request, context, fields)
        }
        if campaign.joinMode == "open",
            let member = try await console.store.volunteers.join(
                organisation: campaign.organisation, campaign: campaign.id, details,
                isProven: false)
        {
            return try await console.signIn(
                request, organisation: campaign.organisation, member: member,
                to: "/lesson?back=\(request.uri.path)")
        }
        return try await sendCode(campaign, details, request, context, fields)
    }

    private func sendCode(
        _ campaign: JoinableCampaign, _ details: ProofDetails, _ request: Request,
        _ context: ConsoleContext, _ fields: Form?
    ) async throws -> Response {
        let code = context.parameters.get("code") ?? ""
        let delivery = try await console.sendCode(
            organisation: campaign.organisation, organisationName: campaign.organisationName,
            pool: campaign.pool, details
        ) { "/j/\(code)/\($0.text)" }
        switch delivery {
        case .sent(let proof):
            return console.redirect("/j/\(code)/\(proof.text)")
        case .failed(let key):
            return try await joinPage(
                campaign, request, context, fields: fields, errors: ["login": key])
        }
    }

    /// Notes that somebody wants to be told when they can begin.
    private func remind(
        _ campaign: JoinableCampaign, _ details: ProofDetails, _ request: Request,
        _ context: ConsoleContext, _ fields: Form
    ) async throws -> Response {
        if details.isEmail, console.notifier?.mailer == nil {
            return try await joinPage(
                campaign, request, context, fields: fields, errors: ["login": "code_no_mail"])
        }
        let words = console.words(request, context)
        // Who could begin at once said "not now"; others are told as soon as they can.
        var isNow = campaign.state == "live" && !campaign.isFull
        if isNow { isNow = try await asleep(campaign, words) == nil }
        try await console.store.volunteers.ask(
            organisation: campaign.organisation, campaign: campaign.id, kind: "reminder", details,
            due: Date(timeIntervalSinceNow: isNow ? Volunteers.later : 0))
        return noted(campaign, request, context)
    }

    private func noted(
        _ campaign: JoinableCampaign, _ request: Request, _ context: ConsoleContext
    ) -> Response {
        let words = console.words(request, context)
        return console.page(
            "join_noted", request, context, title: words("join_noted_title"),
            ["campaign": campaign.name])
    }

    /// T2: the lesson, while the code travels.
    private func lesson(
        _ request: Request, _ context: ConsoleContext, error: String? = nil
    ) async throws -> Response {
        guard let campaign = try await console.joinable(context) else {
            return try await console.unknownCode(request, context)
        }
        let words = console.words(request, context)
        let details = try await proofID(context).asyncFlatMap {
            try await console.store.proofs.details(organisation: campaign.organisation, id: $0)
        }
        let back = "/j/\(context.parameters.get("code") ?? "")"
        guard let details else {
            return console.page(
                "code_gone", request, context, title: words("code_title"), ["back": back])
        }
        let isTaught = console.isTaught(
            request, organisation: campaign.organisation, login: details.login)
        return console.page(
            "lesson", request, context,
            title: words(isTaught ? "code_title" : "lesson_title"),
            status: error == nil ? .ok : .unprocessableContent, scripts: ["app.js"],
            [
                "campaign": campaign.name, "path": request.uri.path, "back": back,
                "sent_to": words(
                    details.isEmail ? "code_mailed" : "code_texted", ["where": details.hint]),
                "error": error as Any,
                "code": error == nil ? request.query["code"] as Any : "",
                "resent": request.query["again"] != nil, "is_taught": isTaught,
                "is_first": !isTaught && error == nil,
                "not_you": words("lesson_not_you", ["name": details.name]),
            ])
    }

    private func proofID(_ context: ConsoleContext) -> UUID? {
        context.parameters.get("proof").flatMap(UUID.init(uuidString:))
    }

    private func finish(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        guard let campaign = try await console.joinable(context), let proof = proofID(context)
        else {
            return try await console.unknownCode(request, context)
        }
        let words = console.words(request, context)
        let fields = try await request.form()
        guard console.limits.network.allows("try \(console.network(request, context))") else {
            return try await lesson(request, context, error: words("code_too_many"))
        }
        let answer = try await console.store.proofs.spend(
            organisation: campaign.organisation, id: proof, code: fields["code"] ?? "")
        switch answer {
        case .wrong(let left):
            return try await lesson(request, context, error: words("code_wrong", count: left))
        case .gone: return try await lesson(request, context, error: words("code_gone"))
        case .right(let details):
            return try await letIn(details, campaign, request, context)
        }
    }

    private func letIn(
        _ details: ProofDetails, _ campaign: JoinableCampaign, _ request: Request,
        _ context: ConsoleContext
    ) async throws -> Response {
        let volunteers = console.store.volunteers
        let needsYes = campaign.joinMode == "approve"
        let member = try await volunteers.join(
            organisation: campaign.organisation, campaign: needsYes ? nil : campaign.id, details,
            isProven: true)
        guard let member else {
            let words = console.words(request, context)
            return console.page(
                "join_refused", request, context, title: words("join_refused_title"),
                status: .forbidden)
        }
        if needsYes {
            try await volunteers.ask(
                organisation: campaign.organisation, campaign: campaign.id, kind: "approval",
                details)
        }
        try await Membership.set(
            ["lesson": "1"], organisation: campaign.organisation, member: member,
            database: console.store.database)
        let taught = console.taughtCookie(
            request, organisation: campaign.organisation, login: details.login)
        return try await console.signIn(
            request, organisation: campaign.organisation, member: member, to: "/send",
            cookies: [taught])
    }

    private func again(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        guard let campaign = try await console.joinable(context), let proof = proofID(context),
            let details = try await console.store.proofs.details(
                organisation: campaign.organisation, id: proof)
        else { return try await console.unknownCode(request, context) }
        guard console.limits.network.allows(console.network(request, context)) else {
            let words = console.words(request, context)
            return try await lesson(request, context, error: words("code_too_many"))
        }
        return try await sendCode(campaign, details, request, context, nil)
    }
}

extension Optional {
    /// ``flatMap`` for a step that waits.
    func asyncFlatMap<Value>(
        _ step: (Wrapped) async throws -> Value?
    ) async rethrows -> Value? {
        guard let self else { return nil }
        return try await step(self)
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import Store

/// `/w/TOKEN`: for the person themself, without sign-in: who we are, where we have the number from,
/// what we sent, one button to stop and one to complain.
struct WhyRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/w/:token") { request, context in
            try await linked(request, context) { link, token in
                try await show(request, context.asStranger, link, token)
            }
        }
        router.post("/w/:token/stop") { request, context in
            try await linked(request, context) { link, token in
                try await console.store.personLinks.stop(link)
                return console.redirect("/w/\(token)?said=stopped")
            }
        }
        router.post("/w/:token/complain") { request, context in
            try await linked(request, context) { link, token in
                try await complain(request, context.asStranger, link, token)
            }
        }
    }

    /// Wrong tokens count against the network, so that trying them all is no way in.
    private func linked(
        _ request: Request, _ context: ConsoleContext,
        _ body: (PersonLinks.Link, String) async throws -> Response
    ) async throws -> Response {
        let token = context.parameters.get("token") ?? ""
        // Whoever is signed in here sees what the person sees, without the bar of members.
        guard let link = try await console.store.personLinks.find(token) else {
            _ = console.limits.network.allows(console.network(request, context))
            return console.notFound(request, context)
        }
        var response = try await body(link, token)
        response.headers[HTTPField.Name("X-Robots-Tag")!] = "noindex, nofollow"
        return response
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ link: PersonLinks.Link, _ token: String,
        error: String? = nil
    ) async throws -> Response {
        guard let page = try await console.store.personLinks.page(link) else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        let zone = page.zones.count == 1 ? TimeZone(identifier: page.zones[0]) ?? .gmt : .gmt
        return console.page(
            "why", request, context,
            title: words("w_title", ["organisation": link.organisationName]),
            status: error == nil ? .ok : .unprocessableContent,
            [
                "token": token, "organisation": link.organisationName, "wide": false,
                "sources": page.sources.map { source($0, words) },
                "no_source": page.sources.isEmpty,
                "texts": page.texts.map {
                    [
                        "when": "\(words.day($0.at, zone: zone)), \(words.clock($0.at, zone: zone))"
                            + (zone == .gmt ? " UTC" : ""),
                        "machine": $0.at.machine, "body": $0.body,
                    ]
                },
                "no_text": page.texts.isEmpty,
                "is_stopped": page.optedOutAt.map {
                    words("w_stopped_since", ["when": words.stamp($0)])
                } as Any,
                "just_stopped": request.query["said"] == "stopped",
                "just_complained": request.query["said"] == "complained",
                "complaints": page.complaints.map { complaint($0, words) },
                "has_complaints": !page.complaints.isEmpty,
                "error": error as Any, "languages": languageLinks(words.language),
                "back_here": "/w/\(token)",
            ])
    }

    private func source(_ source: PersonLinks.Page.Source, _ words: Words) -> [String: Any] {
        [
            "source": source.source,
            "wording": source.wording.isEmpty ? Optional<String>.none as Any : source.wording,
            "when": source.givenAt.map { words("w_given", ["date": words.date($0)]) }
                ?? words("w_recorded", ["date": words.date(source.recordedAt)]),
        ]
    }

    private func complaint(
        _ item: PersonLinks.Page.Complaint, _ words: Words
    ) -> [String: Any] {
        let state =
            if let at = item.closedAt {
                words("w_complaint_closed", ["date": words.date(at)])
            } else if let at = item.acknowledgedAt {
                words("w_complaint_seen", ["date": words.date(at)])
            } else {
                words("w_complaint_open", ["date": words.date(item.dueAt)])
            }
        return [
            "reference": String(item.id.text.prefix(13)), "state": state,
            "received": words("w_complaint_received", ["date": words.date(item.receivedAt)]),
        ]
    }

    /// Written down with its clock at once; the page itself is the receipt.
    private func complain(
        _ request: Request, _ context: ConsoleContext, _ link: PersonLinks.Link, _ token: String
    ) async throws -> Response {
        let words = console.words(request, context)
        guard console.limits.network.allows(console.network(request, context)) else {
            return try await show(request, context, link, token, error: words("w_too_many"))
        }
        let form = try await request.form()
        guard let text = form["words"] else {
            return try await show(request, context, link, token, error: words("w_words_missing"))
        }
        _ = try await console.store.cases.open(
            NewRequest(
                .complaint, by: .page, contact: link.contact,
                facts: .init(
                    words: String(text.prefix(4_000)),
                    address: String((form["address"] ?? "").prefix(200)))),
            organisation: link.organisation)
        return console.redirect("/w/\(token)?said=complained")
    }
}

extension ConsoleContext {
    /// As it would be for somebody who is not signed in.
    fileprivate var asStranger: ConsoleContext {
        var context = self
        context.visitor = nil
        return context
    }
}

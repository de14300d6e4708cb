import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Store
import Texting

/// `/o/c/ID`: a campaign as it happens, and the one big button that stops it (O4, O5).
struct BoardRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}") { request, context in
            try await console.watched(request, context) { visitor, id in
                try await show(request, context, visitor, id)
            }
        }
        router.get("/o/c/{id}/events") { request, context in
            try await console.watched(request, context) { visitor, id in
                try await follow(request, context, visitor, id)
            }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let key = BoardHub.Key(organisation: visitor.organisation, campaign: id)
        guard let facts = try await console.boards.facts(key) else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        var values = BoardPage(facts, words, visitor).values(said: request.query["said"])
        if facts.campaign.state == .live, let code = facts.campaign.code {
            values["join"] = "\(console.publicURL)/j/\(code)"
        }
        let fixes = try await console.store.suggestions.unseen(
            of: id, organisation: visitor.organisation)
        values["fixes"] = console.rows(fixes, words)
        values["has_fixes"] = !fixes.isEmpty
        return console.page(
            "board", request, context, title: facts.campaign.name, here: "campaigns",
            scripts: ["app.js", "board.js"], values)
    }

    /// Server-sent events: the whole board each time it has changed, at most once a second.
    private func follow(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let key = BoardHub.Key(organisation: visitor.organisation, campaign: id)
        guard try await console.boards.facts(key) != nil else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        let states = await console.boards.subscribe(key)
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            // After an hour the browser opens a new stream and is asked again who it is.
            let end = ContinuousClock.now + .seconds(3600)
            for await facts in states.cancelOnGracefulShutdown() {
                let data = try JSONEncoder().encode(BoardView(facts, words))
                try await writer.write(
                    ByteBuffer(string: "data: \(String(decoding: data, as: UTF8.self))\n\n"))
                if ContinuousClock.now > end { break }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store",
                HTTPField.Name("X-Accel-Buffering")!: "no",
            ], body: body)
    }
}

extension Visitor {
    /// May let a campaign go on, text people again and take data out.
    var maySteer: Bool { Role.organisers.contains(staffRole) }
}

extension Console {
    /// Runs `body` for those who may watch, with the id in the address; for others nothing is there.
    func watched(
        _ request: Request, _ context: ConsoleContext, _ roles: Set<Role> = Role.leaders,
        _ body: (Visitor, UUID) async throws -> Response
    ) async throws -> Response {
        try await staffed(request, context, roles) { visitor in
            guard let id = context.parameters.get("id").flatMap(UUID.init(uuidString:)) else {
                return notFound(request, context)
            }
            return try await body(visitor, id)
        }
    }

    /// The same for those who may steer.
    func steered(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor, UUID) async throws -> Response
    ) async throws -> Response {
        try await watched(request, context, Role.organisers, body)
    }
}

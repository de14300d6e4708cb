import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Store

/// `/events`: one stream of states per person; the state alone for who asks in JSON.
struct LiveRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/events") { request, context in
            guard let visitor = context.visitor else { return Response(status: .unauthorized) }
            let campaign = try await console.store.volunteers.campaigns(
                organisation: visitor.organisation, member: visitor.id
            ).first?.id
            if request.wantsJSON {
                return try console.json(
                    try await console.live.state(of: visitor, campaign: campaign))
            }
            return stream(await console.live.subscribe(visitor, campaign: campaign))
        }
        router.post("/push") { request, context in
            try await console.signedIn(request, context) { try await remember(request, $0) }
        }
    }

    /// Server-sent events (WHATWG HTML 9.2). Any event is the whole state, so `Last-Event-ID` has
    /// nothing to add after a gap. A comment every 20 s keeps proxies from closing it.
    private func stream(_ states: AsyncStream<LiveState>) -> Response {
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            for await text in Self.merged(states).cancelOnGracefulShutdown() {
                try await writer.write(ByteBuffer(string: text))
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

    /// States as events, with comments in between; ends after an hour, when the browser opens a
    /// new stream and is asked again who it is.
    private static func merged(_ states: AsyncStream<LiveState>) -> AsyncStream<String> {
        AsyncStream { continuation in
            let task = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for await state in states {
                            guard let data = try? JSONEncoder().encode(state) else { continue }
                            continuation.yield(
                                "event: state\ndata: \(String(decoding: data, as: UTF8.self))\n\n")
                        }
                    }
                    group.addTask {
                        for _ in 0..<180 {
                            try? await Task.sleep(for: .seconds(20))
                            if Task.isCancelled { return }
                            continuation.yield(": here\n\n")
                        }
                    }
                    await group.next()
                    group.cancelAll()
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func remember(_ request: Request, _ visitor: Visitor) async throws -> Response {
        let form = try await request.form()
        guard let endpoint = form["endpoint"],
            console.notifier?.push?.mayCall(endpoint) == true,
            case let saved = try await console.store.subscriptions.add(
                endpoint: endpoint, publicKey: form["key"] ?? "", secret: form["secret"] ?? "",
                organisation: visitor.organisation, member: visitor.id)
        else { return Response(status: .unprocessableContent) }
        var settings = ["notices": "push"]
        if let zone = form["zone"], TimeZone(identifier: zone) != nil { settings["zone"] = zone }
        try await Membership.set(
            settings, organisation: visitor.organisation, member: visitor.id,
            database: console.store.database)
        return Response(status: saved ? .noContent : .unprocessableContent)
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// `/media/TEXT/PLACE`: a picture that somebody sent, fetched by the server and typed anew
/// (reliability 6.2).
///
/// A browser that asked the provider itself would tell it who reads; and what calls itself a picture
/// may be a page. Only somebody who may see the conversation gets it; pages show it on request.
struct MediaRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/media/:text/:place") { request, context in
            try await console.signedIn(request, context) { try await show(request, context, $0) }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let pictures = console.pictures,
            let text = context.parameters.get("text").flatMap(UUID.init(uuidString:)),
            let place = context.parameters.get("place").flatMap({ Int($0) }),
            let source = try await console.store.desk.picture(text, at: place, for: visitor),
            let picture = try await pictures.picture(account: source.account, url: source.url)
        else { return console.notFound(request, context) }
        return Response(
            status: .ok,
            headers: [
                .contentType: picture.type, .cacheControl: "private, max-age=600",
                .contentSecurityPolicy: "sandbox; default-src 'none'",
                .contentDisposition: "inline",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: picture.octets)))
    }
}

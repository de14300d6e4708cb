import HTTPTypes
import Hummingbird
import NIOCore

/// Headers of every page (reliability 6.2).
///
/// `manifest-src` and the policy name are there because Chromium refuses manifest and service
/// worker without them.
struct SecurityHeaders: RouterMiddleware {
    typealias Context = ConsoleContext
    let isHTTPS: Bool

    static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
        "manifest-src 'self'", "worker-src 'self'", "trusted-types barnstorm",
        "require-trusted-types-for 'script'",
    ].joined(separator: "; ")

    func handle(
        _ request: Request, context: ConsoleContext,
        next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        // Pictures bring a narrower policy of their own.
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = Self.policy
        }
        response.headers[Self.name("X-Content-Type-Options")] = "nosniff"
        response.headers[Self.name("Referrer-Policy")] = "no-referrer"
        response.headers[Self.name("Cross-Origin-Opener-Policy")] = "same-origin"
        response.headers[Self.name("Cross-Origin-Resource-Policy")] = "same-origin"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if isHTTPS {
            response.headers[Self.name("Strict-Transport-Security")] =
                "max-age=31536000; includeSubDomains"
        }
        return response
    }

    private static func name(_ text: String) -> HTTPField.Name { HTTPField.Name(text)! }
}

/// Refuses what another site makes a browser send (Fetch metadata; see Go's CrossOriginProtection).
struct CrossOriginProtection: RouterMiddleware {
    typealias Context = ConsoleContext
    /// Scheme, host and port as browsers write them.
    let origin: String

    func handle(
        _ request: Request, context: ConsoleContext,
        next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        if [.get, .head, .options].contains(request.method) || isOurs(request) {
            return try await next(request, context)
        }
        return Response(
            status: .forbidden, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "Sent from another site.\n")))
    }

    private func isOurs(_ request: Request) -> Bool {
        if let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!] {
            return site == "same-origin" || site == "none"
        }
        return request.headers[.origin] == origin
    }
}

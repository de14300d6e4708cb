import Foundation
import Hummingbird
import Store

/// Finds out who is signed in, before any page is built.
struct VisitorMiddleware: RouterMiddleware {
    typealias Context = ConsoleContext
    let console: Console

    func handle(
        _ request: Request, context: ConsoleContext,
        next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let token = request.cookie(console.cookieName) {
            context.visitor = try await console.store.signIns.visitor(token: token)
        }
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            throw error
        } catch {
            // What went wrong is ours to read, not the visitor's: texts and numbers may be in it.
            console.logger.error(
                "A page failed.",
                metadata: [
                    "path": "\(request.uri.path)",
                    "error": "\(error)",
                ])
            let words = console.words(request, context)
            return console.page(
                "broken", request, context, title: words("broken_title"),
                status: .internalServerError)
        }
    }
}

extension Console {
    /// `__Host-` binds the cookie to this very host, which only https can promise (RFC 6265bis).
    var cookieName: String { isHTTPS ? "__Host-sid" : "sid" }

    /// The header that signs a browser in, or out with an empty token.
    func sessionCookie(_ token: String) -> String {
        let life = token.isEmpty ? 0 : Int(SignIns.lifetime)
        return "\(cookieName)=\(token); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(life)"
            + (isHTTPS ? "; Secure" : "")
    }

    /// A choice that the server must know before it draws a page; kept for a year.
    func choiceCookie(_ name: String, _ value: String) -> String {
        "\(name)=\(value); Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
            + (isHTTPS ? "; Secure" : "")
    }

    /// Where a request comes from, as a network: /24 of IPv4, /64 of IPv6.
    ///
    /// The reverse proxy's header counts only when the proxy is this machine.
    func network(_ request: Request, _ context: ConsoleContext) -> String {
        var address = context.peer?.ipAddress ?? "unknown"
        if ["127.0.0.1", "::1"].contains(address),
            let forwarded = request.headers[.init("X-Forwarded-For")!]
        {
            address =
                forwarded.split(separator: ",").last.map {
                    $0.trimmingCharacters(in: .whitespaces)
                } ?? address
        }
        let isSix = address.contains(":")
        return address.split(separator: isSix ? ":" : ".").prefix(isSix ? 4 : 3)
            .joined(separator: isSix ? ":" : ".")
    }
}

extension Visitor {
    /// May let people in and see who asks for help.
    var mayLead: Bool { ["owner", "organiser", "lead"].contains(role) }
}

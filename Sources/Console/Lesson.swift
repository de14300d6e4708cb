import Foundation
import Hummingbird
import Secrets
import Store

/// The lesson before the first text (screen T2): who has had it is never shown it again.
///
/// A member's settings remember it. Before a code proves who somebody is, only the browser may tell,
/// so that nobody learns from the card who is a member here: it keeps keyed hashes of the addresses
/// that passed on it, of several people on a shared tablet.
struct LessonRoutes: Sendable {
    let console: Console

    /// For those who begin without a code.
    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/lesson") { request, context in
            try await console.signedIn(request, context) { visitor in
                guard visitor.settings["lesson"] == nil else { return console.redirect("/send") }
                let words = console.words(request, context)
                return console.page(
                    "lesson", request, context, title: words("lesson_title"), scripts: ["app.js"],
                    [
                        "path": "/lesson", "is_first": true,
                        "leave": localAddress(request.query["back"]),
                        "not_you": words("lesson_not_you", ["name": visitor.name]),
                    ])
            }
        }
        router.post("/lesson") { request, context in
            try await console.signedIn(request, context) { visitor in
                try await Membership.set(
                    ["lesson": "1"], organisation: visitor.organisation, member: visitor.id,
                    database: console.store.database)
                return console.redirect("/send")
            }
        }
    }
}

extension Console {
    /// The most people whom one browser remembers.
    private static let taughtMax = 12

    /// An address as the cookie knows it: of no use to whoever reads it.
    private func mark(_ organisation: Int32, _ login: String) -> String {
        let text = Array("lesson \(organisation) \(login)".utf8)
        return Array(HMAC.sha256(key: store.secret.key(.numberHash), text).prefix(9)).base64URL
    }

    private func taught(_ request: Request) -> [String] {
        (request.cookie("taught") ?? "").split(separator: ".").map(String.init)
    }

    /// Whether somebody with that address passed the lesson on this browser.
    func isTaught(_ request: Request, organisation: Int32, login: String) -> Bool {
        taught(request).contains(mark(organisation, login))
    }

    /// Remembers it from now on, as long as the browser keeps a cookie.
    func taughtCookie(_ request: Request, organisation: Int32, login: String) -> String {
        let mark = mark(organisation, login)
        let others = taught(request).filter { $0 != mark }
        return choiceCookie(
            "taught", ([mark] + others).prefix(Self.taughtMax).joined(separator: "."))
    }
}

import Hummingbird

/// `/pieces`: every piece of the design system in every state, for whoever builds a page.
struct PieceRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/pieces") { request, context in
            let words = console.words(request, context)
            return console.page(
                "pieces", request, context, title: words("pieces_title"), scripts: ["app.js"])
        }
    }
}

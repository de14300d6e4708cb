import Foundation
import Hummingbird
import NIOCore

/// Styles, modules, icon, manifest and service worker.
struct AssetRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/assets/:version/:name") { _, context in
            let keeps = context.parameters.get("version") == console.assets.version
            guard let name = context.parameters.get("name"),
                let response = console.assets.response(name, keeps: keeps)
            else { return Response(status: .notFound) }
            return response
        }
        router.get("/sw.js") { _, _ in worker() }
        router.get("/manifest.webmanifest") { _, _ in manifest() }
        router.get("/favicon.ico") { _, _ in
            console.assets.response("icon.svg", keeps: false) ?? Response(status: .notFound)
        }
    }

    /// At the root, because a worker's reach is its own folder; its cache carries the version.
    private func worker() -> Response {
        guard let source = console.assets.text("sw.js") else { return Response(status: .notFound) }
        let text = source.replacing("VERSION", with: console.assets.version)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/javascript; charset=utf-8", .cacheControl: "no-cache",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func manifest() -> Response {
        let text = """
            {"name": "Barnstorm", "short_name": "Barnstorm", "start_url": "/send", "scope": "/",
             "display": "standalone", "background_color": "#faf8f4", "theme_color": "#0a5a66",
             "icons": [{"src": "\(console.assets.address("icon.svg"))", "sizes": "any",
                        "type": "image/svg+xml", "purpose": "any"}]}
            """
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/manifest+json", .cacheControl: "public, max-age=3600",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

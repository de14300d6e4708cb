import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// `/o/c/ID/export`: campaign data as a file that begins at once (O7).
struct ExportRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/export") { request, context in
            try await console.steered(request, context) { visitor, id in
                try await ask(request, context, visitor, id)
            }
        }
        // A form, because it leaves a line in the ledger.
        router.post("/o/c/{id}/export") { request, context in
            try await console.steered(request, context) { visitor, id in
                try await send(request, context, visitor, id)
            }
        }
    }

    private func ask(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let key = BoardHub.Key(organisation: visitor.organisation, campaign: id)
        guard let facts = try await console.boards.facts(key) else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        return console.page(
            "export", request, context, title: words("export_title"), here: "campaigns",
            scripts: ["app.js"],
            [
                "id": id.text, "campaign": facts.campaign.name,
                "kinds": ExportKind.allCases.enumerated().map { place, kind in
                    [
                        "kind": kind.rawValue, "label": words("export_\(kind.rawValue)"),
                        "hint": words("export_\(kind.rawValue)_hint"), "chosen": place == 0,
                    ]
                },
            ])
    }

    private func send(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let form = try await request.form()
        guard let kind = form["kind"].flatMap(ExportKind.init(rawValue:)) else {
            return console.notFound(request, context)
        }
        let wish = Exports.Request(
            organisation: visitor.organisation, campaign: id, kind: kind,
            withNumbers: form["numbers"] == "yes", member: visitor.id)
        guard let campaign = try? await console.store.exports.begin(wish) else {
            return console.notFound(request, context)
        }
        let pieces = console.store.exports.pieces(wish)
        let body = ResponseBody { writer in
            // A file cut short ends without the last chunk, so a browser knows that it is not whole.
            while let piece = try await pieces.next() {
                try await writer.write(ByteBuffer(bytes: piece))
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8; header=present",
                .contentDisposition: Self.attachment(campaign.name, kind),
                HTTPField.Name("X-Accel-Buffering")!: "no",
            ], body: body)
    }

    /// A file name of letters, digits and hyphens only.
    private static func attachment(_ campaign: String, _ kind: ExportKind) -> String {
        let safe = campaign.lowercased().map {
            $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-"
        }
        let name = String(safe).split(separator: "-").joined(separator: "-").prefix(60)
        return
            "attachment; filename=\"\(name.isEmpty ? "campaign" : String(name))-\(kind.rawValue).csv\""
    }
}

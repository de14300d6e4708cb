import Foundation
import Hummingbird
import NIOCore
import Store

/// `/k/list`: people who had stopped before they were ours: a CSV file or what was pasted, with a note
/// of its source.
struct OptOutListRoutes: Sendable {
    let console: Console

    /// About 100,000 numbers; longer lists go by the command.
    static let bytesMax = 2_000_000
    /// About a million numbers, some minutes of work.
    static let fileMax = 20_000_000

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k/list") { request, context in
            try await console.compliant(request, context) { _ in page(request, context) }
        }
        router.post("/k/list") { request, context in
            try await console.compliant(request, context) { try await load(request, context, $0) }
        }
        router.post("/k/list/upload") { request, context in
            try await console.compliant(request, context) { try await upload(request, context, $0) }
        }
    }

    private func upload(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let file: MultipartFile
        do {
            file = try await MultipartFile.receive(
                request, into: console.uploads.makeFolder(), limit: Self.fileMax)
        } catch MultipartFile.Failure.tooLarge {
            return page(request, context, error: words("k_list_large"))
        } catch is MultipartFile.Failure {
            return page(request, context, error: words("k_list_missing"))
        }
        defer { try? FileManager.default.removeItem(atPath: file.path) }
        let source = file.fields["source"].map {
            $0.replacing("\0", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard let source, !source.isEmpty else {
            return page(request, context, error: words("k_list_missing"))
        }
        return try await stop(
            request, context, visitor, path: file.path, name: file.name,
            source: String(source.prefix(200)), list: nil)
    }

    private func page(
        _ request: Request, _ context: ConsoleContext, source: String? = nil, list: String? = nil,
        error: String? = nil, report: OptOutListReport? = nil
    ) -> Response {
        let words = console.words(request, context)
        return console.compliancePage(
            "compliance_list", request, context, title: words("k_list_title"), at: "list",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "source": source ?? "", "list": list ?? "", "open": list != nil,
                "error": error as Any,
                "report": report.map { report in
                    [
                        "stopped": words("k_list_stopped", count: report.stopped),
                        "already": words("k_list_already", count: report.already),
                        "rejected": words("k_list_rejected", count: report.rejected.count),
                        "sha256": report.sha256, "line": "\(report.line)",
                        "rows": report.rejected.prefix(50).map {
                            ["row": "\($0.row)", "why": $0.reason.replacing("_", with: " ")]
                        },
                    ] as [String: Any]
                } as Any,
            ])
    }

    private func load(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let form = try await request.form(limit: Self.bytesMax)
        let (source, list) = (form["source"], form["list"])
        guard let source, let list else {
            return page(
                request, context, source: source, list: list, error: words("k_list_missing"))
        }
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("barnstorm-list-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(list.utf8), attributes: [.posixPermissions: 0o600])
        else { throw InvalidInput("The list cannot be kept for a moment: is the disk full?") }
        return try await stop(
            request, context, visitor, path: path, name: "pasted list", source: source, list: list)
    }

    private func stop(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, path: String,
        name: String, source: String, list: String?
    ) async throws -> Response {
        let words = console.words(request, context)
        do {
            let report = try await console.store.optOutLists.load(
                path: path, fileName: name, source: source,
                organisation: visitor.organisation, regions: visitor.countries, by: visitor.id)
            return page(request, context, report: report)
        } catch is InvalidInput {
            return page(
                request, context, source: source, list: list, error: words("k_list_unreadable"))
        }
    }
}

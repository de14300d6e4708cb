import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Secrets
import Store

/// `/k/p/ID/proof`: every line about a person with its proof against a signed head, to be verified
/// outside the house by the stand-alone script.
struct ProofRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.post("/k/p/:person/proof") { request, context in
            try await console.compliant(request, context) { try await prove(request, context, $0) }
        }
    }

    /// The export's own line comes first, so that the bundle proves it too.
    private func prove(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let id = context.person else { return console.notFound(request, context) }
        let house = visitor.organisation
        let heads = try LedgerHeads(
            database: console.store.database, seed: console.store.secret.key(.signing))
        var lines = try await heads.lines(of: id.text, organisation: house)
        guard !lines.isEmpty else { return console.notFound(request, context) }
        lines.append(
            try await console.store.reveals.export(
                "proof", filter: ["person": id.text], for: visitor,
                network: console.network(request, context)))
        let bundle = try await heads.prove(lines, organisation: house)
        return Self.file("proof-\(id.text.prefix(8)).json", try Self.encode(bundle))
    }

    /// Sorted keys, so that the same facts give the same bytes.
    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return try encoder.encode(value)
    }

    /// A JSON file to keep.
    static func file(_ name: String, _ bytes: Data) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "application/json",
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

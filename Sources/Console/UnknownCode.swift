import Foundation
import Hummingbird
import Store

extension Console {
    /// The campaign whose code stands in the address; nil for an unknown code and for drafts.
    func joinable(_ context: ConsoleContext) async throws -> JoinableCampaign? {
        guard let code = context.parameters.get("code"), code.utf8.count <= 64,
            let plain = code.removingPercentEncoding
        else { return nil }
        return try await store.volunteers.campaign(code: plain)
    }

    /// What a code that nobody has leads to.
    func unknownCode(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let words = words(request, context)
        return page(
            "join_unknown", request, context, title: words("join_unknown_title"),
            status: .notFound)
    }
}

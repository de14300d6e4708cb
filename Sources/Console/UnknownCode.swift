import Foundation
import Hummingbird
import Store
import Texting

extension Console {
    /// The campaign whose code stands in the address; nil for an unknown code and for drafts.
    func joinable(_ context: ConsoleContext) async throws -> JoinableCampaign? {
        guard let code = typedCode(context) else { return nil }
        return try await store.volunteers.campaign(code: code)
    }

    private func typedCode(_ context: ConsoleContext) -> String? {
        guard let code = context.parameters.get("code"), code.utf8.count <= 64 else { return nil }
        return code.removingPercentEncoding
    }

    /// What a code that nobody has leads to: up to three sessions that one can join.
    ///
    /// Only those that their organisers declared findable, so that codes cannot be fished for. The one
    /// whose code is a slip away comes first, then what is open now, then what opens later.
    func unknownCode(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let words = words(request, context)
        let found = try await nearby(request, context, words)
        return page(
            "join_unknown", request, context, title: words("join_unknown_title"),
            status: .notFound, ["sessions": found, "has_sessions": !found.isEmpty])
    }

    /// How many are looked at more closely, to show three.
    private static let looks = 12

    private func nearby(
        _ request: Request, _ context: ConsoleContext, _ words: Words
    ) async throws -> [[String: Any]] {
        guard limits.network.allows("lost \(network(request, context))") else { return [] }
        let typed = typedCode(context) ?? ""
        let all = try await store.volunteers.openSessions()
        let likely = all.filter { Slip.isOne(typed, of: $0.code) }
        let others = all.filter { !Slip.isOne(typed, of: $0.code) }
        var found: [(rank: Int, values: [String: Any])] = []
        for (place, session) in (likely + others).prefix(Self.looks).enumerated() {
            let isLikely = place < likely.count
            let later = try await opensLater(session, words)
            found.append(
                (
                    (isLikely ? 0 : 2) + (later == nil ? 0 : 1),
                    [
                        "code": session.code.addingPercentEncoding(
                            withAllowedCharacters: .alphanumerics) ?? "",
                        "campaign": session.name, "organisation": session.organisationName,
                        "likely": isLikely, "later": later as Any,
                    ]
                ))
        }
        // Sorting is not stable in Swift: what ranks alike stays in the order of the store.
        return found.enumerated().sorted {
            ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
        }
        .prefix(3).map(\.element.values)
    }

    /// When a session goes on that cannot go on now; nil for one that is open.
    private func opensLater(_ session: OpenSession, _ words: Words) async throws -> String? {
        guard session.state == "live" else { return words("found_paused") }
        guard
            case .asleep(let until, let zones)? = try await store.sendDesk.night(
                of: session.campaign, organisation: session.organisation)
        else { return nil }
        guard let until else { return words("found_tomorrow") }
        return words("found_asleep", ["wait": words.morning(until, in: zones, now: Date())])
    }
}

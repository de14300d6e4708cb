import Curl
import Foundation
import Providers
import Store

/// A provider's own list of texts, read page by page.
struct ProviderList: Sendable {
    /// More pages than any day of one number has; an answer that goes round in circles ends here.
    static let pagesMax = 500

    let account: HookAccount
    let engine: CurlEngine

    /// Texts of one number since an instant (seconds since 1970), oldest first.
    ///
    /// - Returns: nil if the list could not be read to its end; empty if the provider has none.
    func texts(
        of number: String, inbound: Bool, service: String? = nil, since: Double, until: Double
    ) async -> [ListedText]? {
        var texts: [ListedText] = []
        for day in Self.days(from: since, to: until) {
            let query =
                inbound
                ? LookUp(to: "", from: number, service: nil, day: day, inbound: true)
                : LookUp(to: "", from: number, service: service, day: day)
            guard let listed = await self.texts(query, since: since) else { return nil }
            texts += listed.filter { $0.isInbound == inbound }
        }
        return texts
    }

    private func texts(_ first: LookUp, since: Double) async -> [ListedText]? {
        var query = first
        var texts: [ListedText] = []
        for _ in 0..<Self.pagesMax {
            guard let request = account.provider.lookUpRequest(query) else { return [] }
            guard case .response(let response) = await engine.perform(request),
                let page = try? account.provider.lookUpAnswer(response)
            else { return nil }
            texts += page.texts.filter { $0.createdAt >= since }
            // Newest first: a page that ends before the span is the last one that matters.
            guard let next = page.next, page.texts.last.map({ $0.createdAt >= since }) ?? false
            else { return texts.reversed() }
            query.page = next
        }
        return nil
    }

    /// UTC days from one instant to another, as `YYYY-MM-DD`, oldest first.
    static func days(from start: Double, to end: Double) -> [String] {
        let style = Date.ISO8601FormatStyle().year().month().day()
        let first = Int((start / 86_400).rounded(.down))
        let last = Int((end / 86_400).rounded(.down))
        return (first...max(first, last)).map {
            Date(timeIntervalSince1970: Double($0) * 86_400).formatted(style)
        }
    }
}

extension Arrival {
    /// A text that was found in the provider's list; nil if the list lacks what a webhook would tell.
    init?(found text: ListedText, _ account: HookAccount) {
        guard let key = text.key, !text.from.isEmpty, !text.to.isEmpty else { return nil }
        self.init(
            account: account.id, key: key, providerID: text.providerID, from: text.from,
            to: text.to, body: text.body ?? "", media: [], mark: nil,
            providerAnswered: account.provider.answersStopItself,
            receivedAt: Date(timeIntervalSince1970: text.createdAt),
            raw: RawWebhook(
                account: account.id, isInbound: true, contentType: "text/plain",
                target: "look-up \(text.providerID)", body: Array((text.body ?? "").utf8)))
    }
}

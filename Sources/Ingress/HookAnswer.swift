import Metrics
import Providers

/// What a webhook is answered with.
package enum HookAnswer: Sendable {
    /// Committed, in the provider's own form.
    case done(WebhookAnswer)
    case notFound
    case wrongMethod
    case forged
    /// Genuine, but we cannot read it; it is kept.
    case unreadable
    case tooLarge
    /// Nothing was committed; the provider should repeat it.
    case unavailable

    package var status: Int {
        switch self {
        case .done(let answer): answer.status
        case .notFound: 404
        case .wrongMethod: 405
        case .forged: 403
        case .unreadable: 400
        case .tooLarge: 413
        case .unavailable: 503
        }
    }

    package var contentType: String? {
        if case .done(let answer) = self { answer.contentType } else { nil }
    }

    package var body: [UInt8] { if case .done(let answer) = self { answer.body } else { [] } }

    /// `barnstorm_webhooks_total` by result: forgeries are watched by it.
    var counter: Counter {
        switch self {
        case .done: Self.doneCounter
        case .notFound: Self.notFoundCounter
        case .wrongMethod: Self.wrongMethodCounter
        case .forged: Self.forgedCounter
        case .unreadable: Self.unreadableCounter
        case .tooLarge: Self.tooLargeCounter
        case .unavailable: Self.unavailableCounter
        }
    }

    private static let doneCounter = counter("done")
    private static let notFoundCounter = counter("unknown_address")
    private static let wrongMethodCounter = counter("wrong_method")
    private static let forgedCounter = counter("forged")
    private static let unreadableCounter = counter("unreadable")
    private static let tooLargeCounter = counter("too_large")
    private static let unavailableCounter = counter("unavailable")

    private static func counter(_ result: String) -> Counter {
        Counter(label: "barnstorm_webhooks_total", dimensions: [("result", result)])
    }
}

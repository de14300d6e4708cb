import Curl
import Foundation
import Providers
import Store
import Support
import Synchronization

/// A provider with the plainest API there is: `POST /texts`, answered `201 id`.
struct PlainProvider: Provider {
    static let name = "plain"
    let url: String
    /// Whether it lists what was sent, at `GET /list`: lines of id, to, from and body.
    let lists: Bool

    init(account: ProviderAccount) { self.init(url: account.apiURL) }
    init(url: String, lists: Bool = false) {
        self.url = url
        self.lists = lists
    }

    func request(for text: OutboundText) -> HTTPRequest {
        HTTPRequest(
            url: url + "/texts",
            body: Array(
                "\(text.to)\n\(text.from)\n\(text.token)\n\(text.body)\n\(text.validity / .seconds(1))"
                    .utf8),
            timeout: .seconds(30))
    }

    func outcome(of result: HTTPResult) -> SendOutcome {
        switch result {
        case .response(let answer):
            let word = String(decoding: answer.body, as: UTF8.self)
            switch answer.status {
            case 201: return .accepted(providerID: word)
            case 400: return .rejected(code: word, kind: word == "stop" ? .optedOut : .recipient)
            case 401: return .unsent(code: word, pause: .accountClosed)
            case 429: return .unsent(code: word, pause: .sender(after: .milliseconds(200)))
            default: return .unknown(code: word)
            }
        case .notSent(let code, _): return .unsent(code: "curl \(code)", pause: .none)
        case .gateClosed: return .unsent(code: "gate", pause: .none)
        case .ambiguous(let code, _, _): return .unknown(code: "curl \(code)")
        }
    }

    func lookUpRequest(_ query: LookUp) -> HTTPRequest? {
        lists ? HTTPRequest(method: "GET", url: url + "/list", body: []) : nil
    }
    func lookUpAnswer(_ response: HTTPResponse) throws -> LookUpPage {
        guard response.status == 200 else { throw ProviderAnswerError("\(response.status)") }
        let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
        let texts = lines.map { line in
            let words = line.split(separator: "|").map(String.init)
            return ListedText(
                providerID: words[0], from: words[2], to: words[1], body: words[3],
                createdAt: Date().timeIntervalSince1970, status: nil, code: nil, isInbound: false)
        }
        return .init(texts: texts, next: nil)
    }
    func isGenuine(_ webhook: Webhook) -> Bool { false }
    func events(in webhook: Webhook) throws -> [ProviderEvent] { [] }
    var webhookAnswer: WebhookAnswer { .init(status: 204, contentType: nil, body: []) }
    func webhookAddressesRequest() -> HTTPRequest? { nil }
    func webhookAddresses(in response: HTTPResponse) throws -> [String: ConfiguredAddresses] { [:] }
    var answersStopItself: Bool { false }
}

/// What a carrier of the tests saw: whole texts, with the instant their last byte came.
final class CarrierLog: Sendable {
    struct Entry: Sendable {
        var to: String
        var from: String
        var body: String
        /// How long the carrier may keep it, in seconds.
        var validity: Double
        var at: BootInstant
    }
    private let entries = Mutex<[Entry]>([])

    var all: [Entry] { entries.withLock { $0 } }

    /// - Returns: the number of this text, counted from 1.
    @discardableResult
    func note(_ request: TestServer.Request) -> Int {
        let lines = String(decoding: request.body, as: UTF8.self).components(separatedBy: "\n")
        return entries.withLock {
            $0.append(
                Entry(
                    to: lines[0], from: lines[1], body: lines[3],
                    validity: Double(lines[4]) ?? 0,
                    at: .now() + -request.age))
            return $0.count
        }
    }

    /// Numbers that were texted more than once.
    var doubled: [String] {
        Dictionary(grouping: all, by: \.to).filter { $0.value.count > 1 }.map(\.key)
    }
}

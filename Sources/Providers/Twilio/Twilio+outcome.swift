import Curl
import Foundation
import Texting

extension Twilio {
    package func cause(of code: String) -> FailureCause { TwilioErrors.cause(code) }

    package func outcome(of result: HTTPResult) -> SendOutcome {
        switch result {
        case .response(let response): outcome(of: response)
        case .gateClosed: .unsent(code: "gate", pause: .none)
        case .notSent(let code, _): .unsent(code: "curl-\(code)", pause: .account(after: nil))
        case .ambiguous(let code, _, let partial):
            // An answer cut off behind its id still proves that the text was taken.
            partial.flatMap(Self.acceptedID).map(SendOutcome.accepted(providerID:))
                ?? .unknown(code: "curl-\(code)")
        }
    }

    /// Twilio's own code first, the HTTP status second: 429 alone has four meanings.
    private func outcome(of response: HTTPResponse) -> SendOutcome {
        let status = response.status
        if (200..<300).contains(status) {
            return Self.acceptedID(response).map(SendOutcome.accepted(providerID:))
                ?? .unknown(code: "http-\(status)-without-sid")
        }
        // Asked for longer than an hour, look again after one: the header may be broken.
        let pause = response.header("Retry-After").flatMap { RetryAfter.pause($0, now: Date()) }
            .map { min($0, .seconds(3_600)) }
        let code = Self.errorCode(response)
        if let code, let known = TwilioErrors.outcome(code: code, pause: pause) { return known }
        let text = code.map(String.init) ?? "http-\(status)"
        return switch status {
        // Refused at the door, by whoever stands there.
        case 429: .unsent(code: text, pause: .account(after: pause))
        case 401, 403: .unsent(code: text, pause: .accountClosed)
        case 408, 409: .unknown(code: text)
        // A refusal of Twilio's own, though its code is new to us; without one it is somebody else's
        // page and proves nothing.
        case 400..<500 where code != nil: .rejected(code: text, kind: .message)
        default: .unknown(code: text)
        }
    }

    /// The `sid` of a successful answer, if one is in it.
    private static func acceptedID(_ response: HTTPResponse) -> String? {
        guard (200..<300).contains(response.status),
            let sid = FlatJSON.members(["sid"], of: response.body).values[0], !sid.isEmpty
        else { return nil }
        return sid
    }

    /// `code` of either error form (the classic one and RFC 9457), if the document is whole.
    private static func errorCode(_ response: HTTPResponse) -> Int? {
        let answer = FlatJSON.members(["code"], of: response.body)
        guard answer.isComplete else { return nil }
        return answer.values[0].flatMap { Int($0) }
    }
}

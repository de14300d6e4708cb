import Curl
import Foundation
import Secrets

/// Hands mail to one SMTP server.
package struct Mailer: Sendable {
    private let engine: CurlEngine
    private let server: URLComponents
    private let from: String

    /// - Parameters:
    ///   - url: `smtp://user:password@host:587?from=texts@example.org` or `smtps://…`; `from` is
    ///     the sender's address, by default the user.
    /// - Throws: ``BadMailServer`` for an address that is none.
    package init(url: String, engine: CurlEngine) throws(BadMailServer) {
        guard let server = URLComponents(string: url), ["smtp", "smtps"].contains(server.scheme),
            server.host?.isEmpty == false
        else { throw BadMailServer() }
        let given = server.queryItems?.first { $0.name == "from" }?.value ?? server.user
        guard let from = given, from.contains("@"), Mail.isAddress(from) else {
            throw BadMailServer()
        }
        self.engine = engine
        self.server = server
        self.from = from
    }

    /// Hands one mail over.
    ///
    /// - Returns: whether the server took it. Nothing is tried twice here: codes are asked for
    ///   again by people, digests by the next round.
    package func send(_ mail: Mail) async -> Bool {
        var bare = URLComponents()
        bare.scheme = server.scheme
        bare.host = server.host
        bare.port = server.port
        guard let address = bare.string else { return false }
        let request = MailRequest(
            url: address, from: from, to: [mail.to], message: mail.bytes(from: from),
            user: server.user, password: server.password,
            requiresTLS: !["127.0.0.1", "localhost", "::1"].contains(server.host ?? ""))
        guard case .response(let response) = await engine.sendMail(request) else { return false }
        return (200..<300).contains(response.status)
    }
}

/// BARNSTORM_SMTP_URL names no mail server.
package struct BadMailServer: Error, CustomStringConvertible {
    package let description = """
        The mail server is not of the form smtp://user:password@host:587?from=name@example.org; \
        correct BARNSTORM_SMTP_URL.
        """
}

/// One mail in plain text.
package struct Mail: Sendable {
    package var to: String
    package var subject: String
    package var text: String

    /// - Returns: nil for an address with space, control characters or brackets, which could
    ///   smuggle headers or recipients in.
    package init?(to: String, subject: String, text: String) {
        guard Self.isAddress(to) else { return nil }
        self.to = to
        self.subject = subject
        self.text = text
    }

    /// RFC 5322: headers, empty line, body; all as base64 of UTF-8, so that no line is too long.
    func bytes(from: String, at moment: Date = Date()) -> [UInt8] {
        let subject = "=?UTF-8?B?\(Array(self.subject.utf8).base64)?="
        let body = Array(text.replacing("\n", with: "\r\n").utf8).base64
        let lines = stride(from: 0, to: body.utf8.count, by: 76).map { start in
            String(body.dropFirst(start).prefix(76))
        }
        let message = [
            "From: Barnstorm <\(from)>", "To: <\(to)>", "Subject: \(subject)",
            "Date: \(Self.date(moment))",
            "Message-ID: <\(Token.random(bytes: 16).hex)@\(from.split(separator: "@").last ?? "")>",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64", "Auto-Submitted: auto-generated", "",
        ]
        return Array((message + lines + [""]).joined(separator: "\r\n").utf8)
    }

    /// Whether `text` looks like an address and cannot smuggle headers in.
    package static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
            && !text.unicodeScalars.contains {
                $0.value <= 0x20 || "<>,;:\"\\()[]".unicodeScalars.contains($0)
            }
    }

    /// `Sat, 21 Nov 2026 18:12:00 +0000`, RFC 5322 section 3.3.
    private static func date(_ moment: Date) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss Z"
        return format.string(from: moment)
    }
}

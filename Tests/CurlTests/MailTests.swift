import Support
import Testing

@testable import Curl

@Suite struct MailTests {
    private let engine = CurlEngine(maximumInFlight: 2)
    private let words = Array("Subject: Hello\r\n\r\nGood morning.\r\n".utf8)

    /// Speaks just enough SMTP and notes what it hears.
    private func makeServer(
        _ heard: @escaping @Sendable (String) -> Void, recipientReply: String = "250 ok"
    ) throws -> TestServer {
        try TestServer { peer in
            peer.write("220 test\r\n")
            var isData = false
            while let line = peer.readLine() {
                heard(line)
                if isData {
                    if line == "." {
                        isData = false
                        peer.write("250 queued\r\n")
                    }
                    continue
                }
                switch line.prefix(4).uppercased() {
                case "EHLO": peer.write("250-test\r\n250 8BITMIME\r\n")
                case "RCPT": peer.write(recipientReply + "\r\n")
                case "DATA":
                    isData = true
                    peer.write("354 go on\r\n")
                case "QUIT": peer.write("221 bye\r\n")
                default: peer.write("250 ok\r\n")
                }
            }
        }
    }

    private func mail(_ server: TestServer, to: [String] = ["b@example.org"]) -> MailRequest {
        MailRequest(
            url: "smtp://127.0.0.1:\(server.port)", from: "a@example.org", to: to, message: words,
            requiresTLS: false)
    }

    @Test func `a mail reaches every recipient`() async throws {
        let heard = Box<[String]>([])
        let server = try makeServer { line in heard.change { $0.append(line) } }
        let result = await engine.sendMail(mail(server, to: ["b@example.org", "c@example.org"]))
        #expect(result.whole?.status == 250, "\(result)")
        let lines = heard.value
        #expect(lines.contains { $0.hasPrefix("MAIL FROM:<a@example.org>") })
        #expect(lines.contains("RCPT TO:<b@example.org>"))
        #expect(lines.contains("RCPT TO:<c@example.org>"))
        #expect(lines.contains("Good morning."))
    }

    @Test func `a refused recipient proves that nothing was sent`() async throws {
        let server = try makeServer({ _ in }, recipientReply: "550 unknown")
        guard case .notSent(_, let reason) = await engine.sendMail(mail(server)) else {
            Issue.record("sent")
            return
        }
        #expect(reason.contains("550"))
    }

    @Test func `without TLS a mail that requires it is not sent`() async throws {
        let server = try makeServer { _ in }
        var mail = mail(server)
        mail.requiresTLS = true
        #expect(await engine.sendMail(mail).notSentCode == 64)
    }

    @Test func `an address cannot smuggle a command`() async throws {
        let server = try makeServer { _ in }
        for address in ["b@example.org\r\nRCPT TO:<x@example.org>", ""] {
            let result = await engine.sendMail(mail(server, to: address.isEmpty ? [] : [address]))
            #expect(result.notSentCode == 43)
        }
        #expect(server.connectionCount == 0)
    }

    @Test func `one engine carries mail and HTTP by turns`() async throws {
        let engine = CurlEngine(maximumInFlight: 1)
        let post = try makeServer { _ in }
        let web = try TestServer.answering { .init(body: "\($0.method) \($0.body.count)") }
        for _ in 0..<3 {
            #expect(await engine.sendMail(mail(post)).whole?.status == 250)
            let result = await engine.perform(HTTPRequest(url: web.url, body: [1, 2]))
            #expect(result.text == "POST 2")
        }
    }
}

import Support
import Testing

@testable import Curl

@Suite struct MailTests {
    private let engine = CurlEngine(maximumInFlight: 2)
    private let words = Array("Subject: Hello\r\n\r\nGood morning.\r\n".utf8)

    private func mail(_ server: MailServer, to: [String] = ["b@example.org"]) -> MailRequest {
        MailRequest(
            url: "smtp://127.0.0.1:\(server.port)", from: "a@example.org", to: to, message: words,
            requiresTLS: false)
    }

    @Test func `a mail reaches every recipient`() async throws {
        let server = try MailServer()
        let result = await engine.sendMail(mail(server, to: ["b@example.org", "c@example.org"]))
        #expect(result.whole?.status == 250, "\(result)")
        let lines = server.lines
        #expect(lines.contains { $0.hasPrefix("MAIL FROM:<a@example.org>") })
        #expect(lines.contains("RCPT TO:<b@example.org>"))
        #expect(lines.contains("RCPT TO:<c@example.org>"))
        #expect(lines.contains("Good morning."))
    }

    @Test func `a refused recipient proves that nothing was sent`() async throws {
        let server = try MailServer(recipientReply: "550 unknown")
        guard case .notSent(_, let reason) = await engine.sendMail(mail(server)) else {
            Issue.record("sent")
            return
        }
        #expect(reason.contains("550"))
    }

    @Test func `without TLS a mail that requires it is not sent`() async throws {
        let server = try MailServer()
        var mail = mail(server)
        mail.requiresTLS = true
        #expect(await engine.sendMail(mail).notSentCode == 64)
    }

    @Test func `an address cannot smuggle a command`() async throws {
        let server = try MailServer()
        for address in ["b@example.org\r\nRCPT TO:<x@example.org>", ""] {
            let result = await engine.sendMail(mail(server, to: address.isEmpty ? [] : [address]))
            #expect(result.notSentCode == 43)
        }
        #expect(server.connectionCount == 0)
    }

    @Test func `one engine carries mail and HTTP by turns`() async throws {
        let engine = CurlEngine(maximumInFlight: 1)
        let post = try MailServer()
        let web = try TestServer.answering { .init(body: "\($0.method) \($0.body.count)") }
        for _ in 0..<3 {
            #expect(await engine.sendMail(mail(post)).whole?.status == 250)
            let result = await engine.perform(HTTPRequest(url: web.url, body: [1, 2]))
            #expect(result.text == "POST 2")
        }
    }
}

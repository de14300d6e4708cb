import Support
import Testing

@testable import Curl

@Suite struct CurlEngineTests {
    private let engine = CurlEngine(maximumInFlight: 10)

    @Test func `posts a body once and gives the whole answer`() async throws {
        let server = try TestServer.answering { request in
            .init(
                201, headers: ["X-Seen: \(request.method) \(request.target)"],
                body: String(decoding: request.body, as: UTF8.self)
                    + request.headers["x-a", default: ""])
        }
        let response = try #require(
            await engine.perform(
                HTTPRequest(
                    url: server.url + "/a?b=c", headers: ["X-A: 1"], body: Array("hello".utf8))
            ).whole)
        #expect(response.status == 201)
        #expect(response.header("x-seen") == "POST /a?b=c")
        #expect(response.body == Array("hello1".utf8))
        #expect(!response.isTruncated)
    }

    @Test(arguments: ["GET", "DELETE", "PUT", "POST"])
    func `sends other methods, with and without a body, over one handle`(method: String)
        async throws
    {
        let server = try TestServer.answering { request in
            .init(body: "\(request.method) \(request.body.count)")
        }
        let engine = CurlEngine(maximumInFlight: 1)
        for body in [[], [1, 2, 3], [], [4]] as [[UInt8]] {
            let result = await engine.perform(
                HTTPRequest(method: method, url: server.url, body: body))
            #expect(result.text == "\(method) \(body.count)")
        }
        #expect(server.connectionCount == 1)
    }

    @Test func `a large body arrives whole, without Expect`() async throws {
        let server = try TestServer.answering { request in
            .init(body: "\(request.body.count) \(request.headers["expect"] ?? "none")")
        }
        let body = [UInt8](repeating: 7, count: 5_000_000)
        let result = await engine.perform(HTTPRequest(url: server.url, body: body))
        #expect(result.text == "5000000 none")
    }

    @Test func `connections are kept, and no more are made than may be in flight`() async throws {
        let server = try TestServer.answering { _ in .init(body: "ok") }
        let engine = engine
        await withTaskGroup { group in
            for _ in 0..<300 {
                group.addTask {
                    let result = await engine.perform(HTTPRequest(url: server.url, body: [1]))
                    #expect(result.text == "ok")
                }
            }
        }
        #expect((1...10).contains(server.connectionCount))
    }

    @Test func `a redirect is an answer, not an order`() async throws {
        let server = try TestServer.answering { request in
            request.target == "/" ? .init(302, headers: ["Location: /elsewhere"]) : .init(200)
        }
        let result = await engine.perform(HTTPRequest(url: server.url + "/", body: [1]))
        #expect(result.whole?.status == 302)
    }

    @Test func `a 417 is an answer, and nothing is sent again`() async throws {
        let seen = Box(0)
        let server = try TestServer.answering { _ in
            seen.change { $0 += 1 }
            return .init(417)
        }
        let result = await engine.perform(
            HTTPRequest(url: server.url, body: [UInt8](repeating: 1, count: 2_000_000)))
        #expect(result.whole?.status == 417)
        #expect(seen.value == 1)
    }

    @Test func `what comes before the answer is no answer`() async throws {
        let server = try TestServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
            peer.write(.init(200, headers: ["X-Late: 1"], body: "ok"))
        }
        let response = await engine.perform(HTTPRequest(url: server.url, body: [1])).whole
        #expect(response?.status == 200)
        #expect(response?.headers.map(\.name) == ["X-Late", "Content-Length"])
    }

    @Test func `an answer longer than the limit is cut and says so`() async throws {
        let server = try TestServer.answering { _ in
            .init(201, body: String(repeating: "x", count: 10_000_000))
        }
        let response = await engine.perform(HTTPRequest(url: server.url, body: [1])).whole
        #expect(response?.status == 201)
        #expect(response?.body.count == 65_536)
        #expect(response?.isTruncated == true)
    }

    @Test func `endless headers are no answer`() async throws {
        let server = try TestServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\n")
            for number in 0..<20_000 { peer.write("X-\(number): \(number)\r\n") }
            peer.write("\r\n")
        }
        let result = await engine.perform(HTTPRequest(url: server.url, body: [1]))
        #expect(result.ambiguousCode == 23)
    }

    @Test(arguments: ["X: a\r\nY: b", "X: a\nb", "X: \0"])
    func `a header that would break out is refused`(line: String) async throws {
        let server = try TestServer.answering { _ in .init() }
        let result = await engine.perform(
            HTTPRequest(url: server.url, headers: [line], body: [1]))
        #expect(result.notSentCode == 43)
        #expect(server.connectionCount == 0)
    }

    @Test func `descriptions hold no address, no text and no credentials`() {
        let request = HTTPRequest(
            url: "https://host/secret", headers: ["Authorization: secret"],
            body: Array("secret".utf8))
        let mail = MailRequest(
            url: "smtp://secret", from: "secret", to: ["secret"], message: Array("secret".utf8),
            user: "secret", password: "secret")
        let answer = HTTPResponse(status: 200, body: Array("secret".utf8))
        let result = HTTPResult.ambiguous(code: 1, reason: "why", partial: answer)
        #expect("\(request)" == "POST of 6 octets")
        #expect("\(mail)" == "mail of 6 octets")
        #expect("\(HTTPResult.response(answer))".contains("status 200, 6 octets"))
        #expect(!"\(result)".contains("115, 101"))
    }

    @Test func `a shut engine refuses, but finishes what is on the wire`() async throws {
        let (arrived, mayAnswer) = (Box(false), Box(false))
        let server = try TestServer.answering { _ in
            arrived.change { $0 = true }
            while !mayAnswer.value { Peer.pause(.milliseconds(5)) }
            return .init(body: "late")
        }
        let engine = CurlEngine(maximumInFlight: 1)
        async let late = engine.perform(HTTPRequest(url: server.url, body: [1]))
        while !arrived.value { try await Task.sleep(for: .milliseconds(5)) }
        async let waiting = engine.perform(HTTPRequest(url: server.url, body: [2]))
        try await Task.sleep(for: .milliseconds(20))
        engine.shutdown()
        #expect(await waiting.notSentCode == 0)
        mayAnswer.change { $0 = true }
        #expect(await late.text == "late")
        #expect(await engine.perform(HTTPRequest(url: server.url)).notSentCode == 0)
    }
}

extension HTTPResult {
    /// The answer, if there is a whole one.
    var whole: HTTPResponse? {
        if case .response(let response) = self { response } else { nil }
    }

    var text: String? { whole.map { String(decoding: $0.body, as: UTF8.self) } }

    var notSentCode: Int32? {
        if case .notSent(let code, _) = self { code } else { nil }
    }

    var ambiguousCode: Int32? {
        if case .ambiguous(let code, _, _) = self { code } else { nil }
    }

    var isGateClosed: Bool {
        if case .gateClosed = self { true } else { false }
    }
}

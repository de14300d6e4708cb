import Support
import Testing

@testable import Curl

/// No text is sent twice: what libcurl may and may not do when an answer does not come.
///
/// Run again for every new libcurl; source of the codes: libcurl-errors(3).
@Suite struct AmbiguityTests {
    private let engine = CurlEngine(maximumInFlight: 4)

    /// With CURLOPT_POSTFIELDS libcurl 7.88.1 posted twice here and reported success.
    @Test(arguments: [false, true])
    func `a kept connection that dies after the body is never used for a second try`(
        breaksHard: Bool
    ) async throws {
        let bodies = Box<[[UInt8]]>([])
        let server = try TestServer { peer in
            while let request = peer.readRequest() {
                bodies.change { $0.append(request.body) }
                guard request.body == [1] else { return breaksHard ? peer.reset() : () }
                peer.write(.init(201, body: "ok"))
            }
        }
        let first = await engine.perform(HTTPRequest(url: server.url, body: [1]))
        #expect(first.whole?.status == 201)

        let second = await engine.perform(HTTPRequest(url: server.url, body: [2]))
        // Give a wrong second try the time to arrive.
        try await Task.sleep(for: .milliseconds(100))

        #expect(bodies.value == [[1], [2]])
        #expect(second.ambiguousCode == 65, "\(second)")
    }

    @Test func `a first connection that dies after the body is in doubt`() async throws {
        let count = Box(0)
        let server = try TestServer { peer in
            if peer.readRequest() != nil { count.change { $0 += 1 } }
        }
        let result = await engine.perform(HTTPRequest(url: server.url, body: [1]))
        #expect(result.ambiguousCode == 52, "\(result)")
        #expect(count.value == 1)
    }

    @Test func `a kept connection that died idle costs nothing`() async throws {
        let isOver = Box(false)
        let server = try TestServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write(.init(body: "\(peer.number)"))
            peer.close()
            isOver.change { $0 = true }
        }
        #expect(await engine.perform(HTTPRequest(url: server.url, body: [1])).text == "1")
        while !isOver.value { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await engine.perform(HTTPRequest(url: server.url, body: [2])).text == "2")
    }

    @Test func `a gate that closes lets no octet of the body out`() async throws {
        let heard = Box<[String]>([])
        let server = try TestServer { peer in
            if let head = peer.readHead() { heard.change { $0.append(head) } }
            while let more = peer.read() {
                heard.change { $0.append(String(decoding: more, as: UTF8.self)) }
            }
            heard.change { $0.append("end") }
        }
        let asked = Box(0)
        let result = await engine.perform(
            HTTPRequest(
                url: server.url, body: Array("secret words".utf8),
                gate: {
                    asked.change { $0 += 1 }
                    return false
                }))
        #expect(result.isGateClosed, "\(result)")
        #expect(asked.value == 1)
        while heard.value.last != "end" { try await Task.sleep(for: .milliseconds(5)) }
        let all = heard.value.joined()
        #expect(all.contains("Content-Length: 12") && !all.contains("secret"))
    }

    @Test func `an open gate is asked once, also over a kept connection`() async throws {
        let server = try TestServer.answering { _ in .init() }
        let asked = Box(0)
        let gate = { @Sendable in
            asked.change { $0 += 1 }
            return true
        }
        for count in [1, 200_000] {
            let body = [UInt8](repeating: 1, count: count)
            let result = await engine.perform(
                HTTPRequest(url: server.url, body: body, gate: gate))
            #expect(result.whole?.status == 200)
        }
        #expect(asked.value == 2)
    }

    @Test func `a gate without a body is asked before anything is sent`() async throws {
        let server = try TestServer.answering { _ in .init() }
        let result = await engine.perform(
            HTTPRequest(method: "GET", url: server.url, gate: { false }))
        #expect(result.isGateClosed)
        #expect(server.connectionCount == 0)
    }

    @Test func `a refused connection proves that nothing was sent`() async throws {
        let server = try TestServer.answering { _ in .init() }
        server.stop()
        let result = await engine.perform(HTTPRequest(url: server.url, body: [1]))
        #expect(result.notSentCode == 7, "\(result)")
    }

    @Test(
        arguments: [
            // A label longer than any may be: refused by the resolver itself, without a network.
            ("http://\(String(repeating: "a", count: 64)).invalid/", 6), ("ftp://127.0.0.1/", 1),
            ("http://[", 3),
            ("file:///etc/passwd", 1),
        ] as [(String, Int32)])
    func `an address that leads nowhere proves that nothing was sent`(url: String, code: Int32)
        async
    {
        #expect(await engine.perform(HTTPRequest(url: url, body: [1])).notSentCode == code)
        #expect(await engine.perform(HTTPRequest(method: "GET", url: url)).notSentCode == code)
    }

    @Test func `a server that does not speak TLS proves that nothing was sent`() async throws {
        let server = try TestServer { peer in
            _ = peer.read()
            peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let url = "https://127.0.0.1:\(server.port)/"
        let result = await engine.perform(HTTPRequest(url: url, body: [1]))
        #expect(result.notSentCode == 35, "\(result)")
    }

    @Test func `a timeout before the request proves that nothing was sent`() async throws {
        // Never answers the TLS handshake.
        let server = try TestServer { peer in while peer.read() != nil {} }
        for body in [[], [1]] as [[UInt8]] {
            let result = await engine.perform(
                HTTPRequest(
                    method: "POST", url: "https://127.0.0.1:\(server.port)/", body: body,
                    timeout: .milliseconds(200), connectTimeout: .milliseconds(100)))
            #expect(result.notSentCode == 28, "\(result)")
        }
    }

    @Test func `silence after the body is in doubt`() async throws {
        let server = try TestServer { peer in while peer.read() != nil {} }
        for method in ["GET", "POST"] {
            let result = await engine.perform(
                HTTPRequest(
                    method: method, url: server.url, body: method == "GET" ? [] : [1],
                    timeout: .seconds(2)))
            #expect(result.ambiguousCode == 28, "\(result)")
        }
    }

    @Test func `an answer cut short is in doubt and shows what came`() async throws {
        let server = try TestServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf")
        }
        let result = await engine.perform(HTTPRequest(url: server.url, body: [1]))
        guard case .ambiguous(18, _, let partial?) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(partial.status == 201)
        #expect(partial.body == Array("half".utf8))
    }

    @Test func `an answer that trickles ends with the timeout`() async throws {
        let server = try TestServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in 0..<250 {
                peer.write("x")
                Peer.pause(.milliseconds(20))
            }
        }
        let result = await engine.perform(
            HTTPRequest(url: server.url, body: [1], timeout: .seconds(2)))
        #expect(result.ambiguousCode == 28, "\(result)")
    }

    @Test func `garbage instead of HTTP is in doubt`() async throws {
        let server = try TestServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write("SSH-2.0-OpenSSH_9.2\r\n")
        }
        let result = await engine.perform(HTTPRequest(url: server.url, body: [1]))
        #expect(result.ambiguousCode == 1, "\(result)")
    }

    @Test func `an answer before the body was read is an answer`() async throws {
        let server = try TestServer { peer in
            guard peer.readHead() != nil else { return }
            peer.write(.init(401, headers: ["Connection: close"], body: "no"))
            Peer.pause(.milliseconds(300))
        }
        let result = await engine.perform(
            HTTPRequest(url: server.url, body: [UInt8](repeating: 1, count: 100)))
        #expect(result.whole?.status == 401)
    }
}

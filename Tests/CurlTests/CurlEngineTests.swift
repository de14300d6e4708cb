import Support
import Synchronization
import Testing

@testable import Curl

@Suite struct CurlEngineTests {
    let engine = CurlEngine(maximumInFlight: 10)

    @Test func `posts a body once and gives the whole answer`() async throws {
        let server = try TestServer.answering { request in
            .init(
                201, headers: ["X-Seen: \(request.method) \(request.target)"],
                body: String(decoding: request.body, as: UTF8.self)
                    + request.headers["x-a", default: ""])
        }
        let result = await engine.perform(
            HTTPRequest(url: server.url + "/a?b=c", headers: ["X-A: 1"], body: Array("hello".utf8)))
        guard case .response(let response) = result else { Issue.record("\(result)"); return }
        #expect(response.status == 201)
        #expect(response.header("x-seen") == "POST /a?b=c")
        #expect(response.body == Array("hello1".utf8))
    }
}

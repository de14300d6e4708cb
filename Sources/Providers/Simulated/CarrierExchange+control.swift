import Foundation
import NIOCore
import NIOHTTP1

/// The doors for tests and for the page; only from this machine.
extension CarrierExchange {
    func controlled(_ request: CarrierRequest) -> CarrierReaction {
        guard request.isLocal else { return .now(Self.notFound) }
        switch (request.method, request.path) {
        case (.GET, "/"): return frontPage()
        case (.GET, "/phone"): return .now(phonePage(request.query))
        case (.GET, "/_control/health"):
            return .now(CarrierAnswer("200 OK", text: "{\"status\": \"ok\"}\n"))
        case (.GET, "/_control/stats"): return statistics()
        case (.GET, "/_control/knobs"): return .now(json("200 OK", knobs))
        case (.PUT, "/_control/knobs"), (.POST, "/_control/knobs"): return .now(turn(request))
        case (.POST, "/_control/inbound"): return .now(inject(request))
        case (.POST, "/_control/idle"): return waitUntilIdle(request)
        case (.POST, "/_control/flush"):
            log.flush()
            return .now(CarrierAnswer("200 OK", text: "{\"flushed\": true}\n"))
        default: return .now(Self.notFound)
        }
    }

    private func statistics() -> CarrierReaction {
        guard let street else { return .now(Self.notFound) }
        return .later(
            street.ask { StreetFigures($0) }.hop(to: loop).assumeIsolated()
                .map { self.json("200 OK", CarrierStatistics(self, $0)) }.nonisolated())
    }

    private func turn(_ request: CarrierRequest) -> CarrierAnswer {
        do {
            turn(try knobs.merging(Data(request.bodyBytes)))
            return json("200 OK", knobs)
        } catch {
            return failure(error)
        }
    }

    /// `{"from","to","body","media","intent"}` as JSON, or the same as a form of the page.
    private func inject(_ request: CarrierRequest) -> CarrierAnswer {
        do {
            let order = try CarrierDraftOrder(request)
            let text = receive(try order.draft())
            street?.tell { $0.deliver(text) }
            guard !order.isForm else {
                let pair = "person=%2B\(order.from.dropFirst())&ours=%2B\(order.to.dropFirst())"
                let back = "Location: /phone?\(pair)\r\n"
                return CarrierAnswer("303 See Other", "text/html", extra: back, body: ByteBuffer())
            }
            return json("202 Accepted", ["sid": String(decoding: text.sid, as: UTF8.self)])
        } catch {
            return failure(error)
        }
    }

    /// Answers when nothing is planned or on its way, or after `timeout_milliseconds`.
    private func waitUntilIdle(_ request: CarrierRequest) -> CarrierReaction {
        guard let street else { return .now(Self.notFound) }
        let span = request.query["timeout_milliseconds"].flatMap { Int64($0) } ?? 30_000
        let deadline = CarrierMoment.now().boot + span * 1_000
        return .later(
            street.loop.flatSubmit { Self.idle(street, until: deadline) }.hop(to: loop).map {
                CarrierAnswer("200 OK", text: "{\"idle\": \($0)}\n")
            })
    }

    static func idle(
        _ street: CarrierDoor<CarrierStreet>, until deadline: Int64
    ) -> EventLoopFuture<Bool> {
        street.ask(\.isIdle).flatMap { isIdle in
            guard !isIdle, CarrierMoment.now().boot < deadline else {
                return street.loop.makeSucceededFuture(isIdle)
            }
            return street.loop.flatScheduleTask(in: .milliseconds(10)) {
                idle(street, until: deadline)
            }.futureResult
        }
    }

    private func failure(_ error: any Error) -> CarrierAnswer {
        json("400 Bad Request", ["error": String(describing: error)])
    }

    private func json(_ status: String, _ value: some Encodable) -> CarrierAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var bytes = try? encoder.encode(value) else { return Self.notFound }
        bytes.append(UInt8(ascii: "\n"))
        return CarrierAnswer(status, body: ByteBuffer(bytes: bytes))
    }
}

/// What a test or the page wants somebody to write.
struct CarrierDraftOrder: Decodable {
    var from: String
    var to: String
    var body: String?
    var media: Int?
    var intent: String?
    var isForm = false

    enum CodingKeys: String, CodingKey { case from, to, body, media, intent }

    init(_ request: CarrierRequest) throws {
        let type = request.headers.first(name: "content-type") ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded") else {
            self = try JSONDecoder().decode(CarrierDraftOrder.self, from: Data(request.bodyBytes))
            return
        }
        let form = request.form
        (from, to) = (form["from"] ?? "", form["to"] ?? "")
        body = form["body"]
        isForm = true
    }

    func draft() throws(CarrierError) -> CarrierDraft {
        guard let sender = CarrierAddress(from) else { throw .number(from) }
        guard let receiver = CarrierAddress(to) else { throw .number(to) }
        return CarrierDraft(
            from: sender, to: receiver, body: Array((body ?? "").utf8),
            mediaCount: min(max(media ?? 0, 0), 10), intent: intent ?? "injected")
    }
}

extension CarrierRequest {
    var bodyBytes: [UInt8] { body.map { Array($0.readableBytesView) } ?? [] }
}

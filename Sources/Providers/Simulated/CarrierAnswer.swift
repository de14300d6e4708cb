import NIOCore
import NIOHTTP1

/// A request as the exchange sees it, body complete.
struct CarrierRequest {
    let method: HTTPMethod
    let uri: String
    let headers: HTTPHeaders
    let body: ByteBuffer?
    /// When its head had arrived.
    let started: CarrierMoment
    /// When its last byte had arrived, by the kernel's clock.
    let arrived: CarrierMoment
    let isReused: Bool
    let isLocal: Bool

    var path: Substring { uri.prefix { $0 != "?" } }
    var query: CarrierForm { CarrierForm(uri.drop { $0 != "?" }.dropFirst()) }
    var form: CarrierForm {
        body?.withUnsafeReadableBytes { CarrierForm($0) } ?? CarrierForm("")
    }
}

/// The bytes of an answer and how they reach the client, if at all.
struct CarrierAnswer: Sendable {
    enum Delivery: Sendable, Equatable {
        case whole
        /// Half of the bytes, then the connection closes.
        case half
        /// One byte per so many milliseconds.
        case drip(milliseconds: Int)
        /// None, ever; the connection stays.
        case hang
        /// None; the connection is reset, or closed in order.
        case reset, close
    }

    var bytes: ByteBuffer
    var delivery = Delivery.whole
    var afterMilliseconds = 0

    /// A complete answer around `body`.
    init(
        _ status: String, _ type: StaticString = "application/json", extra: String = "",
        body: ByteBuffer
    ) {
        bytes = ByteBufferAllocator().buffer(capacity: 192 + body.readableBytes)
        bytes.writeStaticString("HTTP/1.1 ")
        bytes.writeString(status)
        bytes.writeStaticString("\r\nContent-Type: ")
        bytes.writeStaticString(type)
        bytes.writeStaticString("\r\n")
        bytes.writeString(extra)
        bytes.writeStaticString("Content-Length: ")
        bytes.writeDecimal(body.readableBytes)
        bytes.writeStaticString("\r\n\r\n")
        bytes.writeImmutableBuffer(body)
    }

    init(_ status: String, _ type: StaticString = "application/json", text: String) {
        self.init(status, type, body: ByteBuffer(string: text))
    }

    /// The provider's error document.
    init(_ refusal: CarrierRefusal, extra: String = "") {
        var body = ByteBuffer()
        body.writeString(#"{"code": \#(refusal.code), "message": "#)
        body.writeJSON(refusal.message)
        body.writeString(
            #", "more_info": "https://www.twilio.com/docs/errors/\#(refusal.code)", "#
                + #""status": \#(refusal.status)}"#)
        self.init(Self.line(refusal.status), extra: extra, body: body)
    }

    static func line(_ status: Int) -> String {
        let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
        return "\(status) \(reason)"
    }
}

/// An answer now, or when something elsewhere is known.
enum CarrierReaction {
    case now(CarrierAnswer)
    case later(EventLoopFuture<CarrierAnswer>)
}

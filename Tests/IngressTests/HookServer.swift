import Curl
import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import Postgres
import Providers
import Secrets
import Store
import Support

@testable import Ingress

/// A web server on loopback with our handler in front, as one process has it.
final class HookServer: Sendable {
    let port: Int
    let desk: HookDesk
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let lanes: Task<Void, any Error>
    private let engine = CurlEngine(maximumInFlight: 100)

    /// The server and the account must agree on the public address, so the port comes first.
    init(_ house: House, database: Database? = nil) async throws {
        // The rights that the running program has, and no more.
        let database =
            try database
            ?? Database(
                url: TestDatabase.url, size: 4, role: "barnstorm_ingress", applicationName: "hooks")
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let accountID = house.account
        let address = PortBox()
        let desk = HookDesk(
            database: database,
            reception: Reception(
                database: database, numberHashKey: [1],
                zoneSets: { keys in Dictionary(uniqueKeysWithValues: keys.map { ($0, 1) }) }),
            log: log
        ) {
            let account = ProviderAccount(
                id: accountID, provider: "twilio", apiURL: "",
                credentials: ["account_sid": "AC1", "auth_token": "secret"], hook: House.hook,
                publicURL: "http://127.0.0.1:\(address.port)")
            return [
                HookAccount(
                    id: accountID, hook: House.hook, provider: try Providers.make(account),
                    callbackKey: House.callbackKey)
            ]
        }
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(HooksInstaller(desk: desk))
                    try channel.pipeline.syncOperations.addHandler(OtherPages())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress!.port!
        address.set(port)
        self.desk = desk
        lanes = Task { try await IngressService(desk: desk, chores: []).run() }
    }

    func stop() async {
        try? await channel.close()
        desk.statuses.close()
        desk.texts.close()
        lanes.cancel()
        _ = try? await lanes.value
        try? await group.shutdownGracefully()
        engine.shutdown()
    }

    /// Posts a form, signed as the provider does.
    func post(
        _ path: String, _ fields: [(String, String)], key: String = "secret",
        hook: String = House.hook
    ) async -> HTTPResponse? {
        let target = "/hooks/twilio/\(hook)/\(path)"
        let data =
            "http://127.0.0.1:\(port)\(target)"
            + fields.sorted { $0.0 < $1.0 }.map { $0.0 + $0.1 }.joined()
        let signature = HMAC.sha1(key: Array(key.utf8), Array(data.utf8)).base64
        let form = fields.map { "\($0.0)=\(Self.escape($0.1))" }.joined(separator: "&")
        return await raw(
            target, form,
            headers: [
                "X-Twilio-Signature: \(signature)",
                "Content-Type: application/x-www-form-urlencoded",
            ])
    }

    func raw(_ target: String, _ body: String, headers: [String] = []) async -> HTTPResponse? {
        let result = await engine.perform(
            HTTPRequest(
                method: "POST", url: "http://127.0.0.1:\(port)\(target)", headers: headers,
                body: Array(body.utf8), timeout: .seconds(20)))
        if case .response(let response) = result { return response }
        return nil
    }

    /// A status of one of our tries.
    func status(
        _ token: String, _ status: String, sid: String = "SM1", code: String? = nil
    ) async -> Int? {
        var fields = [("MessageSid", sid), ("MessageStatus", status)]
        if let code { fields.append(("ErrorCode", code)) }
        return await post("status?a=\(token)", fields)?.status
    }

    /// A text to our number.
    @discardableResult
    func inbound(
        _ body: String, from: String, sid: String, to: String = House.ours, mark: String? = nil
    ) async -> Int? {
        var fields = [
            ("MessageSid", sid), ("SmsStatus", "received"), ("From", from), ("To", to),
            ("Body", body),
        ]
        if let mark { fields.append(("OptOutType", mark)) }
        return await post("inbound", fields)?.status
    }

    private static func escape(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte)
                || (97...122).contains(byte)
            return isPlain
                ? String(Unicode.Scalar(byte))
                : "%" + String(0x100 | Int(byte), radix: 16).dropFirst()
        }.joined()
    }
}

/// The port is known only after the desk is made.
private final class PortBox: Sendable {
    private let value = NIOLockedValueBox(0)
    var port: Int { value.withLockedValue { $0 } }
    func set(_ port: Int) { value.withLockedValue { $0 = port } }
}

/// Stands where the web framework is: answers everything with its path.
private final class OtherPages: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private var uri = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): uri = head.uri
        case .body: break
        case .end:
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            // Answers late, so that what is pipelined behind it would like to overtake.
            context.eventLoop.scheduleTask(in: .milliseconds(20)) {
                let (handler, context) = bound.value
                let body = ByteBuffer(string: "page \(handler.uri)")
                let head = HTTPResponseHead(
                    version: .http1_1, status: .ok,
                    headers: ["Content-Length": "\(body.readableBytes)"])
                context.write(handler.wrapOutboundOut(.head(head)), promise: nil)
                context.write(handler.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
                context.writeAndFlush(handler.wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}

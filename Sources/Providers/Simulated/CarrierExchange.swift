import Foundation
import Logging
import NIOCore
import NIOHTTP1

/// The carrier's switchboard: everything behind the HTTP API, on one event loop.
///
/// Hot path: a send request is checked, logged, remembered and handed to the street without a
/// lock but the log's and the mailbox's, and without Foundation.
final class CarrierExchange {
    let configuration: CarrierConfiguration
    let log: CarrierLog
    let mailbox: CarrierMailbox
    let loop: any EventLoop
    var street: CarrierDoor<CarrierStreet>?  // set before the first connection
    var port = 0

    private(set) var knobs: CarrierKnobs
    var dice: FaultDice
    var records: CarrierRecords
    let sids = CarrierSid(key: .random(in: .min ... .max))
    var services: [[UInt8]] = []
    private(set) var senders: [CarrierAddress: CarrierSender] = [:]
    private(set) var pool: [CarrierAddress] = []  // the same in the order of their arrival
    /// Who said STOP to which sender; asked only while `blocks_stops` is on.
    var stopped: Set<CarrierPair> = []
    /// Pairs of person and sender that wrote last, newest at the end, for the page.
    var recentPairs: [CarrierPair] = []

    var counts = ExchangeCounts()
    var connectionCount = 0
    let messagesPath: String
    let accountPath: String
    private let authorization: String
    var line = ByteBufferAllocator().buffer(capacity: 4_096)  // reused for each log line
    var document = ByteBufferAllocator().buffer(capacity: 4_096)  // and each answer
    private var dateSecond = Int64.min
    private var dateText: [UInt8] = []

    init(
        _ configuration: CarrierConfiguration, log: CarrierLog, mailbox: CarrierMailbox,
        loop: any EventLoop
    ) throws(CarrierError) {
        self.configuration = configuration
        (self.log, self.mailbox, self.loop) = (log, mailbox, loop)
        knobs = configuration.knobs
        dice = FaultDice(configuration.knobs.faults, seed: configuration.seed)
        records = CarrierRecords(capacity: configuration.rememberedMax)
        accountPath = "/2010-04-01/Accounts/\(configuration.accountSid)"
        messagesPath = accountPath + "/Messages.json"
        let credentials = Data("\(configuration.accountSid):\(configuration.authToken)".utf8)
        authorization = "Basic " + credentials.base64EncodedString()
        for number in configuration.numbers {
            guard let address = CarrierAddress(number) else { throw .number(number) }
            _ = sender(address)
        }
    }

    /// Takes new settings; a script of faults starts again only when the faults changed.
    func turn(_ new: CarrierKnobs) {
        if new.faults != knobs.faults { dice = FaultDice(new.faults, seed: configuration.seed) }
        knobs = new
        street?.tell { $0.turn(new) }
    }

    func react(to request: CarrierRequest) -> CarrierReaction {
        if request.method == .POST, request.uri == messagesPath {
            return .now(isAuthorized(request) ? submit(request) : Self.unauthorized)
        }
        if request.uri.hasPrefix("/2010-04-01/") {
            guard isAuthorized(request) else { return .now(Self.unauthorized) }
            return .now(lookUp(request))
        }
        return controlled(request)
    }

    static let unauthorized = CarrierAnswer(
        CarrierRefusal(status: 401, code: 20003, message: "Authenticate"),
        extra: "WWW-Authenticate: Basic realm=\"Twilio API\"\r\n")

    static let notFound = CarrierAnswer(
        CarrierRefusal(status: 404, code: 20404, message: "The requested resource was not found"))

    private func isAuthorized(_ request: CarrierRequest) -> Bool {
        let isRight = request.headers.first(name: "authorization") == authorization
        if !isRight { counts.unauthorized += 1 }
        return isRight
    }

    /// The sender's record, made when the number is first seen.
    func sender(_ address: CarrierAddress) -> CarrierSender {
        if let sender = senders[address] { return sender }
        let sender = CarrierSender(address, order: senders.count)
        sender.smsURL = configuration.inboundURL
        if let url = configuration.statusURL { sender.status(to: url) }
        senders[address] = sender
        pool.append(address)
        return sender
    }

    /// Whether the account may send from a number; without a list every number is its own.
    func owns(_ address: CarrierAddress) -> Bool {
        configuration.numbers.isEmpty || senders[address] != nil
    }

    /// The RFC 2822 date of a wall instant; most questions are about the current second.
    func date(_ wall: Int64) -> [UInt8] {
        let second = wall / 1_000_000
        if second != dateSecond {
            dateSecond = second
            dateText = Array(CarrierDate(seconds: second).rfc2822.utf8)
        }
        return dateText
    }
}

/// A person and one of our numbers.
struct CarrierPair: Hashable, Sendable {
    let person: CarrierAddress
    let ours: CarrierAddress
}

/// What the exchange counts since its start.
struct ExchangeCounts: Sendable {
    var requests = 0
    var accepted = 0
    var segments = 0
    var inbound = 0
    var unauthorized = 0
    var incomplete = 0
    var lookUps = 0
    /// Refusals by the provider's code.
    var rejected: [Int: Int] = [:]
    /// Faults by name.
    var faults: [CarrierFault: Int] = [:]
}

import ArgumentParser
import Foundation
import Logging
import Providers
import ServiceLifecycle

/// `barnstorm carrier`: the simulated carrier alone, in a process of its own.
struct CarrierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "carrier",
        abstract: "Run a simulated carrier that speaks Twilio's HTTP API.",
        discussion: """
            It accepts texts, reports receipts, lets people answer and makes faults on demand. Point \
            BARNSTORM_TWILIO_API_URL at it. Settings change while it runs: PUT a JSON object to \
            /_control/knobs; GET / shows what happens.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "The address to listen on; /_control answers this machine only.")
    var host = "127.0.0.1"
    @Option(help: "The port to listen on; 0 takes a free one and prints it.")
    var port = 8099
    @Option(help: "The account that may send; default BARNSTORM_TWILIO_ACCOUNT_SID, or its own.")
    var accountSid: String?
    @Option(help: "The account's token; default BARNSTORM_TWILIO_AUTH_TOKEN, or its own.")
    var authToken: String?
    @Option(name: .customLong("number"), help: "A number of the account; repeat it. None: any.")
    var numbers: [String] = []
    @Option(help: "The webhook for texts that people write.")
    var inboundUrl: String?
    @Option(help: "The webhook for receipts of texts that bring no StatusCallback.")
    var statusUrl: String?
    @Option(help: "Repeats a run: people, fates and faults follow from it.")
    var seed: UInt64 = 1
    @Option(help: "The append-only log of what was accepted, JSON Lines.")
    var log: String?
    @Option(help: "A file with settings as JSON, in the form of /_control/knobs.")
    var knobs: String?
    @Option(help: "Share of people who answer, 0 to 1.")
    var replies: Double?
    @Option(help: "Share of people who say STOP, 0 to 1.")
    var stops: Double?
    @Option(help: "People per minute who write in without having been texted.")
    var strangers: Double?
    @Option(help: "Segments per second that each number passes on; none: without limit.")
    var rate: Double?
    @Option(help: "Connections to each webhook server, one request at a time on each.")
    var webhookConnections = 128
    @Option(help: "How many of the last texts can be looked up.")
    var remember = 2_000_000

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("A port lies between 0 and 65535.")
        }
        guard webhookConnections > 0 else {
            throw ValidationError("--webhook-connections is at least 1.")
        }
        guard remember > 0 else { throw ValidationError("--remember is at least 1.") }
    }

    func run() async throws {
        let context = try await CommandContext(common)
        let configuration = try configuration(context.settings)
        var logger = Logger(
            label: "carrier", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let carrier = try await start(configuration, logger)
        let facts = ["url": carrier.url, "account_sid": configuration.accountSid]
        try context.output.print(facts, "The simulated carrier answers at \(carrier.url).")
        let services = ServiceGroup(
            services: [CarrierService(carrier: carrier)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await services.run()
    }

    private func start(
        _ configuration: CarrierConfiguration, _ logger: Logger
    ) async throws -> Carrier {
        do {
            return try await Carrier.start(configuration, logger: logger)
        } catch let error as CarrierError {
            throw error.failure
        }
    }

    /// The options put together; what is not given stays as the carrier has it.
    func configuration(_ settings: Settings) throws -> CarrierConfiguration {
        var configuration = CarrierConfiguration()
        (configuration.host, configuration.port) = (host, port)
        (configuration.numbers, configuration.seed) = (numbers, seed)
        (configuration.inboundURL, configuration.statusURL) = (inboundUrl, statusUrl)
        (configuration.logPath, configuration.rememberedMax) = (log, remember)
        configuration.webhookConnectionsMax = webhookConnections
        let sid = accountSid ?? settings.value("TWILIO_ACCOUNT_SID")
        let token = authToken ?? settings.value("TWILIO_AUTH_TOKEN")
        if let sid { configuration.accountSid = sid }
        if let token { configuration.authToken = token }
        if let replies { configuration.knobs.people.replies = replies }
        if let stops { configuration.knobs.people.stops = stops }
        if let strangers { configuration.knobs.people.strangersPerMinute = strangers }
        configuration.knobs.segmentsPerSecond = rate
        do {
            configuration.knobs = try configuration.knobs.merging(knobsDocument())
        } catch let error as CarrierError {
            throw error.failure
        }
        return configuration
    }

    private func knobsDocument() throws -> Data {
        guard let knobs else { return Data("{}".utf8) }
        guard let data = FileManager.default.contents(atPath: knobs) else {
            throw CommandFailure.badData(
                "The file \(knobs) cannot be read; check the path given by --knobs.")
        }
        return data
    }
}

/// Keeps the carrier up until the process is asked to stop.
private struct CarrierService: Service {
    let carrier: Carrier

    func run() async throws {
        try? await gracefulShutdown()
        await carrier.stop()
    }
}

extension CarrierError {
    /// The same sentence, with the exit code that fits.
    fileprivate var failure: CommandFailure {
        switch self {
        case .address, .log: .unavailable(description)
        case .knobs, .number: .badData(description)
        }
    }
}

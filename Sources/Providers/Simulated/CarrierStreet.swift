import Foundation
import NIOCore

/// Everything behind the exchange: receipts in their time, and the people who answer.
///
/// Lives on an event loop of its own, so that webhooks never delay the API.
final class CarrierStreet {
    enum Event {
        case receipt(CarrierText, isFinal: Bool)
        case webhook(CarrierWebhook)
        case message(CarrierDraft)
        case stranger
    }

    static let tickMicroseconds: Int64 = 10_000

    let configuration: CarrierConfiguration
    let log: CarrierLog
    let loop: any EventLoop
    let exchange: CarrierDoor<CarrierExchange>
    private let mailbox: CarrierMailbox
    private(set) var knobs: CarrierKnobs
    private var client: WebhookClient?
    var people: CarrierPeople
    var counts = StreetCounts()
    private var wheel: [Int64: [Event]] = [:]
    private var lastTick: Int64
    private var isClosed = false
    private var line = ByteBufferAllocator().buffer(capacity: 1_024)

    init(
        _ configuration: CarrierConfiguration, log: CarrierLog, mailbox: CarrierMailbox,
        loop: any EventLoop, exchange: CarrierDoor<CarrierExchange>
    ) {
        self.configuration = configuration
        (self.log, self.mailbox, self.loop, self.exchange) = (log, mailbox, loop, exchange)
        knobs = configuration.knobs
        people = CarrierPeople(seed: configuration.seed, numbers: configuration.numbers)
        lastTick = CarrierMoment.now().boot / Self.tickMicroseconds
    }

    /// Starts the clock of the street; called on its loop.
    func open() {
        let account = configuration.accountSid
        let token = Array(configuration.authToken.utf8)
        client = WebhookClient(
            loop: loop, connectionsMax: configuration.webhookConnectionsMax,
            build: { CarrierWebhookRequest($0, account: account, token: token) },
            finish: { [weak self] in self?.finish($0, $1, $2) })
        scheduleStranger()
        scheduleTick()
    }

    func close() {
        isClosed = true
        client?.close()
        wheel = [:]
    }

    func turn(_ new: CarrierKnobs) {
        let hadStrangers = knobs.people.strangersPerMinute > 0
        knobs = new
        if !hadStrangers { scheduleStranger() }
    }

    /// Whether nothing is planned, waiting or on its way; strangers to come do not count.
    var isIdle: Bool { mailbox.isEmpty && counts.planned == 0 && counts.waiting == 0 }

    // MARK: The clock

    func schedule(_ event: Event, afterMilliseconds span: Int, from boot: Int64? = nil) {
        let due = (boot ?? CarrierMoment.now().boot) + Int64(span) * 1_000
        let tick = max(lastTick + 1, due / Self.tickMicroseconds + 1)
        if case .stranger = event {} else { counts.planned += 1 }
        wheel[tick, default: []].append(event)
    }

    private func scheduleTick() {
        loop.assumeIsolated().scheduleTask(in: .microseconds(Self.tickMicroseconds)) {
            guard !self.isClosed else { return }
            self.tick()
            self.scheduleTick()
        }
    }

    private func tick() {
        for text in mailbox.takeAll() { receive(text) }
        let now = CarrierMoment.now().boot / Self.tickMicroseconds
        if now / 100 != lastTick / 100 { client?.sweep() }
        while lastTick < now {
            lastTick += 1
            guard let events = wheel.removeValue(forKey: lastTick) else { continue }
            events.forEach(happen)
        }
    }

    private func happen(_ event: Event) {
        if case .stranger = event {} else { counts.planned -= 1 }
        switch event {
        case .receipt(let text, let isFinal): report(text, isFinal: isFinal)
        case .webhook(let webhook): enqueue(webhook)
        case .message(let draft): write(draft)
        case .stranger:
            if let draft = people.stranger() { write(draft) }
            scheduleStranger()
        }
    }

    private func scheduleStranger() {
        let rate = knobs.people.strangersPerMinute
        guard rate > 0 else { return }
        schedule(.stranger, afterMilliseconds: Int(60_000 / rate))
    }

    // MARK: Receipts

    private func receive(_ text: CarrierText) {
        if text.callback != nil { plan(text) }
        if let reply = people.answer(to: text, knobs.people) {
            let delay = reply.afterMilliseconds + (text.fate.isDelivered ? text.fate.finalAfter : 0)
            schedule(.message(reply.draft), afterMilliseconds: delay, from: text.accepted.boot)
        }
    }

    private func plan(_ text: CarrierText) {
        guard counts.planned < configuration.plannedMax else {
            counts.outcomes["dropped", default: 0] += 1
            return
        }
        let isSentReported =
            knobs.receipts.reportsSent && !CarrierFate.failsUnsent(text.fate.errorCode)
        let first = isSentReported ? text.fate.sentAfter : text.fate.finalAfter
        schedule(
            .receipt(text, isFinal: !isSentReported), afterMilliseconds: first,
            from: text.accepted.boot)
    }

    private func report(_ text: CarrierText, isFinal: Bool) {
        guard let url = text.callback else { return }
        let sent = CarrierWebhook(content: .status(text, state: "sent", errorCode: 0), url: url)
        let final = CarrierWebhook(
            content: .status(
                text, state: text.fate.finalStatus, errorCode: text.fate.errorCode), url: url)
        if isFinal { return disturb(final, salt: text.sequence) }
        guard !happens(knobs.webhooks.reorder, text.sequence, salt: 0x7e0d) else {
            return reorder(sent, final, text)
        }
        disturb(sent, salt: ~text.sequence)
        schedule(
            .receipt(text, isFinal: true), afterMilliseconds: text.fate.finalAfter,
            from: text.accepted.boot)
    }

    /// The final report first; `sent` follows a little later.
    private func reorder(_ sent: CarrierWebhook, _ final: CarrierWebhook, _ text: CarrierText) {
        var late = sent
        late.variant = .reordered
        var early = final
        early.variant = .reordered
        enqueue(early)
        schedule(.webhook(late), afterMilliseconds: max(20, text.fate.finalAfter / 2))
    }

    /// Enqueues a webhook with the faults that chance adds to it.
    private func disturb(_ webhook: CarrierWebhook, salt: UInt64) {
        var webhook = webhook
        let faults = knobs.webhooks
        if happens(faults.forge, salt, salt: 0xf08e) { enqueue(forgery(of: webhook)) }
        if happens(faults.unsigned, salt, salt: 0x0515) {
            var bare = webhook
            bare.variant = .unsigned
            enqueue(bare)
        }
        if happens(faults.duplicate, salt, salt: 0xd0b1) {
            var twin = webhook
            twin.variant = .duplicate
            enqueue(twin)
        }
        if happens(faults.late, salt, salt: 0x1a7e) {
            webhook.variant = .late
            schedule(.webhook(webhook), afterMilliseconds: faults.lateMilliseconds)
        } else {
            enqueue(webhook)
        }
    }

    /// What somebody without the token might send: for a receipt, the opposite outcome.
    private func forgery(of webhook: CarrierWebhook) -> CarrierWebhook {
        var content = webhook.content
        if case .status(let text, _, let code) = content {
            content = .status(
                text, state: code == 0 ? "undelivered" : "delivered",
                errorCode: code == 0 ? 30007 : 0)
        }
        return CarrierWebhook(content: content, url: webhook.url, variant: .forged)
    }

    private func happens(_ share: Double, _ subject: UInt64, salt: UInt64) -> Bool {
        share > 0
            && CarrierHash.share(CarrierHash.of(configuration.seed, salt, subject)) < share
    }

    // MARK: What people write

    private func write(_ draft: CarrierDraft) {
        counts.planned += 1  // until the exchange has given it an id
        exchange.tell { [door = CarrierDoor(self, on: loop)] exchange in
            let text = exchange.receive(draft)
            door.tell { street in
                street.counts.planned -= 1
                street.deliver(text)
            }
        }
    }

    /// Sends the webhook of an inbound text that has its id.
    func deliver(_ text: CarrierInbound) {
        counts.inbound += 1
        counts.intents[text.draft.intent, default: 0] += 1
        guard let url = text.url else { return }
        let webhook = CarrierWebhook(content: .inbound(text), url: url)
        disturb(webhook, salt: CarrierHash.of(0x1b, text.draft.from.packed, UInt64(counts.inbound)))
    }

    // MARK: Webhooks

    private func enqueue(_ webhook: CarrierWebhook) {
        counts.waiting += 1
        guard counts.waiting <= configuration.webhooksWaitingMax, let client else {
            return finish(webhook, .now(), .dropped)
        }
        client.send(webhook)
    }

    private func finish(
        _ webhook: CarrierWebhook, _ started: CarrierMoment, _ outcome: CarrierWebhookOutcome
    ) {
        counts.waiting -= 1
        counts.outcomes[outcome.name, default: 0] += 1
        logCallback(webhook, started, outcome)
        if case .inbound(let text) = webhook.content, case .answered(200..<300) = outcome {
            people.heard(text.draft)
        }
        guard shouldRetry(webhook, outcome) else { return }
        var next = webhook
        next.attempt += 1
        let pause = 250 << (webhook.attempt - 1)
        schedule(.webhook(next), afterMilliseconds: pause)
    }

    /// The provider tries again only what the fragment of the address asks for, by default once
    /// and only when no connection could be made.
    private func shouldRetry(_ webhook: CarrierWebhook, _ outcome: CarrierWebhookOutcome) -> Bool {
        if case .answered(200..<300) = outcome { return false }
        let (retries, policy) = webhook.url.retries
        guard webhook.attempt <= retries else { return false }
        switch outcome {
        case .connectFailed: return policy.contains(.connect)
        case .timedOut, .broken: return policy.contains(.read)
        case .answered(400..<500): return policy.contains(.clientError)
        case .answered(500...): return policy.contains(.serverError)
        default: return false
        }
    }

    private func logCallback(
        _ webhook: CarrierWebhook, _ started: CarrierMoment, _ outcome: CarrierWebhookOutcome
    ) {
        line.clear()
        line.writeCarrierEvent("callback", at: .now())
        line.writeStaticString(#","start_boot_us":"#)
        line.writeDecimal(started.boot)
        line.writeStaticString(#","kind":""#)
        line.writeStaticString(webhook.kind)
        line.writeStaticString(#"","sid":"#)
        line.writeJSON(webhook.sid)
        if case .status(_, let state, _) = webhook.content {
            line.writeStaticString(#","status":""#)
            line.writeString(state)
            line.writeStaticString("\"")
        }
        line.writeStaticString(#","variant":""#)
        line.writeString(webhook.variant.rawValue)
        line.writeStaticString(#"","attempt":"#)
        line.writeDecimal(webhook.attempt)
        line.writeStaticString(#","outcome":""#)
        line.writeString(outcome.name)
        line.writeStaticString("\"}\n")
        _ = log.append(line)
    }
}

/// What the street counts since its start.
struct StreetCounts: Sendable {
    /// Events that will happen: receipts, replies, retries.
    var planned = 0
    /// Webhooks queued or on their way.
    var waiting = 0
    var inbound = 0
    /// Inbound texts by what the person meant.
    var intents: [String: Int] = [:]
    /// Webhook attempts by how they ended.
    var outcomes: [String: Int] = [:]
}

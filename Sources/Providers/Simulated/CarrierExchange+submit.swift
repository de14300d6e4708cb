import NIOCore
import NIOHTTP1

/// Sending: from a form to an answer, a line in the log and a text on the street.
extension CarrierExchange {
    func submit(_ request: CarrierRequest) -> CarrierAnswer {
        counts.requests += 1
        let form = request.form
        let fault = dice.roll(
            nth: counts.requests, to: form.first(Self.toName), isReused: request.isReused)
        if let fault { counts.faults[fault, default: 0] += 1 }
        if let fault, !fault.accepts { return refuse(request, form, fault) }
        let decided = CarrierMoment.now()
        do {
            let submission = try CarrierSubmission(form)
            let sender = try chooseSender(submission, at: decided)
            var answer = accept(
                submission, sender, request, at: decided, kind: fault?.rawValue ?? "created")
            answer.afterMilliseconds = knobs.faults.answerAfterMilliseconds
            return fault.map { spoil(answer, $0) } ?? answer
        } catch let refusal {
            counts.rejected[refusal.code, default: 0] += 1
            logRefusal(request, form, at: decided, answer: "rejected", code: refusal.code)
            return CarrierAnswer(refusal)
        }
    }

    static let toName = Array("To".utf8)
    static let fromName = Array("From".utf8)
    static let bodyName = Array("Body".utf8)
    static let statusCallbackName = Array("StatusCallback".utf8)

    /// The number that sends, or the refusal that stands in its way.
    private func chooseSender(
        _ submission: CarrierSubmission, at moment: CarrierMoment
    ) throws(CarrierRefusal) -> CarrierSender {
        let address = submission.from ?? poolNumber(for: submission.to)
        guard owns(address) else {
            throw .bad(21606, "The 'From' phone number provided is not a valid number of yours.")
        }
        let isStopped =
            knobs.blocksStops
            && stopped.contains(CarrierPair(person: submission.to, ours: address))
        guard !isStopped else {
            throw .bad(21610, "Attempt to send to unsubscribed recipient")
        }
        let sender = sender(address)
        let isFull =
            knobs.segmentsPerSecond != nil && submission.service == nil
            && sender.backlog(at: moment.boot) > knobs.queueSeconds
        guard !isFull else {
            throw CarrierRefusal(
                status: 429, code: 21611, message: "This 'From' number has exceeded its queue.")
        }
        return sender
    }

    /// A Messaging Service picks by the recipient, so that a person hears from one number.
    private func poolNumber(for to: CarrierAddress) -> CarrierAddress {
        guard !pool.isEmpty else { return CarrierAddress("+15555550100")! }
        return pool[Int(CarrierHash.mix(to.packed) % UInt64(pool.count))]
    }

    private func accept(
        _ submission: CarrierSubmission, _ sender: CarrierSender, _ request: CarrierRequest,
        at moment: CarrierMoment, kind: String
    ) -> CarrierAnswer {
        let sequence = records.next
        let sid = sids.bytes(of: sequence, hasMedia: !submission.media.isEmpty)
        let backlog = sender.backlog(at: moment.boot)
        let queued = sender.accept(
            segments: submission.segments, at: moment.boot, perSecond: knobs.segmentsPerSecond)
        var fate = CarrierFate(
            to: submission.to, sequence: sequence, queued: queued, validity: submission.validity,
            seed: configuration.seed, settings: knobs.receipts)
        if knobs.segmentsPerSecond != nil, backlog > knobs.queueSeconds { fate.errorCode = 30001 }
        counts.accepted += 1
        counts.segments += submission.segments
        let body = logAccepted(submission, sender, request, at: moment, sid: sid, kind: kind)
        var record = CarrierRecord(sequence: sequence)
        (record.to, record.from) = (submission.to.packed, sender.address.packed)
        (record.created, record.errorCode) = (moment.wall, fate.errorCode)
        (record.bodyOffset, record.bodyCount) = (body.offset, body.count)
        record.sentAfter = UInt32(clamping: fate.sentAfter)
        record.finalAfter = UInt32(clamping: fate.finalAfter)
        record.segments = UInt8(clamping: submission.segments)
        record.mediaCount = UInt8(clamping: submission.media.count)
        record.service = serviceIndex(submission.service)
        records.append(record)
        mailbox.put(
            CarrierText(
                sid: sid, sequence: sequence, from: sender.address,
                callback: submission.statusCallback ?? sender.statusURL, accepted: moment,
                fate: fate, submission: submission))
        return created(submission, sid: sid, at: moment)
    }

    private func serviceIndex(_ service: [UInt8]?) -> UInt8 {
        guard let service else { return 0 }
        if let index = services.firstIndex(of: service) { return UInt8(clamping: index + 1) }
        guard services.count < 255 else { return 255 }
        services.append(service)
        return UInt8(clamping: services.count)
    }

    /// 201 with the Message document; with a Messaging Service alone the sender is not yet known.
    private func created(
        _ submission: CarrierSubmission, sid: [UInt8], at moment: CarrierMoment
    ) -> CarrierAnswer {
        document.clear()
        var message = CarrierMessageDocument(account: configuration.accountSid, sid: sid)
        message.body = .plain(submission.body)
        message.created = date(moment.wall)
        message.from = submission.from?.bytes
        message.service = submission.service
        message.mediaCount = submission.media.count
        message.segments = submission.from == nil ? 0 : submission.segments
        message.status = submission.service == nil ? "queued" : "accepted"
        message.to = submission.to.bytes
        message.write(into: &document)
        return CarrierAnswer("201 Created", body: document)
    }

    /// Answers without accepting.
    private func refuse(
        _ request: CarrierRequest, _ form: CarrierForm, _ fault: CarrierFault
    ) -> CarrierAnswer {
        logRefusal(request, form, at: .now(), answer: fault.rawValue, code: nil)
        switch fault {
        case .throttle:
            let refusal = CarrierRefusal(
                status: 429, code: 20429, message: "Too many concurrent requests")
            let pause = "Retry-After: \(knobs.faults.retryAfterSeconds)\r\n"
            return CarrierAnswer(refusal, extra: pause)
        case .queueFull:
            return CarrierAnswer(
                CarrierRefusal(
                    status: 429, code: 21611,
                    message: "This 'From' number has exceeded the maximum of queued messages."))
        case .errorBefore: return serverError
        case .redirect:
            let elsewhere = "Location: \(accountPath)/Elsewhere.json\r\n"
            return CarrierAnswer(
                "307 Temporary Redirect", "text/html", extra: elsewhere, body: ByteBuffer())
        case .unauthorized: return Self.unauthorized
        default: return withoutAnswer(fault)
        }
    }

    private var serverError: CarrierAnswer {
        counts.requests.isMultiple(of: 2)
            ? CarrierAnswer(
                CarrierRefusal(status: 500, code: 20500, message: "Internal Server Error"))
            : CarrierAnswer(
                CarrierRefusal(status: 503, code: 20503, message: "Service Unavailable"))
    }

    private func withoutAnswer(_ fault: CarrierFault) -> CarrierAnswer {
        var answer = CarrierAnswer("200 OK", text: "")
        switch fault {
        case .hangBefore: answer.delivery = .hang
        case .closeOnReuse: answer.delivery = .close
        default: answer.delivery = .reset
        }
        return answer
    }

    /// The answer to an accepted text, made faulty.
    private func spoil(_ answer: CarrierAnswer, _ fault: CarrierFault) -> CarrierAnswer {
        var answer = answer
        switch fault {
        case .errorAfter: answer = serverError
        case .proxyAfter:
            answer = CarrierAnswer(
                "502 Bad Gateway", "text/html", text: "<html><h1>502 Bad Gateway</h1></html>\n")
        case .resetAfter: answer.delivery = .reset
        case .hangAfter: answer.delivery = .hang
        case .halfAfter: answer.delivery = .half
        case .slowAfter:
            answer.delivery = .drip(milliseconds: max(1, knobs.faults.dripMilliseconds))
        case .garbageAfter:
            answer = CarrierAnswer("201 Created", text: "{\"sid\": <\u{1}\u{fffd}")
        case .oversizeAfter:
            let spaces = ByteBuffer(repeating: UInt8(ascii: " "), count: 10 << 20)
            answer = CarrierAnswer("201 Created", body: spaces)
        case .nestedAfter:
            let brackets = ByteBuffer(repeating: UInt8(ascii: "["), count: 100_000)
            answer = CarrierAnswer("201 Created", body: brackets)
        default: answer.delivery = .close
        }
        return answer
    }
}

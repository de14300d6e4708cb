import NIOCore
import NIOHTTP1

/// The lines of the log that tell of requests; those of webhooks are written on the street.
extension CarrierExchange {
    /// Writes the line of an accepted text; tells where in the log its words stand.
    func logAccepted(
        _ submission: CarrierSubmission, _ sender: CarrierSender, _ request: CarrierRequest,
        at moment: CarrierMoment, sid: [UInt8], kind: String
    ) -> (offset: UInt64, count: UInt16) {
        beginLine("accepted", at: moment, request)
        line.writeStaticString(#","sid":"#)
        line.writeJSON(sid)
        line.writeStaticString(#","to":"#)
        line.writeJSON(submission.to.bytes)
        line.writeStaticString(#","from":"#)
        line.writeJSON(sender.address.bytes)
        line.writeStaticString(#","segments":"#)
        line.writeDecimal(submission.segments)
        line.writeStaticString(#","validity":"#)
        line.writeDecimal(submission.validity)
        line.writeStaticString(#","service":"#)
        line.writeJSON(submission.service)
        line.writeStaticString(#","answer":""#)
        line.writeString(kind)
        line.writeStaticString(#"","body":"#)
        let bodyStart = line.writerIndex + 1
        line.writeJSON(submission.body)
        let bodyCount = line.writerIndex - 1 - bodyStart
        line.writeStaticString(#","media":["#)
        for (index, url) in submission.media.enumerated() {
            if index > 0 { line.writeStaticString(",") }
            line.writeJSON(url)
        }
        line.writeStaticString(#"],"status_callback":"#)
        line.writeJSON(submission.statusCallbackText)
        line.writeStaticString("}\n")
        return (log.append(line) + UInt64(bodyStart), UInt16(clamping: bodyCount))
    }

    /// Writes the line of a request that was not accepted; what the form lacks is null.
    func logRefusal(
        _ request: CarrierRequest, _ form: CarrierForm, at moment: CarrierMoment, answer: String,
        code: Int?
    ) {
        beginLine("refused", at: moment, request)
        line.writeStaticString(#","answer":""#)
        line.writeString(answer)
        line.writeStaticString(#"","code":"#)
        if let code { line.writeDecimal(code) } else { line.writeStaticString("null") }
        let fields: [(StaticString, [UInt8])] = [
            (#","to":"#, Self.toName), (#","from":"#, Self.fromName),
            (#","body":"#, Self.bodyName), (#","status_callback":"#, Self.statusCallbackName),
        ]
        for (key, name) in fields {
            line.writeStaticString(key)
            line.writeJSON(form.first(name).map { Array(String(decoding: $0, as: UTF8.self).utf8) })
        }
        line.writeStaticString("}\n")
        _ = log.append(line)
    }

    /// Writes the line of a request whose body never became complete.
    func noteIncomplete(_ head: HTTPRequestHead, started: CarrierMoment, body: ByteBuffer?) {
        counts.incomplete += 1
        line.clear()
        let moment = CarrierMoment.now()
        line.writeCarrierEvent("incomplete", at: moment)
        line.writeStaticString(#","start_boot_us":"#)
        line.writeDecimal(started.boot)
        line.writeStaticString(#","path":"#)
        line.writeJSON(head.uri)
        line.writeStaticString(#","body_bytes":"#)
        line.writeDecimal(body?.readableBytes ?? 0)
        line.writeStaticString("}\n")
        _ = log.append(line)
    }

    /// Writes what somebody wrote to us; tells where in the log the words stand.
    func logInbound(
        _ draft: CarrierDraft, at moment: CarrierMoment, sid: [UInt8]
    ) -> (offset: UInt64, count: UInt16) {
        line.clear()
        line.writeCarrierEvent("inbound", at: moment)
        line.writeStaticString(#","sid":"#)
        line.writeJSON(sid)
        line.writeStaticString(#","from":"#)
        line.writeJSON(draft.from.bytes)
        line.writeStaticString(#","to":"#)
        line.writeJSON(draft.to.bytes)
        line.writeStaticString(#","intent":"#)
        line.writeJSON(draft.intent)
        line.writeStaticString(#","media":"#)
        line.writeDecimal(draft.mediaCount)
        line.writeStaticString(#","body":"#)
        let bodyStart = line.writerIndex + 1
        line.writeJSON(draft.body)
        let bodyCount = line.writerIndex - 1 - bodyStart
        line.writeStaticString("}\n")
        return (log.append(line) + UInt64(bodyStart), UInt16(clamping: bodyCount))
    }

    private func beginLine(
        _ event: StaticString, at moment: CarrierMoment, _ request: CarrierRequest
    ) {
        line.clear()
        line.writeCarrierEvent(event, at: moment)
        line.writeStaticString(#","start_boot_us":"#)
        line.writeDecimal(request.started.boot)
        line.writeStaticString(#","arrived_boot_us":"#)
        line.writeDecimal(request.arrived.boot)
        line.writeStaticString(#","request":"#)
        line.writeDecimal(counts.requests)
    }
}

extension ByteBuffer {
    /// Begins a line: what happened, and when by both clocks.
    mutating func writeCarrierEvent(_ event: StaticString, at moment: CarrierMoment) {
        writeStaticString(#"{"event":""#)
        writeStaticString(event)
        writeStaticString(#"","boot_us":"#)
        writeDecimal(moment.boot)
        writeStaticString(#","wall_us":"#)
        writeDecimal(moment.wall)
    }
}

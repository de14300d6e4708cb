import NIOCore
import NIOHTTP1

/// What the provider tells about texts and numbers.
extension CarrierExchange {
    func lookUp(_ request: CarrierRequest) -> CarrierAnswer {
        counts.lookUps += 1
        guard request.path.hasPrefix(accountPath + "/") else { return Self.notFound }
        let parts = request.path.dropFirst(accountPath.count + 1).split(separator: "/")
        let isGet = request.method == .GET
        switch (parts.count, parts.first) {
        case (1, "Messages.json") where isGet: return list(request.query)
        case (2, "Messages") where isGet: return message(String(parts[1]))
        case (4, "Messages") where isGet && parts[2] == "Media":
            return CarrierAnswer("200 OK", "image/png", body: ByteBuffer(bytes: Self.picture))
        case (1, "IncomingPhoneNumbers.json"): return numbers(request)
        case (2, "IncomingPhoneNumbers"): return number(String(parts[1]), request)
        default: return Self.notFound
        }
    }

    // MARK: Texts

    private func message(_ name: String) -> CarrierAnswer {
        guard name.hasSuffix(".json"), let sequence = sids.sequence(of: name.dropLast(5)),
            let record = records[sequence]
        else { return Self.notFound }
        document.clear()
        write(record, into: &document, at: CarrierMoment.now().wall)
        return CarrierAnswer("200 OK", body: document)
    }

    /// `GET Messages.json`: filters `To`, `From`, `DateSent` by whole GMT days, newest first.
    private func list(_ query: CarrierForm) -> CarrierAnswer {
        let now = CarrierMoment.now().wall
        let size = min(max(query["PageSize"].flatMap { Int($0) } ?? 50, 1), 1_000)
        let visible = now - Int64(knobs.faults.listLagMilliseconds) * 1_000
        var wanted = CarrierRecords.Query(created: Int64.min..<max(visible, 0) + 1)
        if let to = query["To"] {
            guard let address = CarrierAddress(to) else { return page([], query, size, at: now) }
            wanted.to = address.packed
        }
        if let from = query["From"] {
            guard let address = CarrierAddress(from) else { return page([], query, size, at: now) }
            wanted.from = address.packed
        }
        let days = Self.days(query)
        wanted.created = wanted.created.clamped(to: days)
        if let token = query["PageToken"], let last = sids.sequence(of: token.dropFirst(2)) {
            wanted.before = last
        }
        wanted.limit = size + 1
        return page(records.list(wanted), query, size, at: now)
    }

    /// The span that `DateSent`, `DateSent>` and `DateSent<` leave; the text's day of creation
    /// counts, because the carrier sends at once.
    private static func days(_ query: CarrierForm) -> Range<Int64> {
        var (from, until) = (Int64.min, Int64.max)
        if let day = query["DateSent"].flatMap(Self.start(ofDay:)) {
            (from, until) = (day, day + 86_400_000_000)
        }
        if let day = query["DateSent>"].flatMap(Self.start(ofDay:)) { from = max(from, day) }
        if let day = query["DateSent<"].flatMap(Self.start(ofDay:)) {
            until = min(until, day + 86_400_000_000)
        }
        return from..<max(from, until)
    }

    /// Wall microseconds at 0:00 GMT of `YYYY-MM-DD`; a time behind it is ignored.
    private static func start(ofDay text: String) -> Int64? {
        let parts = text.prefix(10).split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3, (1...12) ~= parts[1], (1...31) ~= parts[2] else { return nil }
        let year = parts[1] <= 2 ? parts[0] - 1 : parts[0]
        let month = (parts[1] + 9) % 12  // March is 0
        let dayOfYear = (153 * month + 2) / 5 + parts[2] - 1
        let days = year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
        return Int64(days) * 86_400_000_000
    }

    private func page(
        _ found: [CarrierRecord], _ query: CarrierForm, _ size: Int, at now: Int64
    ) -> CarrierAnswer {
        document.clear()
        let shown = found.prefix(size)
        document.writeStaticString(#"{"messages": ["#)
        for (index, record) in shown.enumerated() {
            if index > 0 { document.writeStaticString(", ") }
            write(record, into: &document, at: now)
        }
        document.writeString(#"], "page": 0, "page_size": \#(size), "start": 0, "end": "#)
        document.writeDecimal(max(0, shown.count - 1))
        document.writeString(#", "uri": "\#(messagesPath)", "previous_page_uri": null"#)
        document.writeStaticString(#", "next_page_uri": "#)
        let next = found.count > size ? shown.last.map { nextPage(query, after: $0) } : nil
        document.writeJSON(next.map { Array($0.utf8) })
        document.writeStaticString("}")
        return CarrierAnswer("200 OK", body: document)
    }

    private func nextPage(_ query: CarrierForm, after last: CarrierRecord) -> String {
        var uri = ByteBuffer(string: messagesPath + "?")
        for field in query.fields where field.name != Array("PageToken".utf8) {
            uri.writeFormEncoded(field.name)
            uri.writeStaticString("=")
            uri.writeFormEncoded(field.value)
            uri.writeStaticString("&")
        }
        let sid = sids.bytes(of: last.sequence, hasMedia: last.mediaCount > 0)
        return String(buffer: uri) + "PageToken=PA" + String(decoding: sid, as: UTF8.self)
    }

    /// Writes a text with its state of this moment and its words from the log.
    private func write(_ record: CarrierRecord, into document: inout ByteBuffer, at now: Int64) {
        let sid = sids.bytes(of: record.sequence, hasMedia: record.mediaCount > 0)
        var message = CarrierMessageDocument(account: configuration.accountSid, sid: sid)
        message.body = .escaped(log.read(at: record.bodyOffset, count: Int(record.bodyCount)))
        message.created = date(record.created)
        message.direction = record.isInbound ? "inbound" : "outbound-api"
        message.status = record.status(at: now)
        let sentAt = record.created + Int64(record.sentAfter) * 1_000
        let finalAt = record.created + Int64(record.finalAfter) * 1_000
        let failed = CarrierFate.failsUnsent(record.errorCode)
        if now >= sentAt, !failed { message.sent = date(sentAt) }
        message.updated = date(now >= finalAt ? finalAt : now >= sentAt ? sentAt : record.created)
        if now >= finalAt { message.errorCode = record.errorCode }
        message.from = Self.text(record.from)
        message.to = Self.text(record.to)
        if record.service > 0 { message.service = services[Int(record.service) - 1] }
        message.mediaCount = Int(record.mediaCount)
        message.segments = Int(record.segments)
        message.write(into: &document)
    }

    private static func text(_ packed: UInt64) -> [UInt8] { CarrierAddress(packed: packed).bytes }

    // MARK: Numbers

    private func numbers(_ request: CarrierRequest) -> CarrierAnswer {
        if request.method == .POST {
            guard let text = request.form["PhoneNumber"], let address = CarrierAddress(text) else {
                return CarrierAnswer(.bad(21421, "PhoneNumber is invalid"))
            }
            let sender = sender(address)
            set(sender, request.form)
            return numberAnswer("201 Created", sender)
        }
        guard request.method == .GET else { return Self.notFound }
        let wanted = request.query["PhoneNumber"].flatMap { CarrierAddress($0) }
        if let wanted, configuration.numbers.isEmpty { _ = sender(wanted) }  // any is ours
        let shown = pool.compactMap { senders[$0] }
            .filter { wanted == nil || $0.address == wanted }.prefix(1_000)
        document.clear()
        document.writeStaticString(#"{"incoming_phone_numbers": ["#)
        for (index, sender) in shown.enumerated() {
            if index > 0 { document.writeStaticString(", ") }
            write(sender, into: &document)
        }
        document.writeString(#"], "page": 0, "page_size": 1000, "start": 0, "end": "#)
        document.writeDecimal(max(0, shown.count - 1))
        document.writeString(
            #", "uri": "\#(accountPath)/IncomingPhoneNumbers.json", "next_page_uri": null}"#)
        return CarrierAnswer("200 OK", body: document)
    }

    private func number(_ name: String, _ request: CarrierRequest) -> CarrierAnswer {
        let found = senders.values.first { $0.sid + ".json" == name }
        guard let sender = found else { return Self.notFound }
        if request.method == .POST { set(sender, request.form) }
        return numberAnswer("200 OK", sender)
    }

    private func set(_ sender: CarrierSender, _ form: CarrierForm) {
        if let url = form["SmsUrl"] { sender.smsURL = url.isEmpty ? nil : url }
        if let url = form["StatusCallback"] { sender.status(to: url) }
    }

    private func numberAnswer(_ status: String, _ sender: CarrierSender) -> CarrierAnswer {
        document.clear()
        write(sender, into: &document)
        return CarrierAnswer(status, body: document)
    }

    private func write(_ sender: CarrierSender, into document: inout ByteBuffer) {
        let account = configuration.accountSid
        let uri = "\(accountPath)/IncomingPhoneNumbers/\(sender.sid).json"
        document.writeString(#"{"sid": "\#(sender.sid)", "account_sid": "\#(account)", "#)
        document.writeString(#""phone_number": "\#(sender.address.text)", "#)
        document.writeString(#""friendly_name": "\#(sender.address.text)", "sms_url": "#)
        document.writeJSON(sender.smsURL ?? "")
        document.writeStaticString(#", "sms_method": "POST", "sms_application_sid": "", "#)
        document.writeStaticString(#""status_callback": "#)
        document.writeJSON(sender.statusText ?? "")
        document.writeStaticString(#", "status_callback_method": "POST", "status": "in-use", "#)
        document.writeStaticString(#""capabilities": {"voice": true, "sms": true, "mms": true, "#)
        document.writeString(#""fax": false}, "api_version": "2010-04-01", "uri": "\#(uri)"}"#)
    }

    /// One transparent pixel: PNG signature, IHDR, IDAT, IEND.
    static let picture: [UInt8] = [
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52,
        0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44,
        0x41, 0x54, 0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0,
        0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
    ]
}

import NIOCore
import NIOHTTP1

/// A small page of what happens, and a telephone for whoever shows the program to others.
///
/// Plain HTML without scripts; it loads itself again every two seconds.
extension CarrierExchange {
    /// `GET /`: counts and the conversations in which people wrote last.
    func frontPage() -> CarrierReaction {
        guard let street else { return .now(Self.notFound) }
        return .later(
            street.ask { StreetFigures($0) }.hop(to: loop).assumeIsolated()
                .map { self.frontPage(CarrierStatistics(self, $0)) }.nonisolated())
    }

    private func frontPage(_ figures: CarrierStatistics) -> CarrierAnswer {
        var page = Self.beginning("Simulated carrier", refresh: true)
        page += "<p>Nobody is texted: every number here is answered by this program.</p><table>"
        let rows: [(String, Int)] = [
            ("Texts accepted", figures.accepted), ("Segments", figures.segments),
            ("Refused", figures.rejected.values.reduce(0, +)),
            ("Faults made", figures.faults.values.reduce(0, +)),
            ("Texts from people", figures.inbound), ("People who said stop", figures.stopped),
            ("Texts after a stop", figures.textsAfterStop),
            (
                "Webhooks answered",
                figures.webhooks.filter { Int($0.key) != nil }.values.reduce(0, +)
            ),
            ("Webhooks waiting", figures.waiting),
            ("Receipts and replies to come", figures.planned),
        ]
        for (name, count) in rows {
            page += "<tr><th scope=\"row\">\(name)</th><td>\(count)</td></tr>"
        }
        page += "</table><p><a href=\"/phone\">A phone by its number</a>, such as yours: "
        page += "sign-in codes arrive there.</p>"
        page += "<h2>Phones that wrote last</h2><table>"
        page += "<tr><th>Phone</th><th>To</th><th>Last text</th></tr>"
        for pair in recentPairs.reversed() {
            let last = thread(pair, limit: 1).first.map(words) ?? ""
            page += "<tr><td><a href=\"/phone?\(Self.query(pair))\">\(pair.person.text)</a></td>"
            page += "<td>\(pair.ours.text)</td><td>\(Self.escape(last))</td></tr>"
        }
        return Self.answer(page + "</table>")
    }

    /// `GET /phone?person=…&ours=…`: the texts of one conversation, and a form to answer.
    ///
    /// Without `ours` it is the person's newest conversation; without `person` it asks for one.
    func phonePage(_ query: CarrierForm) -> CarrierAnswer {
        guard let asked = query["person"] else { return Self.phoneForm("") }
        // A plus sign in an address means a space; people type both.
        let number = asked.filter { !$0.isWhitespace }
        guard let person = CarrierAddress(number.hasPrefix("+") ? number : "+" + number) else {
            return Self.phoneForm("Write the number with its country code, as +15555550100.")
        }
        guard let ours = query["ours"].flatMap({ CarrierAddress($0) }) ?? newestCaller(of: person)
        else { return Self.phoneForm("Nobody has texted \(person.text) yet.") }
        let pair = CarrierPair(person: person, ours: ours)
        let now = CarrierMoment.now().wall
        var page = Self.beginning("Phone \(person.text)", refresh: false)
        page += "<p><a href=\"/\">All phones</a> · <a href=\"/phone?\(Self.query(pair))\">Again</a>"
        page += "</p><ol>"
        for record in thread(pair, limit: 50).reversed() {
            let who = record.isInbound ? "The person" : "The campaign, \(record.status(at: now))"
            page += "<li><strong>\(who):</strong> \(Self.escape(words(record)))"
            page += record.mediaCount > 0 && record.isInbound ? " [picture]</li>" : "</li>"
        }
        page += """
            </ol><form method="post" action="/_control/inbound">
            <input type="hidden" name="from" value="\(person.text)">
            <input type="hidden" name="to" value="\(ours.text)">
            <label>Write as this person <input name="body" autofocus></label>
            <button>Send</button></form>
            """
        return Self.answer(page)
    }

    private func newestCaller(of person: CarrierAddress) -> CarrierAddress? {
        let all = Int64.min..<Int64.max
        let sent = records.list(.init(to: person.packed, created: all, limit: 1))
        return sent.first.map { CarrierAddress(packed: $0.from) }
    }

    private static func phoneForm(_ complaint: String) -> CarrierAnswer {
        answer(
            beginning("A phone", refresh: false)
                + """
                <p><a href="/">All phones</a></p><p role="status">\(escape(complaint))</p>
                <form action="/phone"><label>Number <input name="person" type="tel" autofocus
                placeholder="+15555550100"></label> <button>Show</button></form>
                """)
    }

    private func thread(_ pair: CarrierPair, limit: Int) -> [CarrierRecord] {
        let all = Int64.min..<Int64.max
        let (person, ours) = (pair.person.packed, pair.ours.packed)
        let sent = records.list(.init(to: person, from: ours, created: all, limit: limit))
        let written = records.list(.init(to: ours, from: person, created: all, limit: limit))
        return Array((sent + written).sorted { $0.sequence > $1.sequence }.prefix(limit))
    }

    /// The words of a text, read back from the log.
    private func words(_ record: CarrierRecord) -> String {
        let escaped = log.read(at: record.bodyOffset, count: Int(record.bodyCount))
        return CarrierWords.unescape(escaped)
    }

    private static func beginning(_ title: String, refresh: Bool) -> String {
        let again = refresh ? "<meta http-equiv=\"refresh\" content=\"2\">" : ""
        return """
            <!doctype html><html lang="en"><meta charset="utf-8">\(again)
            <meta name="viewport" content="width=device-width"><title>\(title)</title>
            <style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}
            table{border-collapse:collapse}th,td{text-align:left;padding:.2rem 1rem .2rem 0}
            li{margin:.5rem 0}input{font:inherit;width:20rem}button{font:inherit}</style>
            <h1>\(title)</h1>
            """
    }

    private static func answer(_ page: String) -> CarrierAnswer {
        CarrierAnswer("200 OK", "text/html; charset=utf-8", text: page + "</html>\n")
    }

    private static func query(_ pair: CarrierPair) -> String {
        "person=\(pair.person.text)&amp;ours=\(pair.ours.text)".replacing("+", with: "%2B")
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}

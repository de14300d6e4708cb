import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// What a person may ask of us: a copy of everything about them, and to be erased.
struct SubjectRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.post("/k/p/:person/copy") { request, context in
            try await console.compliant(request, context) { try await copy(request, context, $0) }
        }
        router.get("/k/p/:person/erase") { request, context in
            try await console.compliant(request, context) { try await ask(request, context, $0) }
        }
        router.post("/k/p/:person/erase") { request, context in
            try await console.compliant(request, context) { try await erase(request, context, $0) }
        }
    }

    private func copy(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let id = context.person,
            let history = try await console.store.histories.read(
                id, organisation: visitor.organisation)
        else { return console.notFound(request, context) }
        let network = console.network(request, context)
        let revealed = try await console.store.reveals.number(
            of: id, for: visitor, network: network)
        _ = try await console.store.reveals.export(
            "copy for the person", filter: ["person": id.text], for: visitor, network: network)
        let records = try await console.store.cases.records(
            of: id, organisation: visitor.organisation)
        let bundle = SubjectCopy(
            history, records, number: revealed?.number, organisation: visitor.organisationName)
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/json",
                .contentDisposition: "attachment; filename=\"person-\(id.text.prefix(8)).json\"",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: try bundle.bytes)))
    }

    private func ask(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, error: String? = nil
    ) async throws -> Response {
        guard let id = context.person,
            let history = try await console.store.histories.read(
                id, organisation: visitor.organisation)
        else { return console.notFound(request, context) }
        let words = console.words(request, context)
        return console.compliancePage(
            "compliance_erase", request, context, title: words("k_erase_title"), at: "number",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "person": id.text, "name": history.person.name ?? words("nameless"),
                "masked": words.masked(history.person.ending), "error": error as Any,
                "gone": history.person.erasedAt.map {
                    words("k_why_erased", ["when": words.stamp($0)])
                } as Any,
            ])
    }

    private func erase(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let id = context.person else { return console.notFound(request, context) }
        let form = try await request.form()
        let words = console.words(request, context)
        guard let reason = form["reason"], form["sure"] != nil else {
            return try await ask(request, context, visitor, error: words("k_erase_missing"))
        }
        do {
            _ = try await console.store.cases.erase(
                contact: id, organisation: visitor.organisation, by: visitor.id, reason: reason)
        } catch is InvalidInput {
            return try await ask(request, context, visitor, error: words("k_erase_refused"))
        }
        return console.redirect("/k/p/\(id.text)")
    }
}

/// A copy of everything about a person, for that person: other people in it have no names.
struct SubjectCopy {
    private let history: PersonHistory
    private let records: SubjectRecords
    private let number: String?
    private let organisation: String
    private var aliases: [String: String] = [:]

    init(
        _ history: PersonHistory, _ records: SubjectRecords, number: String?, organisation: String
    ) {
        self.history = history
        self.records = records
        self.number = number
        self.organisation = organisation
        let names = history.texts.compactMap(\.author) + history.lines.compactMap(\.member)
        for name in names where aliases[name] == nil {
            aliases[name] = "person \(aliases.count + 1) of \(organisation)"
        }
    }

    private struct Copy: Encodable {
        var organisation: String
        var made_at: Date
        var about: [String: String]
        var why_we_may_text: [Entry]
        var texts: [Entry]
        var log: [Entry]
        var records: SubjectRecords
        var kept_for: String
        var redacted: String
    }

    private struct Entry: Encodable {
        var at: Date
        var facts: [String: String]
    }

    var bytes: [UInt8] {
        get throws {
            let person = history.person
            let about = [
                "number": number, "name": person.name, "country": person.country,
                "time_zones": person.zones.joined(separator: ","),
                "known_since": person.firstSeenAt.formatted(.iso8601),
                "stopped_at": person.optedOutAt?.formatted(.iso8601),
                "wrong_number_at": person.wrongNumberAt?.formatted(.iso8601),
                "language": person.language, "time_zone_known_from": person.zoneSource,
            ].compactMapValues(\.self)
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let copy = Copy(
                organisation: organisation, made_at: Date(), about: about,
                why_we_may_text: history.consents.map(entry), texts: history.texts.map(entry),
                log: history.lines.map(entry), records: Self.withoutStaff(records),
                kept_for: """
                    Your stop and a keyed hash of your number are kept for good, so that nobody \
                    texts you again; the rest as long as our limits say, or until you ask us to \
                    erase it.
                    """,
                redacted: "Names of volunteers and staff are replaced, the same name alike.")
            return [UInt8](try encoder.encode(copy))
        }
    }

    /// Ids of our own people say nothing to the person and something about them.
    private static func withoutStaff(_ records: SubjectRecords) -> SubjectRecords {
        var plain = records
        for index in plain.requests.indices {
            plain.requests[index].request.recordedBy = nil
            plain.requests[index].request.closedBy = nil
        }
        return plain
    }

    private func entry(_ consent: PersonHistory.Consent) -> Entry {
        Entry(
            at: consent.recordedAt,
            facts: [
                "source": consent.source, "wording": consent.wording,
                "given_at": consent.givenAt?.formatted(.iso8601),
                "file_row": "\(consent.row)", "campaign": consent.campaign,
            ].compactMapValues(\.self))
    }

    private func entry(_ text: PersonHistory.Text) -> Entry {
        let last = text.tries.last
        return Entry(
            at: last?.slotAt ?? text.at,
            facts: [
                "direction": text.kind == .inbound ? "from you" : "to you", "words": text.body,
                "kind": "\(text.kind)", "campaign": text.campaign, "our_number": text.ours,
                "by": text.author.flatMap { aliases[$0] }, "read_as": text.meaning,
                "rule": text.rule, "carrier_id": last?.providerID,
                "was_let_go": last.map { "\($0.isLetGo)" }, "not_sent_because": last?.reason,
                "carrier_code": last?.code, "segments": "\(text.segments)",
                "delivery": text.receipts.isEmpty
                    ? nil
                    : text.receipts.map {
                        "\($0.at.formatted(.iso8601)) status \($0.status)"
                            + ($0.code.map { " code \($0)" } ?? "")
                    }.joined(separator: "; "),
            ].compactMapValues(\.self))
    }

    private func entry(_ line: PersonHistory.Line) -> Entry {
        var facts = line.details.filter { !["member", "asked_by", "network"].contains($0.key) }
        facts["kind"] = line.kind
        facts["line"] = "\(line.seq)"
        facts["by"] = line.member.flatMap { aliases[$0] }
        return Entry(at: line.at, facts: facts)
    }
}

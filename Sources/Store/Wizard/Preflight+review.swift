import Foundation
import Postgres
import Texting

extension Preflight {
    /// What the page looks at: all that the command does, and what concerns people at a page.
    ///
    /// Who launches by command has a shell on the machine; who launches by page must not be able to
    /// hurt anyone by accident. So the page blocks where the command asks: words to opt out by and
    /// a sender's name must stand in the script, a test text must have been read, a big list needs a
    /// second person, the whole list must have been counted.
    package func review(
        campaign id: UUID, organisation: Int32, now: Date = Date()
    ) async throws -> [LaunchFinding] {
        let (facts, draft, bound) = try await database.transaction(organisation: organisation) {
            connection in
            (
                try await LaunchFacts.read(id, organisation, on: connection),
                try await CampaignDrafts.find(id, organisation, on: connection),
                try await connection.first(
                    "SELECT second_person_above FROM organisation WHERE id = \(organisation)"
                ) { row in try row.value(0) as Int32 } ?? 0
            )
        }
        guard let facts, let draft else { throw InvalidInput("There is no campaign \(id.text).") }
        // The command knows the segments of the import; the page has counted the whole list since.
        var all = Self.findings(facts, now).filter { $0.name != "cost_over_ceiling" }
            .map(Self.stricter)
        all += Self.people(draft, bound: Int(bound))
        all += Self.words(facts)
        all += Self.registration(facts, now)
        all += try await counted(draft, now)
        return Self.sorted(all)
    }

    private static func stricter(_ finding: LaunchFinding) -> LaunchFinding {
        var finding = finding
        if ["no_opt_out_words", "no_sender_name"].contains(finding.name) {
            finding.level = .blocking
        }
        return finding
    }

    private static func people(_ draft: CampaignDraft, bound: Int) -> [LaunchFinding] {
        var findings: [LaunchFinding] = []
        if draft.script != nil, draft.testedVersion != draft.campaign.scriptVersion {
            findings.append(
                LaunchFinding(
                    name: "no_test_text", level: .blocking,
                    sentence: "Nobody has read these words on a phone yet; text them to yourself."))
        }
        if draft.people > bound, !draft.isApproved {
            findings.append(
                LaunchFinding(
                    name: "second_person", level: .blocking,
                    sentence: "More than \(bound) people need a second person's yes.",
                    figures: ["people": String(bound)]))
        }
        return findings
    }

    /// What carriers block and the law of a country asks to see.
    private static func words(_ facts: LaunchFacts) -> [LaunchFinding] {
        guard let script = facts.script else { return [] }
        var findings: [LaunchFinding] = []
        if let shortener = ScriptWords.shortener(in: script) {
            findings.append(
                LaunchFinding(
                    name: "shortened_link", level: .blocking,
                    sentence: "Carriers block links of \(shortener); write your own address.",
                    figures: ["link": shortener]))
        }
        let wantsImprint =
            facts.imprint.map { !script.contains($0) }
            ?? (facts.countries.first == "GB" && !ScriptWords.hasImprint(script))
        let wantsPayer =
            facts.countries.first == "US"
            && !ScriptWords.hasPayer(script, committee: facts.organisationName)
        if wantsImprint || wantsPayer {
            findings.append(
                LaunchFinding(
                    name: wantsImprint ? "no_imprint" : "no_disclaimer", level: .acceptable,
                    sentence: wantsImprint
                        ? "No imprint: promoter's name and address, where the text is election "
                            + "material (Elections Act 2022, Part 6)."
                        : "No “Paid for by …”, which a committee's text may need (11 CFR 110.11; "
                            + "Cal. Gov. Code 84504.7)."))
        }
        return findings
    }

    /// Campaign Verify tokens expire on 2027-01-31; carriers then block what they let pass before.
    private static let tokensEnd = Date(timeIntervalSince1970: 1_801_353_600)

    private static func registration(_ facts: LaunchFacts, _ now: Date) -> [LaunchFinding] {
        let american = facts.senders.filter { $0.number.hasPrefix("+1") }
        var findings: [LaunchFinding] = []
        let without = american.count { $0.registration.isEmpty }
        if without > 0 {
            findings.append(
                LaunchFinding(
                    name: "registration_missing", level: .acceptable,
                    sentence: "Numbers without a registration: \(without); carriers block most of "
                        + "what they send.", figures: ["numbers": String(without)]))
        }
        let soon = now.addingTimeInterval(30 * 24 * 3600)
        let ending = facts.senders.count { sender in
            guard let end = sender.registrationExpiresAt, end > now else { return false }
            return end <= max(soon, now < tokensEnd ? tokensEnd : soon)
        }
        if ending > 0 {
            findings.append(
                LaunchFinding(
                    name: "registration_expires", level: .acceptable,
                    sentence: "Numbers whose registration ends soon: \(ending); renew it in time.",
                    figures: ["numbers": String(ending)]))
        }
        return findings
    }

    private func counted(_ draft: CampaignDraft, _ now: Date) async throws -> [LaunchFinding] {
        guard draft.people > 0, draft.script != nil else { return [] }
        let estimates = Estimates(database: database)
        let state = try await estimates.current(
            draft.campaign.id, organisation: draft.campaign.organisation)
        guard let estimate = state?.result else {
            return [
                LaunchFinding(
                    name: "not_counted", level: .blocking,
                    sentence: "The list is still being counted; look again in a moment.")
            ]
        }
        var findings: [LaunchFinding] = []
        func add(_ name: String, _ sentence: String, _ count: Int) {
            guard count > 0 else { return }
            findings.append(
                LaunchFinding(
                    name: name, level: .acceptable, sentence: "\(sentence): \(count).",
                    figures: ["people": String(count)]))
        }
        add(
            "long_texts", "Texts that cost more than one segment",
            estimate.bySegments.dropFirst().reduce(0, +))
        add("holes", "Texts with a hole where a value is missing", estimate.holes)
        add(
            "frequency_cap", "People who have had as many texts today as they may", estimate.overCap
        )
        let cost = estimate.segments * draft.campaign.priceMicros
        if let ceiling = draft.campaign.spendCeilingMicros, cost > ceiling {
            findings.append(
                LaunchFinding(
                    name: "cost_over_ceiling", level: .acceptable,
                    sentence: "The list costs \(Self.units(cost)) and the ceiling is "
                        + "\(Self.units(ceiling)); the campaign will stop there.",
                    figures: ["cost": Self.units(cost), "ceiling": Self.units(ceiling)]))
        }
        if let forecast = try await estimates.forecast(draft, from: now) {
            add("not_reached", "People whose hours close before their turn", forecast.late)
        }
        return findings
    }
}

extension ScriptWords {
    /// Shorteners shared by all the world, which carriers block. Source: CTIA Messaging Principles
    /// 5.3.2.
    private static let shorteners = [
        "bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly",
        "cutt.ly", "shorturl.at", "rb.gy", "tiny.cc", "lnkd.in", "s.id", "t.ly",
    ]

    static func shortener(in script: String) -> String? {
        let text = script.lowercased()
        let hosts = text.split { $0.isWhitespace || "/()<>\"'".contains($0) }.map(String.init)
        return shorteners.first { shortener in
            hosts.contains { $0 == shortener || $0.hasSuffix("." + shortener) }
        }
    }

    /// “Paid for by …”, or *(name) with (committee)*, in which the person who sends is named.
    ///
    /// Source: California Government Code 84504.7(a); a committee that texts for others, or a name
    /// that does not tell the organisation, is left to the person who accepts the finding.
    static func hasPayer(_ script: String, committee: String) -> Bool {
        let text = script.lowercased()
        let paid = ["paid for by", "pd for by", "pd 4 by", "pagado por", "pago por"]
        return paid.contains { text.contains($0) } || names(sender: script, with: committee)
    }

    /// Whether somebody's name stands before “with” and the committee's behind it.
    private static func names(sender script: String, with committee: String) -> Bool {
        let words = script.split { $0.isWhitespace || ",.;:!?()".contains($0) }.map(String.init)
        let wanted = telling(committee)
        return words.indices.contains { place in
            guard ["with", "w/", "con", "gyda"].contains(words[place].lowercased()) else {
                return false
            }
            let behind = words[(place + 1)...].prefix(4).joined(separator: " ")
            let isCommittee =
                behind.lowercased().contains(committee.lowercased())
                || !wanted.isDisjoint(with: Set(Self.words(behind.lowercased())))
            return isCommittee && words[..<place].suffix(3).contains(where: isName)
        }
    }

    /// `{texter}` or a capital letter, unless it is one of the words that begin such texts.
    private static func isName(_ word: String) -> Bool {
        if word.hasPrefix("{texter") { return true }
        let greetings = [
            "hi", "hello", "hey", "i", "i'm", "i’m", "it's", "it’s", "this", "we", "a",
        ]
        return word.first?.isUppercase == true && !greetings.contains(word.lowercased())
    }

    /// The promoter's name and address stand in the text: Elections Act 2022, section 41.
    ///
    /// “On behalf of” alone is half of an imprint and an everyday phrase.
    static func hasImprint(_ script: String) -> Bool {
        let text = script.lowercased()
        return ["promoted by", "published by", "imprint:", "imprint at", "hyrwyddir gan"]
            .contains { text.contains($0) }
            || text.contains("hyrwyddwyd gan") || text.contains("cyhoeddwyd gan")
    }
}

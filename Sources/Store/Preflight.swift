import Foundation
import Postgres
import Texting

/// Something to know before a campaign is launched.
package struct LaunchFinding: Sendable, Equatable, Codable {
    package enum Level: String, Sendable, Codable {
        /// Must be put right.
        case blocking
        /// May be accepted by its name, which the ledger keeps.
        case acceptable
    }

    package var name: String
    package var level: Level
    /// What is the matter, then what to do.
    package var sentence: String
    /// What the sentence counts or names, for pages that say it in other languages.
    package var figures: [String: String] = [:]
}

/// Everything that is looked at before a launch; the command and the page show the same.
package struct Preflight: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Blocking findings first.
    ///
    /// - Throws: ``InvalidInput`` if there is no such campaign.
    package func findings(
        campaign id: UUID, organisation: Int32, now: Date = Date()
    ) async throws -> [LaunchFinding] {
        let facts = try await database.transaction(organisation: organisation) { connection in
            try await LaunchFacts.read(id, organisation, on: connection)
        }
        guard let facts else { throw InvalidInput("There is no campaign \(id.text).") }
        return Self.sorted(Self.findings(facts, now))
    }

    static func findings(_ facts: LaunchFacts, _ now: Date) -> [LaunchFinding] {
        people(facts) + script(facts) + senders(facts, now) + hours(facts, now) + costs(facts)
    }

    static func sorted(_ all: [LaunchFinding]) -> [LaunchFinding] {
        all.filter { $0.level == .blocking } + all.filter { $0.level == .acceptable }
    }

    private static func people(_ facts: LaunchFacts) -> [LaunchFinding] {
        var findings: [LaunchFinding] = []
        if facts.recipients == 0 {
            findings.append(
                LaunchFinding(
                    name: "no_recipients", level: .blocking,
                    sentence: "Nobody is on the list; run 'barnstorm contacts import'."))
        }
        if facts.openImports > 0 {
            findings.append(
                LaunchFinding(
                    name: "open_import", level: .blocking,
                    sentence: "An import was interrupted; resume or undo it first."))
        }
        if facts.importsWithoutConsent > 0 {
            findings.append(
                LaunchFinding(
                    name: "no_consent", level: .blocking,
                    sentence: "A list does not say why its people may be texted; import it anew."))
        }
        if facts.peopleWithoutConsent > 0 {
            findings.append(
                LaunchFinding(
                    name: "no_consent_record", level: .acceptable,
                    sentence:
                        "People whose country asks for recorded consent, and of whom no words "
                        + "and day are known: \(facts.peopleWithoutConsent); they get no text.",
                    figures: ["people": String(facts.peopleWithoutConsent)]))
        }
        if facts.overlap > 0 {
            findings.append(
                LaunchFinding(
                    name: "overlap", level: .acceptable,
                    sentence: "People who are in another live campaign as well: \(facts.overlap); "
                        + "accept it or wait until that one has finished.",
                    figures: ["people": String(facts.overlap)]))
        }
        return findings
    }

    private static func script(_ facts: LaunchFacts) -> [LaunchFinding] {
        guard let body = facts.script, let template = try? Template(body) else {
            return [
                LaunchFinding(
                    name: "no_script", level: .blocking,
                    sentence: "The campaign has no script; add one with --script.")
            ]
        }
        var findings: [LaunchFinding] = []
        if !ScriptWords.tellsHowToStop(body) {
            findings.append(
                LaunchFinding(
                    name: "no_opt_out_words", level: .acceptable,
                    sentence: "The script does not say how to stop; add for example "
                        + "“Reply STOP to opt out”."))
        }
        if !ScriptWords.names(facts.organisationName, in: body) {
            findings.append(
                LaunchFinding(
                    name: "no_sender_name", level: .acceptable,
                    sentence: "The script does not say who writes; name "
                        + "\(facts.organisationName) in it.",
                    figures: ["organisation": facts.organisationName]))
        }
        let missing = template.fieldsMissing(from: facts.columns + [DrawSetting.texterField])
        if facts.recipients > 0, !missing.isEmpty {
            findings.append(
                LaunchFinding(
                    name: "missing_fields", level: .acceptable,
                    sentence: "No list has the fields \(missing.joined(separator: ", ")) that the "
                        + "script reads; correct the script or import them.",
                    figures: ["fields": missing.joined(separator: ", ")]))
        }
        return findings
    }

    private static func senders(_ facts: LaunchFacts, _ now: Date) -> [LaunchFinding] {
        var findings: [LaunchFinding] = []
        if facts.senders.isEmpty {
            findings.append(
                LaunchFinding(
                    name: "no_sender", level: .blocking,
                    sentence: "The pool \(facts.campaign.pool) has no number; run "
                        + "'barnstorm sender add'.", figures: ["pool": facts.campaign.pool]))
        } else if facts.senders.allSatisfy({ $0.quarantinedAt != nil }) {
            findings.append(
                LaunchFinding(
                    name: "senders_quarantined", level: .blocking,
                    sentence: "All numbers of the pool are in quarantine; see 'barnstorm doctor'."))
        }
        let expired = facts.senders.count { $0.registrationExpiresAt.map { $0 <= now } ?? false }
        if expired > 0 {
            findings.append(
                LaunchFinding(
                    name: "registration_expired", level: .blocking,
                    sentence: "The registration of \(expired) numbers has expired; renew or retire "
                        + "them.", figures: ["numbers": String(expired)]))
        }
        if facts.campaign.mode == .paced, !facts.pacedAllowed {
            findings.append(
                LaunchFinding(
                    name: "paced_not_allowed", level: .blocking,
                    sentence: "This organisation may not text without a person's press."))
        }
        return findings
    }

    private static func hours(_ facts: LaunchFacts, _ now: Date) -> [LaunchFinding] {
        let hours = facts.hours
        let closed = facts.zoneSets.filter { hours.window(zones: $0.zones, at: now) == nil }
        guard !closed.isEmpty else { return [] }
        let people = closed.reduce(0) { $0 + $1.people }
        return [
            LaunchFinding(
                name: "hours_impossible", level: .blocking,
                sentence: "For \(people) people no hour is allowed in all zones in which they may "
                    + "be; widen the hours or give their zones in the list.",
                figures: ["people": String(people)])
        ]
    }

    private static func costs(_ facts: LaunchFacts) -> [LaunchFinding] {
        guard let ceiling = facts.campaign.spendCeilingMicros else { return [] }
        let cost = facts.segments * facts.campaign.priceMicros
        guard cost > ceiling else { return [] }
        return [
            LaunchFinding(
                name: "cost_over_ceiling", level: .acceptable,
                sentence: "The list costs \(units(cost)) and the ceiling is \(units(ceiling)); the "
                    + "campaign will stop there.",
                figures: ["cost": units(cost), "ceiling": units(ceiling)])
        ]
    }

    static func units(_ micros: Int) -> String {
        let cents = (micros + 5_000) / 10_000
        return "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
    }
}

/// What the law and the carriers want to read in a first text.
enum ScriptWords {
    /// CTIA Messaging Principles 5.1.3: the text says which words opt out. The languages are those
    /// whose stop words we act on.
    private static let stops = [
        "stop", "cancel", "quit", "arret", "arrêt", "alto", "baja", "parar", "pare", "stopp",
        "atal",
    ]
    /// Phrases that say it whatever stands around them.
    private static let phrases = [
        "opt out", "opt-out", "optout", "unsubscribe", "stop2end", "stop2quit", "text stop",
        "reply stop", "txt stop", "send stop", "say stop", "stop to ", "optio allan",
        "darte de baja",
        "stop=",
    ]

    /// A stop word in capitals or quotes, as an instruction writes it, or a phrase that instructs:
    /// “Let us stop the cuts” tells nobody how to leave.
    static func tellsHowToStop(_ script: String) -> Bool {
        let text = " " + script + " "
        let lowered = text.lowercased()
        if phrases.contains(where: { lowered.contains($0) }) { return true }
        return stops.contains { word in
            lowered.ranges(of: word).contains { range in
                let before = lowered[lowered.index(before: range.lowerBound)]
                let after = lowered[range.upperBound]
                guard !before.isLetter, !after.isLetter else { return false }
                let isQuoted = "\"'“‘«".contains(before) && "\"'”’»".contains(after)
                return isQuoted || text.contains(word.uppercased())
            }
        }
    }

    /// Words that stand in many names and in many texts, and so name nobody.
    private static let common: Set<String> = [
        "campaign", "committee", "party", "people", "friends", "citizens", "voters", "vote",
        "county", "city", "state", "national", "american", "united", "union", "association",
        "organisation", "organization", "group", "team", "action", "election", "council", "house",
        "senate", "congress", "with", "from", "this", "that", "your", "help", "about",
    ]

    /// Whether the organisation's name, or a word of it that is not too common, stands in the text
    /// as a word of its own.
    static func names(_ organisation: String, in script: String) -> Bool {
        let text = script.lowercased()
        let name = organisation.lowercased()
        if text.contains(name) { return true }
        let initials = String(words(name).compactMap(\.first))
        if initials.count >= 3, words(text).contains(initials) { return true }
        return !telling(organisation).isDisjoint(with: Set(words(text)))
    }

    /// Words of a name that tell it from others.
    static func telling(_ name: String) -> Set<String> {
        Set(words(name.lowercased()).filter { $0.count >= 4 && !common.contains($0) })
    }

    static func words(_ text: String) -> [String] {
        text.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}

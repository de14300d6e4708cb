import Foundation

/// What the law of one country asks of texts, apart from hours: dated rows of `jurisdictions.tsv`.
///
/// An organisation's profile is that of all its countries. US law turns on how a text is sent, UK
/// law on consent: there is no one set of rules for both.
package struct JurisdictionProfile: Sendable, Equatable {
    /// One rule with its ground.
    package struct Rule: Sendable, Equatable, Codable {
        /// ISO 3166 alpha-2, or `*` for countries without a row of their own.
        package var country: String
        package var name: String
        package var value: String
        package var inForce: String
        package var basis: String
        package var source: String
        package var reviewedOn: String
        package var confidence: String
    }

    package let country: String
    /// The country's own rules; where it has none, the general ones.
    package let rules: [Rule]

    package init(country: String) {
        self.country = country
        let own = Self.table.filter { $0.country == country }
        let general = Self.table.filter { rule in
            rule.country == "*" && !own.contains { $0.name == rule.name }
        }
        rules = own + general
    }

    /// The value of a rule, nil where no row says anything.
    package func value(_ name: String) -> String? { rules.first { $0.name == name }?.value }

    /// No consent with source, wording and day: no text.
    package var needsConsentRecord: Bool { value("consent") == "required" }
    /// One recorded human act a text, unless the installation allows paced mode.
    package var needsActPerText: Bool { value("act") == "each" }
    /// How long evidence is kept at least.
    package var retentionYears: Int { value("retention-years").flatMap { Int($0) } ?? 5 }

    /// Of these countries, those in which nobody is texted without a consent record.
    package static func countriesNeedingConsent(_ countries: [String]) -> [String] {
        countries.filter { JurisdictionProfile(country: $0).needsConsentRecord }
    }

    /// All rows, in the order of the file.
    package static let table: [Rule] = {
        String(decoding: Resource.required("jurisdictions.tsv"), as: UTF8.self)
            .split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { line in
                guard let rule = Rule(line: line) else {
                    fatalError("The table jurisdictions.tsv has a row that is no rule: \(line)")
                }
                return rule
            }
    }()
}

extension JurisdictionProfile.Rule {
    private static let names: Set = [
        "consent", "act", "stop-words", "sender-name", "imprint", "retention-years", "access",
    ]

    init?(line: Substring) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 8, Self.names.contains(fields[1]), !fields[2].isEmpty else {
            return nil
        }
        self.init(
            country: fields[0], name: fields[1], value: fields[2], inForce: fields[3],
            basis: fields[4], source: fields[5], reviewedOn: fields[6], confidence: fields[7])
    }
}

import Testing

@testable import Texting

/// The dated rules of `jurisdictions.tsv`.
@Suite struct JurisdictionProfileTests {
    @Test(arguments: [("GB", true), ("FR", true), ("DE", true), ("US", false), ("AU", false)])
    func `where the law turns on consent, nobody is texted without its record`(
        country: String, needsConsent: Bool
    ) {
        #expect(JurisdictionProfile(country: country).needsConsentRecord == needsConsent)
    }

    @Test func `the United States ask for one human act a text, the United Kingdom does not`() {
        #expect(JurisdictionProfile(country: "US").needsActPerText)
        #expect(!JurisdictionProfile(country: "GB").needsActPerText)
        #expect(JurisdictionProfile(country: "GB").value("imprint") == "when-flagged")
    }

    @Test func `every rule says its ground, its source and when it was read`() {
        #expect(JurisdictionProfile.table.count > 20)
        for rule in JurisdictionProfile.table {
            #expect(!rule.basis.isEmpty && !rule.source.isEmpty)
            #expect(rule.reviewedOn.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil)
            #expect(rule.inForce.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil)
            #expect(["high", "medium", "low"].contains(rule.confidence))
        }
    }

    @Test func `a country without rows has the general rules`() {
        #expect(JurisdictionProfile(country: "NZ").rules.allSatisfy { $0.country == "*" })
        #expect(JurisdictionProfile(country: "CA").retentionYears == 5)
    }
}

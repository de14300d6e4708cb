import Foundation
import Testing

@testable import Texting

/// The law of the place where a person is, and every law where that is not known.
@Suite struct JurisdictionsTests {
    @Test(arguments: [
        (["America/Detroit"], ["US"]), (["America/Indiana/Knox", "America/Chicago"], ["US"]),
        (["Europe/London"], ["GB"]), (["America/Chicago", "America/Toronto"], ["CA", "US"]),
        (["US/Eastern"], ["US"]), ([], ["CA", "GB", "US"]), (["Asia/Tokyo"], ["CA", "GB", "US"]),
        (["Etc/UTC"], ["CA", "GB", "US"]),
        (["America/Chicago", "Asia/Tokyo"], ["CA", "GB", "US"]),
    ])
    func `zones tell whose law applies`(zones: [String], countries: [String]) {
        #expect(Jurisdictions.countries(of: zones, among: ["CA", "GB", "US"]) == countries)
    }

    @Test func `several laws together allow what each allows`() throws {
        let policies = ["CA", "US"].map { HoursPolicy(country: $0) }
        let hours = TextingHours(all: policies)

        for policy in policies {
            #expect(hours.weekly.and(policy.weekly()) == hours.weekly)
        }
        #expect(hours.weekly.days[6] == DailyHours(opens: 600, closes: 1080))
        #expect(
            hours.window(zones: [], at: Date())
                == TextingHours(weekly: hours.weekly, servedCountries: ["US", "CA"])
                .window(zones: [], at: Date()))
    }
}

import Testing

@testable import Texting

/// What was computed once is what computing again would say.
@Suite struct HoursBookTests {
    @Test func `a kept answer equals a fresh one at any later and earlier instant`() {
        let book = HoursBook(answersMax: 5)
        var chance = SeededChance(state: 3)
        let sets = [
            "", "America/New_York", "America/Chicago,America/New_York", "Pacific/Honolulu",
            "Asia/Tokyo,America/New_York", "Europe/London", "America/Adak",
        ]
        let policies = [
            HoursPolicy(), HoursPolicy(isStrictSales: true), HoursPolicy(country: "GB"),
        ]
        var instant: Int64 = 1_793_000_000  // shortly before the change of autumn 2026
        for _ in 0..<800 {
            instant += Int64.random(in: -3600...7200, using: &chance)
            let key = sets.randomElement(using: &chance) ?? ""
            let policy = policies.randomElement(using: &chance) ?? HoursPolicy()
            let names = key.split(separator: ",").map(String.init)
            let fresh = TextingHours(policy).window(zones: names, at: instant)
            #expect(book.window(zones: key, policy: policy, at: instant) == fresh)
        }
    }
}

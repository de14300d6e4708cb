import Foundation
import Testing

@testable import Texting

/// Deadlines of requests: 47 CFR 64.1200(a)(10), UK GDPR 12(3), DPA 2018 s.164A.
@Suite struct RequestClockTests {
    private func due(_ clock: RequestClock, _ received: String) throws -> String {
        clock.due(received: try Date(received, strategy: .iso8601)).formatted(.iso8601)
    }

    @Test func `ten business days leave out weekends and federal holidays`() throws {
        #expect(
            try due(.businessDays(10), "2026-11-20T15:00:00Z") == "2026-12-08T00:00:00Z")
        #expect(
            try due(.businessDays(10), "2026-12-21T15:00:00Z") == "2027-01-07T00:00:00Z")
    }

    @Test func `a month ends on the same day, or on the last of a shorter month`() throws {
        #expect(try due(.calendarMonth, "2026-11-20T15:00:00Z") == "2026-12-21T00:00:00Z")
        #expect(try due(.calendarMonth, "2027-01-31T15:00:00Z") == "2027-03-01T00:00:00Z")
        #expect(try due(.calendarMonth, "2026-12-31T15:00:00Z") == "2027-02-01T00:00:00Z")
    }

    @Test func `the day of receipt is the earliest it was anywhere in the United States`() throws {
        // Still the 19th in Honolulu.
        #expect(try due(.days(30), "2026-11-20T09:00:00Z") == "2026-12-20T00:00:00Z")
    }

    @Test func `days left are counted in business days and turn negative`() throws {
        let due = try Date("2026-12-08T00:00:00Z", strategy: .iso8601)
        let friday = try Date("2026-12-04T12:00:00Z", strategy: .iso8601)
        let late = try Date("2026-12-09T12:00:00Z", strategy: .iso8601)

        #expect(RequestClock.businessDaysLeft(until: due, now: friday) == 1)
        #expect(RequestClock.businessDaysLeft(until: due, now: due.addingTimeInterval(-1)) == 0)
        #expect(RequestClock.businessDaysLeft(until: due, now: late) == -2)
    }
}

import Foundation
import Testing

@testable import Texting

/// Where a person plausibly is: column, postal code, prefix, country.
@Suite struct ZoneSetTests {
    private let pensacola = PhoneNumber("+18502345678")  // an area code with two zones

    @Test func `a column is believed before the postal code, that before the number`() {
        let all = ZoneSet(number: pensacola, postalCode: "10001", explicit: "Pacific")
        let postal = ZoneSet(number: pensacola, postalCode: "32501", explicit: "someday")
        let prefix = ZoneSet(number: pensacola, postalCode: "unknown")

        #expect(all == ZoneSet(["America/Los_Angeles"], source: .explicit))
        #expect(postal == ZoneSet(["America/Chicago"], source: .postalCode))
        #expect(prefix == ZoneSet(["America/Chicago", "America/New_York"], source: .prefix))
    }

    @Test func `what tells nothing is the unknown set`() {
        #expect(ZoneSet(number: nil) == .unknown)
        #expect(ZoneSet(number: nil, postalCode: "", explicit: " , ") == .unknown)
    }

    @Test(arguments: [
        ("Eastern", "America/New_York"), ("EST", "America/New_York"), ("ct", "America/Chicago"),
        ("america/denver", "America/Denver"), ("US/Pacific", "America/Los_Angeles"),
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("Hawaiian Standard Time", "Pacific/Honolulu"), ("MST", "America/Denver,America/Phoenix"),
        ("America/New York", "America/New_York"), ("CT; ET", "America/Chicago,America/New_York"),
        ("Europe/London|Europe/Paris", "Europe/London,Europe/Paris"),
        ("Etc/GMT+5", "Etc/GMT+5"), ("etc/gmt-12", "Etc/GMT-12"),
        ("Etc/GMT", "Atlantic/Reykjavik,Europe/London"),
    ])
    func `a column may name zones in many ways`(text: String, key: String) {
        #expect(ZoneSet(number: nil, explicit: text).key == key)
    }

    @Test(arguments: [
        "-05:00", "UTC+1", "Etc/UTC", "Etc/GMT+15", "America/Atlantis", "ET, Mars", "5", "/",
    ])
    func `what names no zone is not guessed`(text: String) {
        #expect(ZoneSet.named(text) == nil)
    }

    @Test(arguments: ["Etc/GMT+5", "America/Denver"])
    func `a zone that the list names holds over number and postal code`(zone: String) throws {
        let number = try #require(PhoneNumber("+14155550123", regions: ["US"]))
        let set = ZoneSet(number: number, postalCode: "10001", explicit: zone)

        #expect(set == ZoneSet([zone], source: .explicit))
    }

    @Test(arguments: [
        ("10001", "America/New_York", "NY"), ("10001-1234", "America/New_York", "NY"),
        ("100011234", "America/New_York", "NY"), ("501", "America/New_York", "NY"),
        ("601", "America/Puerto_Rico", "PR"), ("79901", "America/Denver", "TX"),
        ("75201", "America/Chicago", "TX"), ("32501", "America/Chicago", "FL"),
        ("33101", "America/New_York", "FL"), ("85001", "America/Phoenix", "AZ"),
        ("86515", "America/Denver", "AZ"), ("99634", "America/Anchorage", "AK"),
        ("96701.0", "Pacific/Honolulu", "HI"), ("37402", "America/New_York", "TN"),
        ("37201", "America/Chicago", "TN"), ("47711", "America/Chicago", "IN"),
    ])
    func `a ZIP code tells zone and state, also where a state has two zones`(
        zip: String, zone: String, state: String
    ) throws {
        let place = try #require(PostalCode(zip, country: "US"))

        #expect(place.zones == [zone])
        #expect(place.state == state)
    }

    @Test(arguments: [
        ("M5V 2T6", "CA", "America/Toronto"), ("v6b1a1", "CA", "America/Vancouver"),
        ("S9V 0A1", "CA", "America/Edmonton"), ("S4P 3Y2", "CA", "America/Regina"),
        ("P9N 1A1", "CA", "America/Winnipeg"), ("X0C 0G0", "CA", "America/Rankin_Inlet"),
        ("2000", "AU", "Australia/Sydney"), ("2880", "AU", "Australia/Broken_Hill"),
        ("6000", "AU", "Australia/Perth"), ("SW1A 1AA", "GB", "Europe/London"),
        ("GY1 1WR", "GB", "Europe/Guernsey"), ("35001", "ES", "Atlantic/Canary"),
        ("28001", "ES", "Europe/Madrid"), ("9500-321", "PT", "Atlantic/Azores"),
    ])
    func `a postcode tells the zone in other countries`(
        code: String, country: String, zone: String
    ) throws {
        #expect(try #require(PostalCode(code, country: country)).zones == [zone])
    }

    @Test(arguments: [("1", "CA"), ("", "GB"), ("75001", "FR"), ("ABCDE", "US"), ("99999", "GB")])
    func `a code that tells nothing is none`(code: String, country: String) {
        #expect(PostalCode(code, country: country) == nil)
    }

    @Test func `every zone of a postcode has a course`() {
        for zone in PostalCode.rows.values.joined().flatMap(\.zones) {
            #expect(TimeZoneTables.shared.course(zone) != nil, "\(zone)")
        }
    }

    @Test func `the country of the address decides how its code is read`() {
        let number = PhoneNumber("+12025550123")

        #expect(
            ZoneSet(number: number, postalCode: "2000", country: "AU").key == "Australia/Sydney")
        #expect(ZoneSet(number: nil, country: "gb") == ZoneSet(["Europe/London"], source: .country))
    }

    @Test func `a soldier abroad may be in any zone`() throws {
        #expect(ZoneSet(number: pensacola, postalCode: "09012") == .unknown)
    }

    @Test func `a key reads back as the same set`() {
        let set = ZoneSet(["Europe/Paris", "America/Chicago", "Europe/Paris"], source: .explicit)

        #expect(set.key == "America/Chicago,Europe/Paris")
        #expect(ZoneSet(key: set.key, source: .explicit) == set)
        #expect(ZoneSet(key: "", source: .prefix) == .unknown)
    }

    /// Zones that show the same time since 2022 are named once, so courses are compared.
    @Test func `a number has every zone that phonenumbers gives it`() throws {
        let tables = TimeZoneTables.shared
        for row in try Fixture.rows("number-zones.tsv") where row[1] != "Etc/Unknown" {
            let number = try #require(PhoneNumber(row[0]), "\(row[0])")
            let ours = try number.zones.map { try #require(tables.course($0), "\($0)") }
            for zone in row[1].split(separator: ",") {
                let course = try #require(tables.course(String(zone)), "\(zone)")
                #expect(
                    ours.contains {
                        $0.instants == course.instants && $0.offsets == course.offsets
                    },
                    "\(row[0]) lacks \(zone)")
            }
        }
    }

    @Test func `within an area code no finer prefix narrows the zones`() throws {
        for exchange in ["232", "385", "926"] {
            let number = try #require(PhoneNumber("+1850\(exchange)1234"))
            #expect(number.zones == ["America/Chicago", "America/New_York"])
        }
    }

    @Test func `every zone of every table has a course`() {
        let tables = TimeZoneTables.shared
        for set in tables.sets {
            #expect(set == set.sorted())
            for zone in set { #expect(tables.course(zone) != nil, "\(zone)") }
        }
    }

    /// A second source, of countries whose law has not changed since either was made.
    @Test func `courses agree with Foundation where laws have not changed`() throws {
        let tables = TimeZoneTables.shared
        for name in ["US", "GB", "IE", "FR", "PR"].flatMap(tables.zones(country:)) {
            let zone = try #require(TimeZone(identifier: name))
            let course = try #require(tables.course(name))
            for instant in stride(from: Int64(1_704_067_200), to: 2_051_222_400, by: 43_200) {
                let date = Date(timeIntervalSince1970: Double(instant))
                #expect(Int(course.offset(at: instant)) == zone.secondsFromGMT(for: date))
            }
        }
    }
}

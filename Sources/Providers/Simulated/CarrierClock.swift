import Glibc

/// One reading of both clocks, in microseconds.
///
/// `boot` is CLOCK_BOOTTIME: it never jumps and is the same for all processes of a machine, so a
/// checker may compare it with the worker's gate. `wall` counts from 1970 and is for people.
struct CarrierMoment: Sendable {
    let boot: Int64
    let wall: Int64

    static func now() -> CarrierMoment {
        CarrierMoment(
            boot: microseconds(of: CLOCK_BOOTTIME), wall: microseconds(of: CLOCK_REALTIME))
    }

    /// The same instant, moved by a span in microseconds.
    func advanced(by span: Int64) -> CarrierMoment {
        CarrierMoment(boot: boot + span, wall: wall + span)
    }

    private static func microseconds(of clock: clockid_t) -> Int64 {
        var reading = timespec()
        clock_gettime(clock, &reading)
        return Int64(reading.tv_sec) * 1_000_000 + Int64(reading.tv_nsec) / 1_000
    }
}

/// Days, hours and seconds of a wall instant in GMT, without a formatter.
struct CarrierDate {
    let year: Int, month: Int, day: Int, weekday: Int
    let hour: Int, minute: Int, second: Int

    /// Splits seconds since 1970 by the civil calendar: years begin in March, eras last 400 years.
    init(seconds: Int64) {
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        let rest = Int(seconds) - days * 86_400
        (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
        weekday = ((days + 4) % 7 + 7) % 7  // 1970-01-01 was a Thursday
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `Thu, 30 Jul 2015 20:12:31 +0000`, as the provider writes dates (RFC 2822).
    var rfc2822: String {
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        return "\(weekdays[weekday]), \(pad(day)) \(months[month - 1]) \(year) "
            + "\(pad(hour)):\(pad(minute)):\(pad(second)) +0000"
    }

    /// `2015-07-30`, the whole GMT day by which the provider filters its list.
    var isoDay: String { "\(year)-\(pad(month))-\(pad(day))" }

    /// `1507302012`, the form of `RawDlrDoneDate` (YYMMDDhhmm).
    var receiptStamp: String {
        pad(year % 100) + pad(month) + pad(day) + pad(hour) + pad(minute)
    }

    private func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

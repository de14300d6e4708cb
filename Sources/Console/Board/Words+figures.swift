import Foundation

/// Numbers as boards say them.
extension Words {
    /// `4.1 %`, `12 %`; nothing of nothing is `0 %`.
    func percent(_ part: Int, of whole: Int) -> String {
        percent(whole > 0 ? Double(part) * 100 / Double(whole) : 0)
    }

    func percent(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let isWhole = value >= 10 || tenths.isMultiple(of: 10)
        let comma = language == "es" ? "," : "."
        let text =
            isWhole ? String(Int(value.rounded())) : "\(tenths / 10)\(comma)\(tenths % 10)"
        return text + "\u{A0}%"
    }

    /// `40 s`, `27 min`, `2 h 10 min`, `3 days`.
    func span(_ duration: Duration) -> String {
        let seconds = max(0, Int(duration.components.seconds))
        if seconds < 60 { return self("span_seconds", ["n": String(seconds)]) }
        let minutes = (seconds + 30) / 60
        if minutes < 90 { return self("age_minutes", ["n": String(minutes)]) }
        if minutes < 48 * 60 {
            let hours = self("age_hours", ["n": String(minutes / 60)])
            return minutes % 60 == 0
                ? hours : hours + " " + self("age_minutes", ["n": String(minutes % 60)])
        }
        return self("age_days", count: minutes / (24 * 60))
    }

    /// `18:14:02 UTC`; script shows it in the reader's own zone.
    func exactClock(_ moment: Date) -> String {
        let seconds = Int(moment.timeIntervalSince1970.rounded(.down)) % 60
        return clock(moment, zone: .gmt) + ":" + (seconds < 10 ? "0" : "") + "\(seconds) UTC"
    }
}

extension Date {
    /// For `datetime` attributes.
    var stamp: String {
        formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: false).timeZone(
                separator: .omitted))
    }
}

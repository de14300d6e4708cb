import Foundation

/// The `Retry-After` header of HTTP: seconds, or a date. Source: RFC 9110 §10.2.3 and §5.6.7.
package enum RetryAfter {
    /// A server that asks for more is taken to be mistaken: it must not silence a sender for years.
    package static let pauseMax = Duration.seconds(86_400)

    /// How long the server asks to wait from `now`; never negative, at most ``pauseMax``, `nil` if it
    /// cannot be read.
    package static func pause(_ value: String, now: Date) -> Duration? {
        let text = value.trimmingCharacters(in: .whitespaces)
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // More digits than any pause needs would overflow; they all mean "very long".
            return min(.seconds(Int64(text.prefix(12)) ?? 0), pauseMax)
        }
        guard let date = date(text) else { return nil }
        return min(.seconds(max(0, date.timeIntervalSince(now))), pauseMax)
    }

    /// A date in any of the three forms HTTP allows, always in GMT.
    package static func date(_ text: String) -> Date? {
        let words = text.split(whereSeparator: { " -,".contains($0) }).map(String.init)
        let parts: (day: String, month: String, year: String, time: String)
        switch words.count {
        case 6 where words[5] == "GMT":  // Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 …
            parts = (words[1], words[2], words[3], words[4])
        case 5:  // Sun Nov  6 08:49:37 1994
            parts = (words[2], words[1], words[4], words[3])
        default: return nil
        }
        let clock = parts.time.split(separator: ":").compactMap { Int($0) }
        guard let month = months.firstIndex(of: parts.month), let day = Int(parts.day),
            let year = Int(parts.year), clock.count == 3, (1...31).contains(day),
            (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        // Two digits are of this century, else nearly every date would lie in the past.
        let date = CivilDate(year < 100 ? 2000 + year : year, month + 1, day)
        let seconds = clock[0] * 3600 + clock[1] * 60 + clock[2]
        return Date(timeIntervalSince1970: Double(date.day * 86_400 + seconds))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

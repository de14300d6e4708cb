import Foundation

/// Dates and times as people say them.
///
/// From tables of our own: browsers fall back to English for Welsh day names, and so may a server
/// without locale data.
extension Words {
    /// `18:12`, in a zone.
    func clock(_ moment: Date, zone: TimeZone) -> String {
        let parts = Self.parts(of: moment, in: zone)
        return Self.twoDigits(parts.hour) + ":" + Self.twoDigits(parts.minute)
    }

    /// `Saturday 21 November`.
    func day(_ moment: Date, zone: TimeZone) -> String {
        let parts = Self.parts(of: moment, in: zone)
        let names = Self.names[language] ?? Self.names["en"]!
        let glue = language == "es" ? " de " : " "
        return
            "\(names.days[parts.weekday - 1]) \(parts.day)\(glue)\(names.months[parts.month - 1])"
    }

    /// How long ago: `now`, `9 min`, `3 h`, `2 days`.
    func age(_ moment: Date, now: Date) -> String {
        let minutes = max(0, Int(now.timeIntervalSince(moment) / 60))
        if minutes < 1 { return self("age_now") }
        if minutes < 60 { return self("age_minutes", ["n": String(minutes)]) }
        if minutes < 48 * 60 { return self("age_hours", ["n": String(minutes / 60)]) }
        return self("age_days", count: minutes / (24 * 60))
    }

    /// How long until then: `38 min`, `9 h`.
    func wait(_ moment: Date, now: Date) -> String {
        let minutes = max(1, Int((moment.timeIntervalSince(now) / 60).rounded(.up)))
        return minutes < 90
            ? self("age_minutes", ["n": String(minutes)])
            : self("age_hours", ["n": String((minutes + 30) / 60)])
    }

    /// How long until a morning, and whose: `38 min (9:00 in Cardiff)`.
    ///
    /// The place is the city by which IANA names the zone; without one, or where the zones that are
    /// plausible do not agree on the hour, the span alone.
    func morning(_ moment: Date, in zones: [String], now: Date) -> String {
        let span = wait(moment, now: now)
        let known = zones.compactMap(TimeZone.init(identifier:))
        let clocks = Set(known.map { clock(moment, zone: $0) })
        guard let time = clocks.first, clocks.count == 1,
            let place = zones.lazy.compactMap(Self.city).first
        else { return span }
        return self("wait_there", ["wait": span, "time": time, "place": place])
    }

    /// `Buenos Aires` of `America/Argentina/Buenos_Aires`; nil for zones of a mere offset.
    private static func city(_ zone: String) -> String? {
        let parts = zone.split(separator: "/")
        guard parts.count > 1, parts[0] != "Etc" else { return nil }
        return parts.last.map { String($0).replacing("_", with: " ") }
    }

    private static func parts(of moment: Date, in zone: TimeZone)
        -> (month: Int, day: Int, weekday: Int, hour: Int, minute: Int)
    {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let found = calendar.dateComponents([.month, .day, .weekday, .hour, .minute], from: moment)
        return (found.month!, found.day!, found.weekday!, found.hour!, found.minute!)
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// From Sunday, from January.
    private static let names: [String: (days: [String], months: [String])] = [
        "en": (
            ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
            [
                "January", "February", "March", "April", "May", "June", "July", "August",
                "September", "October", "November", "December",
            ]
        ),
        "cy": (
            [
                "dydd Sul", "dydd Llun", "dydd Mawrth", "dydd Mercher", "dydd Iau", "dydd Gwener",
                "dydd Sadwrn",
            ],
            [
                "Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst",
                "Medi", "Hydref", "Tachwedd", "Rhagfyr",
            ]
        ),
        "es": (
            ["domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"],
            [
                "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
                "septiembre", "octubre", "noviembre", "diciembre",
            ]
        ),
    ]
}

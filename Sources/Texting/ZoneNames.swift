extension ZoneSet {
    /// The zones that a column names, or `nil` if it names none.
    ///
    /// IANA names in any case, several divided by commas, semicolons or bars; the letters and words
    /// by which Americans call their zones; the names that Windows and Rails give them. All must be
    /// understood. Offsets such as `-05:00` name no zone: they do not say when clocks change.
    /// `Etc/GMT+5` does: it is a zone whose clocks never change, five hours *behind* Greenwich, and a
    /// list that names it is taken at its word. `Etc/UTC` tells nothing: it is what machines write
    /// who know no better.
    package static func named(_ text: String) -> [String]? {
        let parts = text.split { ",;|".contains($0) }
            .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
            .filter { !$0.isEmpty }
        guard !parts.isEmpty else { return nil }
        var zones = [String]()
        for part in parts {
            guard let found = one(part) else { return nil }
            zones += found
        }
        return Set(zones).sorted()
    }

    private static func one(_ name: String) -> [String]? {
        let lowered = name.lowercased().replacing(" ", with: "_")
        if lowered.hasPrefix("etc/") { return fixed(String(lowered.dropFirst(4))) }
        if let place = lowered.firstIndex(of: "/"), !lowered[..<place].isEmpty,
            let zone = TimeZoneTables.shared.spelling(lowered)
        {
            return [links[zone] ?? zone]
        }
        return words[plain(name)]
    }

    /// Zones of fixed offset; Greenwich itself is Britain or a place without summer time, as `GMT` is.
    private static func fixed(_ name: String) -> [String]? {
        guard name.hasPrefix("gmt") || name == "greenwich" else { return nil }
        if ["gmt", "gmt0", "gmt+0", "gmt-0", "greenwich"].contains(name) { return words["gmt"] }
        return TimeZoneTables.shared.spelling("etc/" + name).map { [$0] }
    }

    /// Lower case without `time`, `standard` and what stands in brackets.
    private static func plain(_ name: String) -> String {
        name.lowercased().prefix { $0 != "(" }
            .split { !$0.isLetter }
            .filter { !["time", "standard", "daylight", "zone"].contains($0) }
            .joined(separator: " ")
    }

    /// Old names whose zone has a newer one; two names of one zone would make two lanes.
    private static let links = [
        "US/Eastern": "America/New_York", "US/Central": "America/Chicago",
        "US/Mountain": "America/Denver", "US/Pacific": "America/Los_Angeles",
        "US/Alaska": "America/Anchorage", "US/Hawaii": "Pacific/Honolulu",
        "US/Arizona": "America/Phoenix", "US/Michigan": "America/Detroit",
        "US/East-Indiana": "America/Indiana/Indianapolis",
    ]

    /// `MST` may be Arizona's all the year, so it means both; so does Windows's `US Mountain`. `GMT`
    /// may be Britain's or that of places without summer time.
    private static let words: [String: [String]] = [
        "et": ["America/New_York"], "est": ["America/New_York"], "edt": ["America/New_York"],
        "eastern": ["America/New_York"], "ct": ["America/Chicago"], "cst": ["America/Chicago"],
        "cdt": ["America/Chicago"], "central": ["America/Chicago"], "mt": ["America/Denver"],
        "mdt": ["America/Denver"], "mountain": ["America/Denver"],
        "mst": ["America/Denver", "America/Phoenix"], "arizona": ["America/Phoenix"],
        "pt": ["America/Los_Angeles"], "pst": ["America/Los_Angeles"],
        "pdt": ["America/Los_Angeles"], "pacific": ["America/Los_Angeles"],
        "akt": ["America/Anchorage"], "akst": ["America/Anchorage"],
        "akdt": ["America/Anchorage"], "alaska": ["America/Anchorage"],
        "alaskan": ["America/Anchorage"], "ht": ["Pacific/Honolulu"],
        "hst": ["Pacific/Honolulu"], "hawaii": ["Pacific/Honolulu"],
        "hawaiian": ["Pacific/Honolulu"], "aleutian": ["America/Adak"],
        "atlantic": ["America/Halifax", "America/Puerto_Rico"],
        "newfoundland": ["America/St_Johns"], "chst": ["Pacific/Guam"],
        "us eastern": ["America/New_York"], "us central": ["America/Chicago"],
        "us mountain": ["America/Denver", "America/Phoenix"],
        "us pacific": ["America/Los_Angeles"], "bst": ["Europe/London"],
        "gmt": ["Atlantic/Reykjavik", "Europe/London"],
    ]
}

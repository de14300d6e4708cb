extension PhoneNumber {
    /// Every time zone in which the number's owner plausibly is, as sorted IANA names.
    ///
    /// Where numbers belong to places, those of the longest listed prefix, in North America those of
    /// the area code; elsewhere all zones of the calling code. Zones of one set that have agreed
    /// since 2022 are named once. Empty if nothing is known. A person may have moved: an address
    /// knows better, see ``ZoneSet``.
    package var zones: [String] {
        let tables = TimeZoneTables.shared
        var digits = Digits()
        for byte in e164.utf8.dropFirst() { digits.append(byte - 0x30) }
        return tables.zones(prefix: belongsToPlace ? digits : digits.prefix(callingCodeWidth))
    }

    /// The state of the United States, or its territory, whose area code the number has.
    ///
    /// A presumption: Florida, Oklahoma and Maryland make it by law, Oregon allows it; people keep
    /// their number when they move. ``PostalCode/state`` knows better.
    package var state: String? {
        guard callingCode == 1, belongsToPlace else { return nil }
        let digits = nationalDigits
        guard digits.count == 10 else { return nil }
        let area = UInt16(digits[0]) * 100 + UInt16(digits[1]) * 10 + UInt16(digits[2])
        return TimeZoneTables.shared.state(areaCode: area)
    }

    /// Whether the first digits tell where the number is at home.
    private var belongsToPlace: Bool {
        switch type {
        case .fixedLine, .fixedLineOrMobile: true
        case .mobile:
            PhoneNumberTables.shared.callingCode(callingCode)?.hasGeographicMobiles ?? false
        // An unassigned number of North America still has an area code, others tell nothing.
        case .unknown: callingCode == 1
        default: false
        }
    }

    var callingCodeWidth: Int { callingCode >= 100 ? 3 : callingCode >= 10 ? 2 : 1 }
}

/// The time zones in which a person plausibly is, and how we know.
///
/// Zones are looked for where they are surest: a column that names them, the postal code, the number's
/// prefix, the country. The first that tells anything decides. An empty set says that nothing is
/// known, which texting hours take for all zones of the countries served.
package struct ZoneSet: Sendable, Hashable, CustomStringConvertible {
    /// Where the zones come from, the surest first.
    package enum Source: String, Sendable, CaseIterable {
        case explicit
        case postalCode = "postal_code"
        case prefix
        case country
        case unknown
    }

    /// IANA names, sorted and each once.
    package let names: [String]
    package let source: Source

    package static let unknown = ZoneSet([], source: .unknown)

    package init(_ names: [String], source: Source) {
        self.names = names.count > 1 ? Set(names).sorted() : names
        self.source = self.names.isEmpty ? .unknown : source
    }

    /// The zones of a person, from whatever the list tells about them.
    ///
    /// - Parameters:
    ///   - number: The person's number; its region also tells how to read `postalCode`.
    ///   - postalCode: As written in the list, for example `46544-1234` or `SW1A 1AA`.
    ///   - explicit: A column that names zones: see ``named(_:)``.
    ///   - country: ISO 3166 alpha-2 of the address, if the list has it.
    package init(
        number: PhoneNumber?, postalCode: String? = nil, explicit: String? = nil,
        country: String? = nil
    ) {
        let home = (country ?? number?.region)?.uppercased()
        if let explicit, let zones = Self.named(explicit) {
            self.init(zones, source: .explicit)
        } else if let postalCode, let place = PostalCode(postalCode, country: home) {
            // A code that is known to lie anywhere, as a soldier's does, says more than the number.
            self.init(place.zones, source: .postalCode)
        } else if let number, case let zones = number.zones, !zones.isEmpty {
            let isFiner = zones != TimeZoneTables.shared.zones(callingCode: number.callingCode)
            self.init(zones, source: isFiner ? .prefix : .country)
        } else {
            self.init(
                home.map(TimeZoneTables.shared.zones(country:)) ?? [], source: .country)
        }
    }

    /// The canonical form: names joined by commas, for example `America/Chicago,America/New_York`.
    ///
    /// Equal sets have equal keys whatever their source; the key of the unknown set is empty.
    package var key: String { names.joined(separator: ",") }

    package var description: String { key.isEmpty ? "unknown" : key }

    /// Reads a canonical key back.
    package init(key: String, source: Source) {
        self.init(key.split(separator: ",").map(String.init), source: source)
    }
}

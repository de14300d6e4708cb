/// The numbering plans of all countries: `phone-numbers.bin`, from libphonenumber's metadata.
///
/// A class, so that each reading of a number holds one reference instead of seven.
final class PhoneNumberTables: Sendable {
    static let shared = PhoneNumberTables()

    /// What is known about a national number of one calling code.
    struct Verdict {
        /// The region's place among those that share the calling code, 0xFF for none.
        let region: UInt8
        /// Unknown if no plan lists the number.
        let type: PhoneNumber.LineType
        /// A bit per region of the calling code whose general pattern fits, lengths aside.
        let viable: UInt32
    }

    /// One region's way of dialling.
    struct Region {
        /// ISO 3166 alpha-2; `nil` for numbers that belong to no country, such as +800.
        let code: String?
        let callingCode: UInt16
        let exitRoot: UInt16
        let prefixRoot: UInt16
        /// Its place among those that share the calling code.
        let place: UInt8
        /// A bit per possible length of a national number.
        let lengths: UInt32
        /// A bit per length that can only be dialled without the area code.
        let localLengths: UInt32
    }

    /// What all numbers of one calling code share.
    struct CallingCode {
        let code: UInt16
        let verdictRoot: UInt16
        let formatRoot: UInt16
        /// The place in ``regions`` of its main region; the others follow.
        let firstRegion: Int
        let regionCount: Int
        /// Whether mobile numbers belong to places, as in Mexico or Brazil.
        let hasGeographicMobiles: Bool
    }

    let heading: [String]
    let automaton: DigitAutomaton
    let templates: [[UInt8]]
    let verdicts: [Verdict]
    let regions: [Region]
    private let callingCodes: [CallingCode?]
    private let regionPlaces: [Int16]

    private init() {
        var reader = TableReader("phone-numbers.bin")
        heading = reader.heading
        automaton = reader.automaton()
        templates = reader.list { $0.text() }
        verdicts = reader.list(Self.verdict)
        regions = reader.list(Self.region)
        var codes = [CallingCode?](repeating: nil, count: 1000)
        for code in reader.list(Self.callingCode) { codes[Int(code.code)] = code }
        callingCodes = codes
        var places = [Int16](repeating: -1, count: 26 * 26)
        for (index, region) in regions.enumerated() {
            if let key = region.code.flatMap(Self.key) { places[key] = Int16(index) }
        }
        if let britain = Self.key("GB"), let alias = Self.key("UK") {
            // What people write; ISO 3166 reserves it for this use.
            places[alias] = places[britain]
        }
        regionPlaces = places
    }

    func callingCode(_ code: Int) -> CallingCode? {
        code < 1000 ? callingCodes[code] : nil
    }

    /// The place in ``regions`` of an ISO 3166 alpha-2 code, in any case.
    func place(of region: String) -> Int? {
        guard let key = Self.key(region), regionPlaces[key] >= 0 else { return nil }
        return Int(regionPlaces[key])
    }

    func verdict(_ digits: borrowing Digits, _ code: CallingCode) -> Verdict {
        verdicts[Int(automaton.output(code.verdictRoot, digits))]
    }

    private static func key(_ region: String) -> Int? {
        let letters = region.utf8
        guard letters.count == 2 else { return nil }
        var key = 0
        for letter in letters {
            let upper = letter & 0xDF
            guard (0x41...0x5A).contains(upper) else { return nil }
            key = key * 26 + Int(upper - 0x41)
        }
        return key
    }

    private static func verdict(_ reader: inout TableReader) -> Verdict {
        Verdict(
            region: reader.byte(), type: PhoneNumber.LineType(rawValue: reader.byte()) ?? .unknown,
            viable: reader.long())
    }

    private static func region(_ reader: inout TableReader) -> Region {
        let letters = reader.bytes(2)
        return Region(
            code: letters[0] == 0 ? nil : String(decoding: letters, as: UTF8.self),
            callingCode: reader.short(), exitRoot: reader.short(), prefixRoot: reader.short(),
            place: reader.byte(), lengths: reader.long(), localLengths: reader.long())
    }

    private static func callingCode(_ reader: inout TableReader) -> CallingCode {
        CallingCode(
            code: reader.short(), verdictRoot: reader.short(), formatRoot: reader.short(),
            firstRegion: Int(reader.short()), regionCount: Int(reader.byte()),
            hasGeographicMobiles: reader.byte() == 1)
    }
}

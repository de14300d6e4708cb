/// Time zones of numbers, ZIP codes and countries: `time-zones.bin`.
final class TimeZoneTables: Sendable {
    static let shared = TimeZoneTables()

    /// ZIP codes from `first` to `last`, all of one zone set and state.
    struct Run {
        let first: UInt32
        let last: UInt32
        let zones: UInt16
        let state: String
    }

    let heading: [String]
    private let courses: [String: ZoneCourse]
    private let homes: [String: String]
    private let spellings: [String: String]
    /// Sets of IANA names, each sorted; the first is empty.
    let sets: [[String]]
    private let prefixRoot: UInt16
    private let prefixes: DigitAutomaton
    private let countries: [String: UInt16]
    private let runs: [Run]
    private let areas: [UInt16: UInt16]
    private let states: [UInt16: String]

    private init() {
        var reader = TableReader("time-zones.bin")
        heading = reader.heading
        let offsets = reader.list { reader in
            ZoneCourse(changes: reader.list { ($0.wide(), Int64($0.integer())) })
        }
        let zones = reader.list { reader in
            (
                name: String(decoding: reader.text(), as: UTF8.self),
                course: offsets[Int(reader.short())], home: Self.letters(&reader)
            )
        }
        courses = Dictionary(uniqueKeysWithValues: zones.map { ($0.name, $0.course) })
        homes = Dictionary(uniqueKeysWithValues: zones.map { ($0.name, $0.home) })
        spellings = Dictionary(uniqueKeysWithValues: courses.keys.map { ($0.lowercased(), $0) })
        let names = reader.list { String(decoding: $0.text(), as: UTF8.self) }
        sets = reader.list { reader in
            let count = Int(reader.byte())
            return (0..<count).map { _ in names[Int(reader.short())] }.sorted()
        }
        prefixRoot = reader.short()
        prefixes = reader.automaton()
        countries = Dictionary(
            uniqueKeysWithValues: reader.list { (Self.letters(&$0), $0.short()) })
        runs = reader.list {
            Run(first: $0.long(), last: $0.long(), zones: $0.short(), state: Self.letters(&$0))
        }
        areas = Dictionary(uniqueKeysWithValues: reader.list { ($0.short(), $0.short()) })
        states = Dictionary(uniqueKeysWithValues: reader.list { ($0.short(), Self.letters(&$0)) })
    }

    /// The offsets of a zone over the years; `nil` if IANA has no zone of this name.
    func course(_ name: String) -> ZoneCourse? {
        courses[name]
    }

    /// The country in which a zone lies, older names included; `nil` for `Etc/UTC` and the like.
    func country(of name: String) -> String? {
        homes[name].flatMap { $0 == "--" ? nil : $0 }
    }

    /// The name as IANA writes it, whatever the case of `name`.
    func spelling(_ name: String) -> String? {
        courses[name] != nil ? name : spellings[name.lowercased()]
    }

    /// All IANA names, links included.
    var names: [String] { courses.keys.sorted() }

    /// The zones of the longest listed prefix of the digits of an E.164 number.
    func zones(prefix digits: borrowing Digits) -> [String] {
        sets[Int(prefixes.output(prefixRoot, digits))]
    }

    /// The zones of all numbers of a calling code.
    func zones(callingCode: Int) -> [String] {
        var digits = Digits()
        for byte in String(callingCode).utf8 { digits.append(byte - 0x30) }
        return zones(prefix: digits)
    }

    /// The distinct zones of a country, by ISO 3166 alpha-2 in capitals.
    func zones(country: String) -> [String] {
        sets[Int(countries[country] ?? 0)]
    }

    /// The run in which a five-digit ZIP code lies, if it lies in any.
    func run(zip: UInt32) -> Run? {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].last < zip { low = middle + 1 } else { high = middle }
        }
        guard low < runs.count, runs[low].first <= zip else { return nil }
        return runs[low]
    }

    /// The zones of a five-digit ZIP code; those of its first three digits if it is not listed.
    func zones(zip: UInt32) -> [String] {
        if let run = run(zip: zip) { return sets[Int(run.zones)] }
        return sets[Int(areas[UInt16(zip / 100)] ?? 0)]
    }

    /// The state of a North American area code, if it lies in the United States.
    func state(areaCode: UInt16) -> String? {
        states[areaCode]
    }

    private static func letters(_ reader: inout TableReader) -> String {
        String(decoding: reader.bytes(2), as: UTF8.self)
    }
}

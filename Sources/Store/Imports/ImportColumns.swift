import Foundation
import Texting

/// What an import reads from which column.
package struct ImportColumns: Sendable, Equatable, Codable {
    /// Field names by which scripts reach the columns, normalised and distinct.
    package var fields: [String]
    /// Columns that hold the person's numbers, the most trusted first; never empty.
    package var numbers: [Int]
    package var zone: Int?
    package var postalCode: Int?
    /// ISO 3166 alpha-2 of the address: how numbers and postal codes without more are read.
    package var country: Int?
    package var language: Int?
    package var name: Int?
    package var firstName: Int?
    package var lastName: Int?
    /// When consent was given, and in which words; where the list says so itself.
    package var consentDate: Int?
    package var consentWording: Int?
    /// Whether the first record names the columns.
    package var hasHeader: Bool
    /// Whether shouted names are written in small letters (``Composing/calmName(_:)``); nil: no, as in
    /// every list before there was a choice.
    package var calmsNames: Bool?

    /// What a column is read as, for people.
    package func role(of column: Int) -> String {
        if let rank = numbers.firstIndex(of: column) {
            return numbers.count == 1 ? "number" : "number \(rank + 1)"
        }
        let roles: [(Int?, String)] = [
            (zone, "time zone"), (postalCode, "postal code"), (country, "country"),
            (language, "language"),
            (name, "name"), (firstName, "first name"), (lastName, "last name"),
            (consentDate, "day of consent"), (consentWording, "words of consent"),
        ]
        return roles.first { $0.0 == column }?.1 ?? "field"
    }

    /// Columns of names to be written in small letters where they are shouted.
    var calmedColumns: [Int] {
        calmsNames == true ? [name, firstName, lastName].compactMap(\.self) : []
    }

    /// Columns whose values become fields of the recipient.
    var customColumns: [Int] {
        let used = Set(numbers + [zone, language, consentDate, consentWording].compactMap(\.self))
        return fields.indices.filter { !used.contains($0) }
    }
}

/// Columns as an organiser names them, by heading or by number counted from 1.
package struct ColumnChoices: Sendable {
    package var numbers: [String] = []
    package var zone: String?
    package var postalCode: String?
    package var language: String?
    package var name: String?
    package var firstName: String?
    package var lastName: String?
    package var consentDate: String?
    package var consentWording: String?
    /// Whether what is not named here stands in no column: an organiser saw the guess and changed it.
    package var isComplete = false
    /// Whether `AISHA` becomes Aisha; never without being asked, for a name is its owner's.
    package var calmsNames = false

    package init() {}
}

extension ImportColumns {
    /// Guesses what the columns hold, by their headings and, failing that, by their values.
    ///
    /// - Parameters:
    ///   - sample: the first records, the header included if there is one.
    ///   - regions: countries in whose form numbers without prefix are read.
    /// - Throws: ``InvalidInput`` if no column holds telephone numbers, or a chosen one is missing.
    package static func guess(
        _ sample: [[String]], choices: ColumnChoices = ColumnChoices(), regions: [String]
    ) throws -> ImportColumns {
        let filled = sample.filter { $0 != [""] }
        guard let first = filled.first else {
            throw InvalidInput("The file is empty.", key: "empty")
        }
        let hasHeader = !first.contains { isNumber($0, regions) }
        let width = hasHeader ? first.count : filled.map(\.count).max() ?? 0
        let headings = hasHeader ? first : []
        var guesser = Guesser(headings: headings, width: width)
        guesser.guessByHeading()
        if guesser.columns.numbers.isEmpty {
            guesser.columns.numbers = (0..<width).filter { column in
                holdsNumbers(column, in: hasHeader ? Array(filled.dropFirst()) : filled, regions)
            }
        }
        try guesser.apply(choices)
        guesser.columns.calmsNames = choices.calmsNames ? true : nil
        guesser.columns.hasHeader = hasHeader
        guard !guesser.columns.numbers.isEmpty else {
            throw InvalidInput(
                "No column seems to hold telephone numbers; name one by --number COLUMN.",
                key: "no_numbers")
        }
        return guesser.columns
    }

    private static func isNumber(_ text: String, _ regions: [String]) -> Bool {
        // Postal codes and years are short; what has fewer digits is no full number anyway.
        guard text.utf8.count(where: { (0x30...0x39).contains($0) }) >= 7 else { return false }
        return PhoneNumber(text, regions: regions)?.likelihood == .valid
    }

    /// More than half of the values that are there are numbers.
    private static func holdsNumbers(
        _ column: Int, in records: [[String]], _ regions: [String]
    ) -> Bool {
        let values = records.compactMap { $0.indices.contains(column) ? $0[column] : nil }
            .filter { !$0.isEmpty }
        return values.count { isNumber($0, regions) } * 2 > values.count
    }
}

/// Finds columns by their headings.
private struct Guesser {
    let headings: [String]
    var columns: ImportColumns

    init(headings: [String], width: Int) {
        self.headings = headings
        var fields: [String] = []
        for column in 0..<width {
            let heading = column < headings.count ? Self.normal(headings[column]) : ""
            fields.append(heading.isEmpty ? "column_\(column + 1)" : heading)
        }
        for (column, field) in fields.enumerated() where fields[..<column].contains(field) {
            var ordinal = 2
            while fields.contains("\(field)_\(ordinal)") { ordinal += 1 }
            fields[column] = "\(field)_\(ordinal)"
        }
        columns = ImportColumns(fields: fields, numbers: [], hasHeader: true)
    }

    mutating func guessByHeading() {
        let words = headings.map(Self.words)
        let ranked = words.enumerated().compactMap { column, words in
            Self.numberRank(words).map { (rank: $0, column: column) }
        }
        columns.numbers = ranked.sorted { ($0.rank, $0.column) < ($1.rank, $1.column) }.map(
            \.column)
        columns.zone = find(["timezone", "time_zone", "tz", "zone"])
        columns.postalCode = find([
            "zip", "zipcode", "zip_code", "zip5", "postcode", "post_code", "postal", "postalcode",
            "postal_code", "mailing_zip", "home_zip",
        ])
        columns.country = find(["country", "country_code", "iso_country"])
        columns.language = find(["language", "lang", "locale", "preferred_language"])
        columns.name = find(["name", "full_name", "fullname"])
        columns.firstName = find(["first_name", "firstname", "first", "given_name", "forename"])
        columns.lastName = find(["last_name", "lastname", "last", "surname", "family_name"])
        columns.consentDate = find([
            "consent_date", "consented_at", "consent_at", "opt_in_date", "opted_in_at",
            "consent_given_at",
        ])
        columns.consentWording = find(["consent_wording", "consent_text", "opt_in_text"])
        rename(columns.firstName, "first_name")
        rename(columns.lastName, "last_name")
    }

    /// The organiser's word counts more than any guess.
    mutating func apply(_ choices: ColumnChoices) throws {
        if !choices.numbers.isEmpty { columns.numbers = try choices.numbers.map(column) }
        func chosen(_ choice: String?, _ guess: Int?) throws -> Int? {
            try choice.map(column) ?? (choices.isComplete ? nil : guess)
        }
        columns.zone = try chosen(choices.zone, columns.zone)
        columns.postalCode = try chosen(choices.postalCode, columns.postalCode)
        columns.language = try chosen(choices.language, columns.language)
        columns.name = try chosen(choices.name, columns.name)
        columns.firstName = try chosen(choices.firstName, columns.firstName)
        columns.lastName = try chosen(choices.lastName, columns.lastName)
        columns.consentDate = try chosen(choices.consentDate, columns.consentDate)
        columns.consentWording = try chosen(choices.consentWording, columns.consentWording)
        if choices.firstName != nil { rename(columns.firstName, "first_name") }
        if choices.lastName != nil { rename(columns.lastName, "last_name") }
    }

    private func column(_ choice: String) throws -> Int {
        if let index = columns.fields.firstIndex(of: Self.normal(choice)) { return index }
        if let index = headings.firstIndex(of: choice) { return index }
        if let number = Int(choice), columns.fields.indices.contains(number - 1) {
            return number - 1
        }
        throw InvalidInput(
            "There is no column \(choice); the columns are: "
                + columns.fields.prefix(30).joined(separator: ", ") + ".")
    }

    /// Scripts say `{first_name}` whatever the list calls it.
    private mutating func rename(_ column: Int?, _ field: String) {
        guard let column, !columns.fields.contains(field) else { return }
        columns.fields[column] = field
    }

    private func find(_ names: [String]) -> Int? {
        for name in names {
            if let column = columns.fields.firstIndex(of: name),
                !columns.numbers.contains(column)
            {
                return column
            }
        }
        return nil
    }

    /// A heading as a field name that a script can hold: letters, digits and single underscores.
    private static func normal(_ heading: String) -> String {
        words(heading).joined(separator: "_")
    }

    /// `CellPhone (1)` is cell, phone, 1.
    private static func words(_ heading: String) -> [String] {
        var words: [String] = []
        var word = ""
        var previous: Character?
        for character in heading {
            let isHump = character.isUppercase && previous?.isLowercase == true
            if !(character.isLetter || character.isNumber) || isHump {
                if !word.isEmpty { words.append(word) }
                word = ""
            }
            if character.isLetter || character.isNumber { word += character.lowercased() }
            previous = character
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    private static let mobile: Set<String> = [
        "cell", "cellphone", "cellular", "mobile", "mobilephone", "wireless", "sms", "celular",
        "movil", "móvil", "handy", "portable",
    ]
    private static let phone: Set<String> = [
        "phone", "phones", "phonenumber", "telephone", "tel", "telefon", "telefono", "teléfono",
        "telephonenumber",
    ]
    private static let fixed: Set<String> = ["home", "landline", "work", "office", "business"]
    /// Headings about a number rather than with one.
    private static let about: Set<String> = [
        "type", "country", "code", "carrier", "status", "consent", "opt", "optin", "optout", "id",
        "date", "valid", "verified", "ext", "extension", "time", "provider", "confidence", "score",
        "source", "reliability",
    ]

    /// Trust in a heading that names a number, 0 the most; `nil` names none.
    private static func numberRank(_ words: [String]) -> Int? {
        let set = Set(words)
        guard set.isDisjoint(with: about) else { return nil }
        if !set.isDisjoint(with: mobile) { return 0 }
        if words == ["number"] || words == ["to"] || words == ["msisdn"] { return 1 }
        guard !set.isDisjoint(with: phone) else { return nil }
        return set.isDisjoint(with: fixed) ? 1 : 2
    }
}

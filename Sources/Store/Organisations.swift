import Foundation
import Postgres

/// A tenant: everything else belongs to one.
package struct Organisation: Sendable, Equatable, Codable {
    package var id: Int32
    package var name: String
    /// ISO 3166 alpha-2; numbers without a prefix are read as of the first that fits.
    package var countries: [String]
    /// Local minutes of the recipient's day between which people may be texted.
    package var opensMinute: Int16
    package var closesMinute: Int16
    /// Texts to one person in 24 h over all campaigns.
    package var frequencyCap: Int16
    /// Whether campaigns may text without a person's press.
    package var pacedAllowed: Bool
    /// What each first text must carry: promoter and address of election material; nil: none.
    package var imprint: String?
    /// Its texts ask for money or sell something, so that states' sales laws hold as well.
    package var isStrictSales: Bool

    static let columns: SQL = """
        id, name, countries, opens_minute, closes_minute, frequency_cap, paced_allowed,
        profile ->> 'imprint', coalesce((profile ->> 'strict_sales')::boolean, false)
        """

    init(row: borrowing Row) throws {
        id = try row.value(0)
        name = try row.value(1)
        countries = try row.value(2)
        opensMinute = try row.value(3)
        closesMinute = try row.value(4)
        frequencyCap = try row.value(5)
        pacedAllowed = try row.value(6)
        imprint = try row.value(7)
        isStrictSales = try row.value(8)
    }
}

/// Tenants; the only type that writes `organisation`.
package struct Organisations: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Founds a tenant, with its ledger.
    ///
    /// - Parameter countries: ISO 3166 alpha-2, most usual first.
    /// - Throws: ``InvalidInput`` for an empty or taken name and for no country.
    package func add(
        name: String, countries: [String], pacedAllowed: Bool = false, frequencyCap: Int16 = 3
    ) async throws -> Organisation {
        let name = try nonEmpty(name, "The organisation needs a name.")
        let codes = countries.map { $0.uppercased() }
        guard !codes.isEmpty, codes.allSatisfy(Self.isCountry) else {
            throw InvalidInput(
                "Countries are two-letter codes such as US or GB; give at least one.")
        }
        guard (1...8).contains(frequencyCap) else {
            throw InvalidInput("The frequency cap is 1 to 8 texts in 24 hours.")
        }
        return try await refusingDuplicates(
            "There is already an organisation called \(name); choose another name."
        ) {
            try await database.first(
                """
                INSERT INTO organisation (name, countries, paced_allowed, frequency_cap)
                VALUES (\(name), \(codes), \(pacedAllowed), \(frequencyCap))
                RETURNING \(Organisation.columns)
                """, decode: Organisation.init(row:))!
        }
    }

    /// Allows or forbids texting without a person's press, with a line in the ledger. The operator
    /// of the installation decides it, never an organiser (compliance 1.2).
    ///
    /// - Throws: ``InvalidInput`` without a reason.
    package func allowPaced(
        _ isAllowed: Bool, reason: String, organisation: Int32
    ) async throws -> Organisation {
        try await change(
            organisation, "paced_allowed = \(isAllowed)", reason: reason,
            details: ["setting": "paced_allowed", "new": "\(isAllowed)"]
        ) { "\($0.pacedAllowed)" }
    }

    /// Sets the countries whose law applies, with a line in the ledger.
    ///
    /// - Parameter countries: ISO 3166 alpha-2, most usual first.
    /// - Throws: ``InvalidInput`` for a code that is none, or without a reason.
    package func setCountries(
        _ countries: [String], reason: String, organisation: Int32
    ) async throws -> Organisation {
        let codes = countries.map { $0.uppercased() }
        guard !codes.isEmpty, codes.allSatisfy(Self.isCountry) else {
            throw InvalidInput(
                "Countries are two-letter codes such as US or GB; give at least one.")
        }
        return try await change(
            organisation, "countries = \(codes)", reason: reason,
            details: ["setting": "countries", "new": codes.joined(separator: ",")]
        ) { $0.countries.joined(separator: ",") }
    }

    /// Sets the imprint that first texts must carry, with a line in the ledger; nil or empty: none.
    ///
    /// - Throws: ``InvalidInput`` without a reason, or for one that leaves no room for a text.
    package func setImprint(
        _ imprint: String?, reason: String, organisation: Int32
    ) async throws -> Organisation {
        let text = imprint?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        guard text.count <= 200, !text.utf8.contains(0) else {
            throw InvalidInput("An imprint is at most 200 characters: name and address.")
        }
        let value: String? = text.isEmpty ? nil : text
        return try await change(
            organisation, "profile = profile || jsonb_build_object('imprint', \(value))",
            reason: reason, details: ["setting": "imprint", "new": text]
        ) { $0.imprint ?? "" }
    }

    /// Turns the mode on in which every state's sales law holds (compliance 1.5), with a line in the
    /// ledger.
    ///
    /// - Throws: ``InvalidInput`` without a reason.
    package func setStrictSales(
        _ isStrict: Bool, reason: String, organisation: Int32
    ) async throws -> Organisation {
        try await change(
            organisation, "profile = profile || jsonb_build_object('strict_sales', \(isStrict))",
            reason: reason, details: ["setting": "strict_sales", "new": "\(isStrict)"]
        ) { "\($0.isStrictSales)" }
    }

    /// Sets how many first texts a person may get in 24 hours, with a line in the ledger.
    ///
    /// - Throws: ``InvalidInput`` outside 1 to 8, or without a reason.
    package func setFrequencyCap(
        _ cap: Int16, reason: String, organisation: Int32
    ) async throws -> Organisation {
        guard (1...8).contains(cap) else {
            throw InvalidInput("The frequency cap is 1 to 8 texts in 24 hours.")
        }
        return try await change(
            organisation, "frequency_cap = \(cap)", reason: reason,
            details: ["setting": "frequency_cap", "new": "\(cap)"]
        ) { "\($0.frequencyCap)" }
    }

    private func change(
        _ id: Int32, _ set: SQL, reason: String, details: [String: String],
        old: @escaping @Sendable (Organisation) -> String
    ) async throws -> Organisation {
        let reason = try nonEmpty(reason, "Say why, by --reason: the ledger keeps it.")
        return try await database.transaction(organisation: id) { connection in
            let before = try await connection.first(
                "SELECT \(Organisation.columns) FROM organisation WHERE id = \(id) FOR UPDATE",
                decode: Organisation.init(row:))
            guard let before else { throw InvalidInput("There is no organisation \(id).") }
            let after = try await connection.first(
                """
                UPDATE organisation SET \(set) WHERE id = \(id) RETURNING \(Organisation.columns)
                """, decode: Organisation.init(row:))!
            var line = details
            line["old"] = old(before)
            line["reason"] = reason
            try await SettingChanges.record(id, line, on: connection)
            return after
        }
    }

    /// One tenant, as its own transactions see it.
    ///
    /// - Throws: ``InvalidInput`` if there is none such.
    package func read(_ id: Int32) async throws -> Organisation {
        let found = try await database.transaction(organisation: id) { connection in
            try await connection.first(
                "SELECT \(Organisation.columns) FROM organisation WHERE id = \(id)",
                decode: Organisation.init(row:))
        }
        guard let found else { throw InvalidInput("There is no organisation \(id).") }
        return found
    }

    /// All tenants, oldest first; the web role sees its own only.
    package func list() async throws -> [Organisation] {
        try await database.rows(
            "SELECT \(Organisation.columns) FROM organisation ORDER BY id",
            decode: Organisation.init(row:))
    }

    /// The tenant with that number, or with that name.
    ///
    /// - Parameter key: a name or an id; `nil` means the only tenant there is.
    /// - Throws: ``InvalidInput`` if there is none such, or `nil` leaves a choice.
    package func find(_ key: String?) async throws -> Organisation {
        let all = try await list()
        guard !all.isEmpty else {
            throw InvalidInput("There is no organisation yet; run 'barnstorm organisation add'.")
        }
        guard let key else {
            guard all.count == 1 else {
                throw InvalidInput("There are several organisations; say which by --organisation.")
            }
            return all[0]
        }
        guard let found = all.first(where: { $0.name == key || String($0.id) == key }) else {
            throw InvalidInput(
                "There is no organisation \(key); see 'barnstorm organisation list'.")
        }
        return found
    }

    private static func isCountry(_ code: String) -> Bool {
        code.utf8.count == 2 && code.utf8.allSatisfy { (65...90).contains($0) }
    }
}

/// Trims `text`; what remains must not be empty, nor hold a NUL, which PostgreSQL cannot store.
func nonEmpty(_ text: String, _ sentence: String) throws -> String {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.isEmpty, !trimmed.utf8.contains(0) else { throw InvalidInput(sentence) }
    return trimmed
}

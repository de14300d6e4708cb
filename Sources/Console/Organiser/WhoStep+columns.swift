import Foundation
import HTTPTypes
import Hummingbird
import Store
import Texting

/// What each column of a list holds: guessed, shown, put right.
extension WhoStep {
    /// The columns as they are read, with three real rows, and why these people may be texted.
    func columns(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft,
        _ upload: Uploads.Upload, fields: Form? = nil, error: String? = nil
    ) throws -> Response {
        let words = console.words(request, context)
        var error = error
        let found: (columns: ImportColumns, sample: [[String]])
        do {
            found = try preview(upload, visitor, words, &error)
        } catch let wrong as InvalidInput {
            return console.step(
                "organiser_list", request, context, draft, here: "who",
                error: words.fault(wrong, file: upload.file),
                ["file": upload.file.name, "hopeless": true])
        }
        let (columns, sample) = found
        let rows = Array(sample.dropFirst(columns.hasHeader ? 1 : 0).prefix(3))
        return console.step(
            "organiser_list", request, context, draft, here: "who", error: error,
            [
                "file": upload.file.name,
                "columns": columns.fields.enumerated().map { place, field in
                    let role = fields?["role_\(place)"] ?? Self.role(of: place, columns)
                    return [
                        "place": place, "field": field,
                        "values": rows.map { ["value": place < $0.count ? $0[place] : ""] },
                        "roles": Self.roles.map {
                            [
                                "value": $0, "name": words("column_is_\($0)"),
                                "chosen": $0 == role,
                            ]
                        },
                    ]
                },
                "source": fields?["source"] ?? "", "wording": fields?["wording"] ?? "",
                "leave_out": fields?["households"] == "none", "calm": fields?["calm"] != nil,
                "calm_names": words("calm_names", Self.shouted(rows, columns)),
            ])
    }

    /// A name of the list in capitals, and how it would be written; one made up where none is seen.
    private static func shouted(_ rows: [[String]], _ columns: ImportColumns) -> [String: String] {
        let places = [columns.firstName, columns.name, columns.lastName].compactMap(\.self)
        let seen = rows.lazy.flatMap { row in places.compactMap { $0 < row.count ? row[$0] : nil } }
        let name = seen.first { Composing.calmName($0) != $0 } ?? "AISHA"
        return ["loud": name, "calm": Composing.calmName(name)]
    }

    func preview(
        _ upload: Uploads.Upload, _ visitor: Visitor, _ words: Words, _ error: inout String?
    ) throws -> (columns: ImportColumns, sample: [[String]]) {
        do {
            return try Imports.preview(path: upload.file.path, countries: visitor.countries)
        } catch is InvalidInput {
            // No column looks like numbers: shown with the first one chosen, so that it can be put
            // right. A file that is no list at all throws again.
            var choices = ColumnChoices()
            choices.numbers = ["1"]
            let found = try Imports.preview(
                path: upload.file.path, choices: choices, countries: visitor.countries)
            error = error ?? words("column_no_number")
            return found
        }
    }

    static let roles = [
        "field", "number_1", "number_2", "number_3", "name", "first_name", "last_name", "zone",
        "postal_code", "language", "consent_date", "consent_wording",
    ]

    static func role(of place: Int, _ columns: ImportColumns) -> String {
        if let rank = columns.numbers.firstIndex(of: place), rank < 3 {
            return "number_\(rank + 1)"
        }
        let known: [(Int?, String)] = [
            (columns.firstName, "first_name"), (columns.lastName, "last_name"),
            (columns.name, "name"), (columns.zone, "zone"), (columns.postalCode, "postal_code"),
            (columns.language, "language"), (columns.consentDate, "consent_date"),
            (columns.consentWording, "consent_wording"),
        ]
        return known.first { $0.0 == place }?.1 ?? "field"
    }

    static func choices(_ fields: Form, _ columns: ImportColumns) -> ColumnChoices {
        var byRole: [String: String] = [:]
        for (place, field) in columns.fields.enumerated() {
            let role = fields["role_\(place)"] ?? Self.role(of: place, columns)
            if role != "field", byRole[role] == nil { byRole[role] = field }
        }
        var choices = ColumnChoices()
        choices.isComplete = true
        choices.numbers = ["number_1", "number_2", "number_3"].compactMap { byRole[$0] }
        choices.zone = byRole["zone"]
        choices.postalCode = byRole["postal_code"]
        choices.language = byRole["language"]
        choices.name = byRole["name"]
        choices.firstName = byRole["first_name"]
        choices.lastName = byRole["last_name"]
        choices.consentDate = byRole["consent_date"]
        choices.consentWording = byRole["consent_wording"]
        choices.calmsNames = fields["calm"] != nil
        return choices
    }
}

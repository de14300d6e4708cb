import Foundation

/// The words of a line of the log, as values to show.
package enum LedgerEntry {
    /// What `details` says; numbers and truth values as texts, lists and objects left out.
    ///
    /// - Parameter entry: the hashed JSON text; one that cannot be read gives nothing.
    package static func details(of entry: String) -> [String: String] {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(entry.utf8)) else {
            return [:]
        }
        return line.details.compactMapValues(\.text).filter { !$0.value.isEmpty }
    }

    private struct Line: Decodable {
        var details: [String: Value]
    }

    /// A JSON value, of which only those that are one word are kept.
    private struct Value: Decodable {
        var text: String?

        init(from decoder: any Decoder) throws {
            let box = try decoder.singleValueContainer()
            if let text = try? box.decode(String.self) {
                self.text = text
            } else if let flag = try? box.decode(Bool.self) {
                text = String(flag)
            } else if let number = try? box.decode(Double.self) {
                text = number == number.rounded() ? String(Int(number)) : String(number)
            }
        }
    }
}

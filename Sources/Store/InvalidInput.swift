import Postgres

/// What somebody asked for cannot be done with what they gave; the sentence says what to change.
package struct InvalidInput: Error, Equatable, CustomStringConvertible {
    package let sentence: String
    /// By which pages find the sentence in other languages; empty for what only commands meet.
    package let key: String
    /// What that sentence counts or names.
    package let values: [String: String]

    package init(_ sentence: String, key: String = "", values: [String: String] = [:]) {
        self.sentence = sentence
        self.key = key
        self.values = values
    }

    package var description: String { sentence }
}

/// Runs `body`; a value that is already taken (SQLSTATE 23505) becomes `sentence`.
func refusingDuplicates<Value: Sendable>(
    _ sentence: String, key: String = "", _ body: () async throws -> Value
) async throws -> Value {
    do {
        return try await body()
    } catch let error as PostgresError where error.sqlState == "23505" {
        throw InvalidInput(sentence, key: key)
    }
}

/// A statement with its values kept apart from its text.
///
/// `"… \(value) …"` appends `$n` to the text and the value, in PostgreSQL's binary format with
/// the OID of its type, to the parameters: values never need quoting and seldom a cast.
/// `\(raw: text)` splices text (names that cannot be parameters; never anything a person typed).
/// Statements are joined with `+` or by interpolating one into another; `$n` is renumbered.
package struct SQL: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The text as sent, `$1` … `$n` in the place of values.
    package private(set) var text: String
    /// The values, encoded.
    package private(set) var parameters: SQLParameters
    /// Offsets (UTF-8) in ``text`` at which a `$n` starts, ascending.
    private var placeholders: [Int]

    /// The text alone: values belong in no log.
    package var description: String { text }

    /// Text without values.
    package init(raw text: String) {
        self.text = text
        parameters = SQLParameters()
        placeholders = []
    }

    package init(stringLiteral text: String) { self.init(raw: text) }

    package init(stringInterpolation: Interpolation) { self = stringInterpolation.sql }

    package static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    package static func += (left: inout SQL, right: SQL) { left.append(right) }

    /// Appends the placeholder of one more value.
    mutating func append<Value: SQLValue>(value: Value) {
        parameters.append(value)
        placeholders.append(text.utf8.count)
        text += "$\(parameters.count)"
    }

    mutating func append(raw other: String) { text += other }

    /// Appends another statement; its placeholders get the next free numbers.
    mutating func append(_ other: SQL) {
        let already = parameters.count
        parameters.append(other.parameters)
        var done = other.text.utf8.startIndex
        for (index, offset) in other.placeholders.enumerated() {
            let start = other.text.utf8.index(other.text.utf8.startIndex, offsetBy: offset)
            text += other.text[done..<start]
            placeholders.append(text.utf8.count)
            text += "$\(already + index + 1)"
            let digits = String(index + 1).utf8.count
            done = other.text.utf8.index(start, offsetBy: 1 + digits)
        }
        text += other.text[done...]
    }

    /// Collects an interpolated literal.
    package struct Interpolation: StringInterpolationProtocol {
        var sql: SQL

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql = SQL(raw: "")
            sql.text.reserveCapacity(literalCapacity + 3 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { sql.append(raw: literal) }

        /// Appends a value as the next parameter.
        package mutating func appendInterpolation<Value: SQLValue>(_ value: Value) {
            sql.append(value: value)
        }

        /// Appends a value or NULL. A form of its own, because the compiler warns of optionals in
        /// string interpolation unless the parameter says that it takes one.
        package mutating func appendInterpolation<Value: SQLValue>(_ value: Value?) {
            sql.append(value: value)
        }

        /// Splices text as it stands.
        package mutating func appendInterpolation(raw text: String) { sql.append(raw: text) }

        /// Splices a statement with its values.
        package mutating func appendInterpolation(_ other: SQL) { sql.append(other) }
    }
}

/// The encoded values of a statement: one buffer, and where each value lies in it.
package struct SQLParameters: Sendable, CustomStringConvertible {
    /// All values, one behind the other; a last byte keeps pointers to empty values valid.
    private(set) var bytes: [UInt8] = []
    private(set) var offsets: [Int] = []
    /// Octets of each value; -1 is NULL.
    private(set) var lengths: [Int32] = []
    private(set) var types: [UInt32] = []
    /// Why a value could not be encoded; thrown before anything is sent.
    private(set) var refusal: PostgresError?

    /// The number of values, not the values.
    package var description: String { "\(count) values" }

    /// How many values there are.
    package var count: Int { lengths.count }

    mutating func append<Value: SQLValue>(_ value: Value) {
        let start = bytes.count
        types.append(Value.oid)
        offsets.append(start)
        guard !value.isNull else { return lengths.append(-1) }
        do {
            try value.encode(into: &bytes)
        } catch {
            refusal =
                error as? PostgresError
                ?? PostgresError(.value, "Parameter $\(count + 1) cannot be encoded: \(error).")
        }
        lengths.append(Int32(clamping: bytes.count - start))
    }

    mutating func append(_ other: SQLParameters) {
        offsets.append(contentsOf: other.offsets.map { $0 + bytes.count })
        bytes.append(contentsOf: other.bytes)
        lengths.append(contentsOf: other.lengths)
        types.append(contentsOf: other.types)
        refusal = refusal ?? other.refusal
    }
}

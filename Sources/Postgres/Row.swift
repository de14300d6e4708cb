import CLibPQ

/// One row of an answer, valid inside the closure that decodes it.
///
/// It cannot be copied out: the memory belongs to the answer, which is freed afterwards.
package struct Row: ~Copyable {
    private let result: OpaquePointer
    private let index: Int32

    init(result: OpaquePointer, index: Int32) {
        self.result = result
        self.index = index
    }

    /// The value of column `column`, counted from 0; ask for an optional where NULL may stand.
    ///
    /// - Throws: ``PostgresError`` of kind `value` that names the column.
    package func value<Value: SQLValue>(_ column: Int) throws -> Value {
        let column = Int32(truncatingIfNeeded: column)
        do {
            guard PQgetisnull(result, index, column) == 0 else { return try Value.decodeNull() }
            let start = PQgetvalue(result, index, column)
            let count = Int(PQgetlength(result, index, column))
            let bytes = UnsafeRawBufferPointer(start: start, count: count)
            return try Value.decode(bytes, oid: PQftype(result, column))
        } catch let error as PostgresError {
            let name = PQfname(result, column).map { String(cString: $0) } ?? "\(column)"
            throw PostgresError(error.kind, "Column \(name): \(error.message)")
        }
    }

    /// The value of the column called `name`; by number is quicker in long loops.
    package func value<Value: SQLValue>(_ name: String) throws -> Value {
        // Quoted, because libpq folds an unquoted name to lower case.
        let column = PQfnumber(result, "\"\(name)\"")
        guard column >= 0 else {
            throw PostgresError(.value, "The answer has no column \(name).")
        }
        return try value(Int(column))
    }

    /// ``value(_:)-(Int)`` with the type named in the call.
    package func decode<Value: SQLValue>(_ column: Int, as type: Value.Type) throws -> Value {
        try value(column)
    }

    package subscript<Value: SQLValue>(_ column: Int) -> Value {
        get throws { try value(column) }
    }

    package subscript<Value: SQLValue>(_ name: String) -> Value {
        get throws { try value(name) }
    }
}

/// The answer to one statement; frees it once.
struct QueryResult: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }
    var count: Int32 { PQntuples(pointer) }

    /// Rows inserted, changed, deleted, selected or copied.
    var affected: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    /// For example `COMMIT`, or `ROLLBACK` where a COMMIT met a failed transaction.
    var command: String { String(cString: PQcmdStatus(pointer)) }

    func row(_ index: Int32) -> Row { Row(result: pointer, index: index) }

    /// One of the server's error fields, by the letter of the protocol (53.8).
    func errorField(_ letter: Unicode.Scalar) -> String? {
        PQresultErrorField(pointer, Int32(letter.value)).map { String(cString: $0) }
    }
}

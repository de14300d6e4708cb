import CLibPQ
import Glibc

/// The owner of one libpq connection; every call blocks.
struct ConnectionHandle: ~Copyable {
    let pointer: OpaquePointer

    /// Connects.
    ///
    /// - Throws: ``PostgresError`` of kind `badURL`, `unreachable` or `refused`.
    init(_ settings: ConnectionSettings) throws {
        let keywords = settings.options.map { strdup($0.name) } + [nil]
        let values = settings.options.map { strdup($0.value) } + [nil]
        defer { for text in keywords + values { free(text) } }
        guard
            let pointer = PQconnectdbParams(
                keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
        else { throw PostgresError(.unreachable, "There is no memory for a connection.") }
        guard PQstatus(pointer) == CONNECTION_OK else {
            defer { PQfinish(pointer) }
            throw Self.connectError(pointer, settings)
        }
        // Notices would go to standard error and may quote values.
        PQsetNoticeProcessor(pointer, { _, _ in }, nil)
        self.pointer = pointer
    }

    deinit { PQfinish(pointer) }

    var isAlive: Bool { PQstatus(pointer) == CONNECTION_OK }
    var isIdle: Bool { isAlive && PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// Throws if the server has hung up meanwhile, so that nothing is sent into the void.
    func probe() throws {
        var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        // The end shows only behind a last message, so what has come is read until nothing has.
        while isAlive, poll(&descriptor, 1, 0) > 0 { PQconsumeInput(pointer) }
        guard isAlive else {
            throw PostgresError(
                .lostBeforeSending, "PostgreSQL closed the connection before the statement.")
        }
    }

    /// Runs one statement with binary parameters and a binary answer.
    func execute(_ sql: SQL) throws -> QueryResult {
        if let refusal = sql.parameters.refusal { throw refusal.naming(sql.text) }
        try probe()
        let parameters = sql.parameters
        let formats = [Int32](repeating: 1, count: parameters.count)
        // One octet more, so that even a lone empty value has an address (nil means NULL).
        let result = (parameters.bytes + [0]).withUnsafeBufferPointer { bytes in
            let start = UnsafeRawPointer(bytes.baseAddress!).assumingMemoryBound(to: CChar.self)
            let values = (0..<parameters.count).map { index in
                parameters.lengths[index] < 0 ? nil : start + parameters.offsets[index]
            }
            return PQexecParams(
                pointer, sql.text, Int32(parameters.count), parameters.types, values,
                parameters.lengths, formats, 1)
        }
        return try checked(result, sql.text)
    }

    /// Runs several statements without values, in text; gives the last one's answer.
    func script(_ text: String) throws -> QueryResult {
        guard !text.utf8.contains(0) else {
            throw PostgresError(.value, "A script holds a NUL character.")
        }
        try probe()
        return try checked(PQexec(pointer, text), text)
    }

    /// The answer, unless it is an error.
    func checked(_ raw: OpaquePointer?, _ text: String) throws -> QueryResult {
        guard let raw else {
            throw PostgresError(
                isAlive ? .statement : .lost, lastMessage, statement: text)
        }
        let result = QueryResult(raw)
        switch result.status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_COPY_IN, PGRES_COPY_OUT:
            return result
        default:
            throw error(result, text)
        }
    }

    private func error(_ result: borrowing QueryResult, _ text: String) -> PostgresError {
        let sqlState = result.errorField("C")
        let message = result.errorField("M") ?? lastMessage
        // 57P01…57P03: the server ends the connection after this message.
        let isLost = !isAlive || sqlState?.hasPrefix("57P0") == true
        return PostgresError(
            isLost ? .lost : .statement, Self.withoutValues(message, sqlState),
            sqlState: sqlState, statement: text, constraint: result.errorField("n"))
    }

    /// libpq's own last message: about the connection, never about values.
    var lastMessage: String {
        let text = String(cString: PQerrorMessage(pointer))
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty ? "The connection to PostgreSQL broke." : line
    }

    /// Data exceptions quote the value that does not fit; only they do.
    static func withoutValues(_ message: String, _ sqlState: String?) -> String {
        guard sqlState?.hasPrefix("22") == true else { return message }
        let parts = message.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.enumerated().map { $0 % 2 == 0 ? String($1) : "\"…\"" }.joined()
    }

    private static func connectError(
        _ pointer: OpaquePointer, _ settings: ConnectionSettings
    ) -> PostgresError {
        let text = String(cString: PQerrorMessage(pointer))
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        // libpq keeps no SQLSTATE of a refused start; the server's word for it is FATAL.
        func mentions(_ words: [String]) -> Bool { words.contains { line.contains($0) } }
        if mentions(["SSL", "certificate"]) {
            return PostgresError(
                .refused,
                "PostgreSQL at \(settings.place) offers no TLS that can be verified; give it a "
                    + "certificate, or add sslmode=disable to BARNSTORM_DATABASE_URL where the "
                    + "network is trusted: \(line)")
        }
        let isBusy = mentions([
            "starting up", "shutting down", "recovery mode", "administrator command", "too many",
            "remaining connection slots",
        ])
        guard mentions(["FATAL:", "password"]), !isBusy else {
            return PostgresError(
                .unreachable,
                "PostgreSQL does not answer at \(settings.place); start it or correct "
                    + "BARNSTORM_DATABASE_URL: \(line)")
        }
        return PostgresError(
            .refused,
            "PostgreSQL at \(settings.place) refuses the connection; check user, password and "
                + "database in BARNSTORM_DATABASE_URL: \(line)")
    }
}

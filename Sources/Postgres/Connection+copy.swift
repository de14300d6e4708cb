import CLibPQ

extension Connection {
    /// Runs a COPY … FROM STDIN, fed by `next` until it gives `nil`.
    ///
    /// Back pressure is the socket's: `next` is asked again only when its last piece has been
    /// handed on. Pieces may end in the middle of a row. If `next` throws, the COPY is undone.
    /// - Returns: rows copied.
    @discardableResult
    package func copyIn(
        _ statement: String, next: @Sendable () async throws -> [UInt8]?
    ) async throws -> Int {
        try startCopy(statement, PGRES_COPY_IN)
        defer { noteState() }
        do {
            while let piece = try await next() {
                let sent = piece.withUnsafeBytes {
                    PQputCopyData(
                        handle.pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self),
                        Int32($0.count))
                }
                guard sent == 1 else { break }  // the answer below tells why
            }
        } catch {
            PQputCopyEnd(handle.pointer, "given up by the client")
            _ = try? finishCopy(statement)
            throw error
        }
        PQputCopyEnd(handle.pointer, nil)
        return try finishCopy(statement)
    }

    /// Runs a COPY … TO STDOUT and hands it on in pieces of whole rows, about 64 KiB each.
    ///
    /// The server waits while `each` works. If `each` throws, the connection is given up.
    package func copyOut(
        _ statement: String, each: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        try startCopy(statement, PGRES_COPY_OUT)
        defer { noteState() }
        var piece: [UInt8] = []
        var buffer: UnsafeMutablePointer<CChar>?
        while true {
            let count = PQgetCopyData(handle.pointer, &buffer, 0)
            guard count > 0 else { break }  // -1: end; -2: the answer below tells why
            piece.append(
                contentsOf: UnsafeRawBufferPointer(start: buffer, count: Int(count)))
            PQfreemem(buffer)
            if piece.count >= 65_536 {
                try await each(piece)
                piece.removeAll(keepingCapacity: true)
            }
        }
        if !piece.isEmpty { try await each(piece) }
        _ = try finishCopy(statement)
    }

    private func startCopy(_ statement: String, _ direction: ExecStatusType) throws {
        try checkFree()
        defer { noteState() }
        let result = try handle.script(statement)
        guard result.status == direction else {
            throw PostgresError(
                .misuse, "The statement starts no COPY in this direction.", statement: statement)
        }
        isCopying = true
    }

    /// Reads the answer to a COPY and what may follow it.
    private func finishCopy(_ statement: String) throws -> Int {
        let raw = PQgetResult(handle.pointer)
        defer {
            while let rest = PQgetResult(handle.pointer) { PQclear(rest) }
            isCopying = !handle.isAlive
        }
        return try handle.checked(raw, statement).affected
    }
}

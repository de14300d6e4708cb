/// What became of a request; the case tells whether a second try is safe.
///
/// Codes are libcurl's (`libcurl-errors(3)`); reasons name hosts and causes, never bodies.
package enum HTTPResult: Sendable {
    /// A whole answer came, whatever its status; only ours is the cut at `responseLimit`.
    case response(HTTPResponse)
    /// Proven: no octet of the body left this machine.
    case notSent(code: Int32, reason: String)
    /// The gate said no; no octet of the body left this machine.
    case gateClosed
    /// The body left, all or part of it, and no whole answer came. Never repeat it blindly.
    case ambiguous(code: Int32, reason: String, partial: HTTPResponse?)
}

/// An answer.
package struct HTTPResponse: Sendable, CustomStringConvertible {
    package var status: Int
    /// The header lines as received, without the status line.
    package var headerLines: [UInt8]
    package var body: [UInt8]
    /// Whether the body was longer than the request's `responseLimit`.
    package var isTruncated: Bool

    package init(status: Int, headerLines: [UInt8], body: [UInt8], isTruncated: Bool) {
        self.status = status
        self.headerLines = headerLines
        self.body = body
        self.isTruncated = isTruncated
    }

    /// An answer put together by hand.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        isTruncated: Bool = false
    ) {
        let lines = headers.map { "\($0.name): \($0.value)\r\n" }.joined()
        self.init(
            status: status, headerLines: Array(lines.utf8), body: body, isTruncated: isTruncated)
    }

    /// The headers in order, read from ``headerLines`` when asked: most answers need none.
    package var headers: [(name: String, value: String)] {
        headerLines.split(whereSeparator: { $0 == 10 || $0 == 13 }).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[(colon + 1)...].trimmingBlanks
            return (
                String(decoding: line[..<colon], as: UTF8.self),
                String(decoding: value, as: UTF8.self)
            )
        }
    }

    /// Neither headers nor body: they may hold numbers and texts.
    package var description: String {
        "status \(status), \(body.count) octets\(isTruncated ? ", cut" : "")"
    }

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmingBlanks: ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { $0 == 32 || $0 == 9 }
        let front = drop(while: isBlank)
        let end = front.lastIndex { !isBlank($0) } ?? front.startIndex - 1
        return front[front.startIndex...end]
    }
}

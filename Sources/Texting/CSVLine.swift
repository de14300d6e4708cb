/// Lines of a CSV file (RFC 4180) that a spreadsheet cannot take for a program.
///
/// Every cell is quoted. One that begins with a sign by which a spreadsheet knows a formula gets an
/// apostrophe in front, which shows it as text. Source: OWASP, *CSV Injection*: = + - @, tab,
/// carriage return, line feed, and the full-width forms of the first four.
package enum CSVLine {
    /// Appends a line, ended by CR LF.
    package static func append(_ cells: [String], to bytes: inout [UInt8]) {
        for (place, cell) in cells.enumerated() {
            if place > 0 { bytes.append(0x2C) }
            append(cell: cell, to: &bytes)
        }
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    private static func append(cell: String, to bytes: inout [UInt8]) {
        bytes.append(0x22)
        if looksLikeFormula(cell) { bytes.append(0x27) }
        for byte in cell.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }

    /// Spaces before the sign do not help a reader and do not stop every spreadsheet.
    private static func looksLikeFormula(_ cell: String) -> Bool {
        let first = cell.unicodeScalars.first { $0 != " " && $0 != "\u{A0}" && $0 != "\u{FEFF}" }
        guard let first else { return false }
        return "=+-@\t\r\n\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(first)
    }
}

/// The billed size of a text, exactly as given.
///
/// Unit: segments of 140 octets. Within the GSM 7-bit alphabet that is 160 septets alone or 153
/// joined; one character outside it turns the whole text into UCS-2, 70 or 67 code units. Neither
/// an escape pair nor a surrogate pair is cut in two, so a text may need one segment more than its
/// units divided. The empty text is GSM-7 with 0 units and 0 segments.
/// Source: 3GPP TS 23.038 §6.2.1 (alphabet), TS 23.040 §9.2.3.24.1 (joining, 8-bit reference).
package struct Measure: Equatable, Sendable {
    /// How the carrier will have to encode the text; the raw value is what the doors print.
    package enum Encoding: String, Sendable {
        case gsm7 = "GSM-7"
        case ucs2 = "UCS-2"

        /// Units of a text that travels alone.
        package var unitsAlone: Int { self == .gsm7 ? 160 : 70 }
        /// Units of each part of a joined text.
        package var unitsJoined: Int { self == .gsm7 ? 153 : 67 }
    }

    package let encoding: Encoding
    /// Septets in GSM-7, UTF-16 code units in UCS-2.
    package let units: Int
    package let segments: Int

    /// Measures `text` without changing it; normalise while composing (``Composing``).
    package init(_ text: String) {
        var counter = MeasureCounter()
        counter.add(text)
        self = counter.measure
    }

    /// Measures text held as UTF-8; malformed bytes count as one replacement character each.
    package init(utf8 bytes: some Sequence<UInt8>) {
        self.init(String(decoding: Array(bytes), as: UTF8.self))
    }

    init(encoding: Encoding, units: Int, parts: Int) {
        self.encoding = encoding
        self.units = units
        segments = units == 0 ? 0 : units <= encoding.unitsAlone ? 1 : parts
    }
}

/// A text would cost more segments than its sender allows.
package struct TextTooLong: Error, Equatable, CustomStringConvertible {
    package let segments: Int
    package let limit: Int

    package var description: String {
        "The text needs \(segments) segments and \(limit) are allowed; shorten it, or look for "
            + "characters that cost extra."
    }
}

/// Counts the segments of `text`; see ``Measure`` for the rule and its source.
///
/// - Throws: ``TextTooLong`` above `limit`, with both numbers to show the organiser.
package func segments(of text: String, limit: Int) throws(TextTooLong) -> Int {
    let count = Measure(text).segments
    guard count <= limit else { throw TextTooLong(segments: count, limit: limit) }
    return count
}

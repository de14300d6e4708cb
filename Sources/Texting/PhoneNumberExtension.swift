/// The end of a number that is dialled only after the call is answered: `x12`, `ext. 12`, `,,12`.
///
/// The labels and the digits each may have are those that libphonenumber accepts: the surer the
/// label, the longer the extension.
struct ExtensionMark {
    /// Where the extension begins, its label and the space before it included.
    let start: Int
    let digits: Range<Int>

    /// Labels with the most digits that may follow, longest label first.
    private static let labels: [(label: [UInt8], digitsMax: Int)] = {
        let sure = [
            "extension", "xtension", "extensio", "xtensio", "extn", "xtn", "ext", "xt", "anexo",
        ].map { (Array($0.utf8), 20) }
        let cyrillic = [([0x80, 0x81, 0x82] as [UInt8], 20)]  // the three letters of Sign.of
        let unsure = ["int", "x", "#", "~"].map { (Array($0.utf8), 9) }
        return sure + cyrillic + unsure
    }()

    /// The extension at the end of `signs`, if there is one.
    static func find(in signs: ArraySlice<UInt8>) -> ExtensionMark? {
        var end = signs.endIndex
        let hasHash = signs.last == UInt8(ascii: "#")
        if hasHash { end -= 1 }
        var first = end
        while first > signs.startIndex, Sign.isDigit(signs[first - 1]) { first -= 1 }
        let digits = first..<end
        guard !digits.isEmpty, first > signs.startIndex else { return nil }
        let before = signs[..<first]
        return formal(before, digits, hasHash) ?? labelled(before, digits)
            ?? dialledAhead(before, digits) ?? american(before, digits, hasHash)
    }

    /// `;ext=12` of RFC 3966.
    private static func formal(
        _ before: ArraySlice<UInt8>, _ digits: Range<Int>, _ hasHash: Bool
    ) -> ExtensionMark? {
        let label = Array(";ext=".utf8)
        guard !hasHash, digits.count <= 20, before.suffix(5).elementsEqual(label) else {
            return nil
        }
        return ExtensionMark(start: before.endIndex - 5, digits: digits)
    }

    private static func labelled(
        _ before: ArraySlice<UInt8>, _ digits: Range<Int>
    ) -> ExtensionMark? {
        let labelEnd = withoutSeparators(before, afterLabel: true)
        // Nearly every number ends the search here: a digit or bracket is no label.
        guard let end = labelEnd.last,
            !Sign.isDigit(end), end != UInt8(ascii: "("), end != UInt8(ascii: ")")
        else { return nil }
        for candidate in [labelEnd, withoutMark(labelEnd)] {
            for (label, digitsMax) in labels where candidate.hasSuffix(label) {
                guard digits.count <= digitsMax else { continue }
                let start = withoutSeparators(candidate.dropLast(label.count), afterLabel: false)
                return ExtensionMark(start: start.endIndex, digits: digits)
            }
        }
        return nil
    }

    /// Commas and semicolons, at which a telephone waits before it dials on.
    private static func dialledAhead(
        _ before: ArraySlice<UInt8>, _ digits: Range<Int>
    ) -> ExtensionMark? {
        let comma = UInt8(ascii: ",")
        let spaces: [UInt8] = [UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "\t")]
        var rest = before
        while let last = rest.last, spaces.contains(last) { rest.removeLast() }
        rest = withoutMark(rest)
        var digitsMax = 0
        if rest.last == UInt8(ascii: ";") {
            rest.removeLast()
            digitsMax = 15
        } else if rest.last == comma {
            digitsMax = rest.dropLast().last == comma ? 15 : 9
            while rest.last == comma { rest.removeLast() }
        }
        guard digits.count <= digitsMax else { return nil }
        while let last = rest.last, last == spaces[0] || last == spaces[2] { rest.removeLast() }
        return ExtensionMark(start: rest.endIndex, digits: digits)
    }

    /// `- 503#`, as it is written in America.
    private static func american(
        _ before: ArraySlice<UInt8>, _ digits: Range<Int>, _ hasHash: Bool
    ) -> ExtensionMark? {
        var start = before
        while start.last == UInt8(ascii: "-") || start.last == UInt8(ascii: " ") {
            start.removeLast()
        }
        guard hasHash, digits.count <= 6, start.endIndex < before.endIndex else { return nil }
        return ExtensionMark(start: start.endIndex, digits: digits)
    }

    private static func withoutSeparators(
        _ signs: ArraySlice<UInt8>, afterLabel: Bool
    ) -> ArraySlice<UInt8> {
        var rest = signs
        while let last = rest.last,
            last == UInt8(ascii: " ") || last == UInt8(ascii: ",") || last == UInt8(ascii: "\t")
                || (afterLabel && last == UInt8(ascii: "-"))
        {
            rest.removeLast()
        }
        return rest
    }

    private static func withoutMark(_ signs: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        signs.last == UInt8(ascii: ":") || signs.last == UInt8(ascii: ".")
            ? signs.dropLast() : signs
    }
}

extension ArraySlice<UInt8> {
    fileprivate func hasSuffix(_ end: [UInt8]) -> Bool { suffix(end.count).elementsEqual(end) }
}

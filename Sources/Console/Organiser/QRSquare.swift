/// A QR code as the server draws it: no image, no script, scales with the page.
///
/// Byte mode, error correction M (15 %), versions 1 to 10, which hold up to 213 octets: any link of
/// ours and any `otpauth` address. Source: ISO/IEC 18004:2015; the tables are its tables 1, 9 and E.1.
struct QRSquare: Sendable {
    /// Modules on each side, without the quiet zone of four.
    let size: Int
    /// Dark modules, `modules[y][x]`.
    private(set) var modules: [[Bool]]
    private var isFixed: [[Bool]]
    private let version: Int

    private static let total = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346]
    private static let checksPerBlock = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26]
    private static let blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5]
    private static let alignments = [
        [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46],
        [6, 28, 50],
    ]

    /// - Parameter mask: one of eight, for tests; else the one that reads best.
    /// - Returns: nil for a text of more than 213 octets.
    init?(_ text: String, mask: Int? = nil) {
        let bytes = Array(text.utf8)
        let fitting = (1...10).first { version in
            bytes.count <= Self.capacity(version) - (version < 10 ? 2 : 3)
        }
        guard let fitting else { return nil }
        version = fitting
        size = 17 + 4 * fitting
        modules = Array(repeating: Array(repeating: false, count: size), count: size)
        isFixed = modules
        drawPatterns()
        draw(Self.codewords(bytes, fitting))
        finish(mask: mask ?? bestMask())
    }

    /// What the template needs.
    var values: [String: Any] {
        var path = ""
        for (y, row) in modules.enumerated() {
            for (x, isDark) in row.enumerated() where isDark { path += "M\(x) \(y)h1v1h-1z" }
        }
        return ["box": "-4 -4 \(size + 8) \(size + 8)", "path": path]
    }

    private static func capacity(_ version: Int) -> Int {
        total[version - 1] - checksPerBlock[version - 1] * blocks[version - 1]
    }

    // MARK: Octets

    private static func codewords(_ bytes: [UInt8], _ version: Int) -> [UInt8] {
        var bits: [Bool] = []
        func append(_ value: Int, _ count: Int) {
            for shift in stride(from: count - 1, through: 0, by: -1) {
                bits.append(value >> shift & 1 == 1)
            }
        }
        append(4, 4)  // byte mode
        append(bytes.count, version < 10 ? 8 : 16)
        for byte in bytes { append(Int(byte), 8) }
        let room = capacity(version) * 8
        append(0, min(4, room - bits.count))
        append(0, (8 - bits.count % 8) % 8)
        var isEven = true
        while bits.count < room {
            append(isEven ? 0xEC : 0x11, 8)
            isEven.toggle()
        }
        let data = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        return interleaved(data, version)
    }

    /// Blocks side by side, the shorter ones first, then their checks.
    private static func interleaved(_ data: [UInt8], _ version: Int) -> [UInt8] {
        let (count, checks) = (blocks[version - 1], checksPerBlock[version - 1])
        let short = data.count / count
        let longs = data.count % count
        var parts: [[UInt8]] = []
        var start = 0
        for block in 0..<count {
            let length = short + (block >= count - longs ? 1 : 0)
            parts.append(Array(data[start..<start + length]))
            start += length
        }
        let ends = parts.map { remainder($0, checks) }
        var result: [UInt8] = []
        for place in 0...short {
            for part in parts where place < part.count { result.append(part[place]) }
        }
        for place in 0..<checks { for end in ends { result.append(end[place]) } }
        return result
    }

    /// Reed-Solomon over GF(2^8) with the polynomial 0x11D.
    private static func remainder(_ data: [UInt8], _ count: Int) -> [UInt8] {
        var divisor = [UInt8](repeating: 0, count: count)
        divisor[count - 1] = 1
        var root: UInt8 = 1
        for _ in 0..<count {
            for place in 0..<count {
                divisor[place] = multiply(divisor[place], root)
                if place + 1 < count { divisor[place] ^= divisor[place + 1] }
            }
            root = multiply(root, 2)
        }
        var rest = [UInt8](repeating: 0, count: count)
        for byte in data {
            let factor = byte ^ rest.removeFirst()
            rest.append(0)
            for place in 0..<count { rest[place] ^= multiply(divisor[place], factor) }
        }
        return rest
    }

    private static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product = 0
        for shift in stride(from: 7, through: 0, by: -1) {
            product = product << 1 ^ (product >> 7) * 0x11D
            product ^= (Int(right) >> shift & 1) * Int(left)
        }
        return UInt8(truncatingIfNeeded: product)
    }

    // MARK: Drawing

    private mutating func set(_ x: Int, _ y: Int, _ isDark: Bool) {
        guard (0..<size).contains(x), (0..<size).contains(y) else { return }
        modules[y][x] = isDark
        isFixed[y][x] = true
    }

    private mutating func drawPatterns() {
        for place in 0..<size {
            set(6, place, place % 2 == 0)
            set(place, 6, place % 2 == 0)
        }
        for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] {
            for dy in -4...4 {
                for dx in -4...4 {
                    let ring = max(abs(dx), abs(dy))
                    set(x + dx, y + dy, ring != 2 && ring != 4)
                }
            }
        }
        let places = Self.alignments[version - 1]
        for (row, y) in places.enumerated() {
            for (column, x) in places.enumerated() {
                let last = places.count - 1
                if (row == 0 && (column == 0 || column == last)) || (row == last && column == 0) {
                    continue
                }
                for dy in -2...2 {
                    for dx in -2...2 { set(x + dx, y + dy, max(abs(dx), abs(dy)) != 1) }
                }
            }
        }
        drawFormat(mask: 0)
        drawVersion()
    }

    private mutating func drawFormat(mask: Int) {
        // Level M is 00; BCH(15, 5), generator 0x537.
        var rest = mask
        for _ in 0..<10 { rest = rest << 1 ^ (rest >> 9) * 0x537 }
        let bits = (mask << 10 | rest) ^ 0x5412
        func bit(_ place: Int) -> Bool { bits >> place & 1 == 1 }
        for place in 0...5 { set(8, place, bit(place)) }
        set(8, 7, bit(6))
        set(8, 8, bit(7))
        set(7, 8, bit(8))
        for place in 9..<15 { set(14 - place, 8, bit(place)) }
        for place in 0..<8 { set(size - 1 - place, 8, bit(place)) }
        for place in 8..<15 { set(8, size - 15 + place, bit(place)) }
        set(8, size - 8, true)
    }

    private mutating func drawVersion() {
        guard version >= 7 else { return }
        var rest = version
        for _ in 0..<12 { rest = rest << 1 ^ (rest >> 11) * 0x1F25 }
        let bits = version << 12 | rest
        for place in 0..<18 {
            let isDark = bits >> place & 1 == 1
            let (a, b) = (size - 11 + place % 3, place / 3)
            set(a, b, isDark)
            set(b, a, isDark)
        }
    }

    /// Up and down in pairs of columns from the right.
    private mutating func draw(_ codewords: [UInt8]) {
        var place = 0
        for right in stride(from: size - 1, through: 1, by: -2) {
            let column = right <= 6 ? right - 1 : right
            for step in 0..<size {
                for x in [column, column - 1] {
                    let isUpward = (column + 1) & 2 == 0
                    let y = isUpward ? size - 1 - step : step
                    guard !isFixed[y][x], place < codewords.count * 8 else { continue }
                    modules[y][x] = codewords[place / 8] >> (7 - UInt8(place % 8)) & 1 == 1
                    place += 1
                }
            }
        }
    }

    private static func flips(_ mask: Int, _ x: Int, _ y: Int) -> Bool {
        switch mask {
        case 0: (x + y) % 2 == 0
        case 1: y % 2 == 0
        case 2: x % 3 == 0
        case 3: (x + y) % 3 == 0
        case 4: (x / 3 + y / 2) % 2 == 0
        case 5: x * y % 2 + x * y % 3 == 0
        case 6: (x * y % 2 + x * y % 3) % 2 == 0
        default: ((x + y) % 2 + x * y % 3) % 2 == 0
        }
    }

    private func masked(_ mask: Int) -> [[Bool]] {
        modules.enumerated().map { y, row in
            row.enumerated().map { x, isDark in
                isFixed[y][x] ? isDark : isDark != Self.flips(mask, x, y)
            }
        }
    }

    private mutating func finish(mask: Int) {
        modules = masked(mask)
        drawFormat(mask: mask)
    }

    /// The mask with the fewest long runs; readers undo any.
    private func bestMask() -> Int {
        (0..<8).min { Self.runs(masked($0)) < Self.runs(masked($1)) } ?? 0
    }

    private static func runs(_ modules: [[Bool]]) -> Int {
        let columns = modules.indices.map { x in modules.map { $0[x] } }
        return (modules + columns).reduce(0) { sum, line in
            var (points, run) = (0, 1)
            for place in 1..<line.count {
                run = line[place] == line[place - 1] ? run + 1 : 1
                points += run == 5 ? 3 : run > 5 ? 1 : 0
            }
            return sum + points
        }
    }
}

/// Which key a texter presses instead of one of ours (WCAG 2.1.4, screens 3.5).
///
/// One character each; the swap holds on every page and after `g` too. Chords, Enter, Space, Escape
/// and digits stay as they are.
struct KeyMap: Sendable, Equatable {
    /// What may be swapped, as the words name it, with its usual key.
    static let usual: [(name: String, key: Character)] = [
        ("send", ";"), ("skip", "n"), ("undo", "u"), ("inbox", "i"), ("down", "j"), ("up", "k"),
        ("find", "/"), ("opt_out", "o"), ("hand", "h"), ("take_back", "z"), ("replies", "r"),
        ("pause", "p"), ("go", "g"),
    ]
    /// Keys that always mean what they mean.
    private static let taken: Set<Character> = ["?", "s", "1", "2", "3", "4", "5", "6"]

    /// Keys of the texter's own by name; the usual ones are left out.
    private(set) var own: [String: Character] = [:]

    enum Fault: Error, Equatable {
        /// Not exactly one letter or sign.
        case notOne(String)
        /// Two acts with one key, or a key that is ours.
        case twice(Character)
    }

    /// - Parameter setting: ``setting`` of earlier; what it does not know is left out.
    init(setting: String?) {
        let letters = Array(setting ?? "")
        for place in stride(from: 0, to: letters.count - 1, by: 2) {
            if let name = Self.usual.first(where: { $0.key == letters[place] })?.name {
                own[name] = letters[place + 1]
            }
        }
    }

    /// - Parameter wishes: a key for each name; none keeps the usual one.
    init(wishes: (_ name: String) -> String?) throws(Fault) {
        var seen = Self.taken
        for (name, usual) in Self.usual {
            let wish = wishes(name) ?? String(usual)
            guard wish.utf16.count == 1, let key = wish.first, !key.isWhitespace else {
                throw .notOne(wish)
            }
            guard seen.insert(key).inserted else { throw .twice(key) }
            if key != usual { own[name] = key }
        }
    }

    /// As a member's settings keep it: pairs of the usual key and their own.
    var setting: String {
        swaps.map { "\($0.usual)\($0.own)" }.joined()
    }

    /// For the page's script: words of the key pressed and the key it stands for, if any.
    var attribute: String? {
        guard !own.isEmpty else { return nil }
        let pressed = Set(own.values)
        let idle = swaps.map(\.usual).filter { !pressed.contains($0) }
        return (swaps.map { "\($0.own)\($0.usual)" } + idle.map { "\($0)" })
            .joined(separator: " ")
    }

    func key(_ name: String) -> Character? {
        own[name] ?? Self.usual.first { $0.name == name }?.key
    }

    private var swaps: [(usual: Character, own: Character)] {
        Self.usual.compactMap { name, usual in own[name].map { (usual, $0) } }
    }
}

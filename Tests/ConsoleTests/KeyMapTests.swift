import Testing

@testable import Console

@Suite struct KeyMapTests {
    @Test func `the usual keys ask nothing of the page`() throws {
        let map = try KeyMap { _ in nil }
        #expect(map.attribute == nil)
        #expect(map.setting == "")
        #expect(map.key("send") == ";")
    }

    @Test func `a key of one's own stands for ours, and ours for none`() throws {
        let map = try KeyMap { ["skip": "x"][$0] }
        #expect(map.attribute == "xn n")
        #expect(KeyMap(setting: map.setting) == map)
    }

    @Test func `two keys may change places`() throws {
        let map = try KeyMap { ["send": "n", "skip": ";"][$0] }
        #expect(Set(map.attribute?.split(separator: " ") ?? []) == ["n;", ";n"])
        #expect(KeyMap(setting: map.setting) == map)
    }

    @Test(arguments: ["ab", "👩‍👩‍👧", "", " "])
    func `a key is one letter or sign`(_ wish: String) {
        #expect(throws: KeyMap.Fault.notOne(wish)) { try KeyMap { $0 == "undo" ? wish : nil } }
    }

    @Test(arguments: ["i", "s", "3", "?"])
    func `a key has one meaning`(_ wish: String) {
        #expect(throws: KeyMap.Fault.self) { try KeyMap { $0 == "undo" ? wish : nil } }
    }

    @Test func `a setting of another time does no harm`() {
        #expect(KeyMap(setting: "€xn").own.isEmpty)
        #expect(KeyMap(setting: "nxq").own == ["skip": "x"])
    }
}

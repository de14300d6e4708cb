import Foundation
import Testing

@testable import Console

/// The design system as numbers: contrast, weight, and nothing inline.
@Suite struct LookTests {
    private let files = try! Files.all(in: "Assets").mapValues {
        String(decoding: $0, as: UTF8.self)
    }

    /// Tokens of a block of `tokens.css` that begins with `start`.
    private func tokens(_ start: String) -> [String: String] {
        guard let css = files["tokens.css"], let open = css.firstRange(of: start) else {
            return [:]
        }
        let block = css[open.upperBound...].prefix { $0 != "}" }
        return Dictionary(
            block.matches(of: /--([\w-]+):\s*(#[0-9a-f]{6});/).map { (String($0.1), String($0.2)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// WCAG 2.2, relative luminance and contrast ratio.
    private func contrast(_ one: String, _ other: String) -> Double {
        func luminance(_ colour: String) -> Double {
            let value = Int(colour.dropFirst(), radix: 16)!
            let parts = [value >> 16, value >> 8, value].map { part -> Double in
                let share = Double(part & 255) / 255
                return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        let (a, b) = (luminance(one), luminance(other))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    @Test(arguments: [":root {", ":root[data-scheme=\"dark\"] {"])
    func `text and borders stand out in both schemes`(scheme: String) throws {
        let colours = tokens(scheme)
        func check(_ front: String, on back: String, atLeast: Double) throws {
            let ratio = contrast(try #require(colours[front]), try #require(colours[back]))
            #expect(ratio >= atLeast, "\(front) on \(back) is \(ratio)")
        }
        for ground in ["paper", "raised", "mine", "theirs"] {
            try check("ink", on: ground, atLeast: 4.5)
            try check("quiet", on: ground, atLeast: 4.5)
            try check("stop", on: ground, atLeast: 4.5)
            try check("act", on: ground, atLeast: 4.5)
        }
        for ground in ["paper", "raised"] {
            for word in ["good", "warn", "replied"] { try check(word, on: ground, atLeast: 4.5) }
            for edge in ["line", "focus"] { try check(edge, on: ground, atLeast: 3) }
        }
        try check("on-act", on: "act", atLeast: 4.5)
    }

    @Test func `the dark scheme is the same, chosen or given`() {
        let chosen = tokens(":root[data-scheme=\"dark\"] {")
        #expect(chosen.count > 10)
        #expect(chosen == tokens(":root:not([data-scheme=\"light\"]) {"))
    }

    /// Screens 3.13: all script, every page together, unminified.
    @Test func `all script together is under 30 kB`() throws {
        let assets = try Assets()
        #expect(assets.scriptBytes > 1_000)
        #expect(assets.scriptBytes < 30_000)
    }

    @Test func `templates escape every value and hold no script or style`() throws {
        for (name, data) in try Files.all(in: "Templates") {
            let text = String(decoding: data, as: UTF8.self)
            #expect(
                !text.contains("{{{") && !text.contains("{{&"), "\(name) shows a value unescaped")
            #expect(!text.contains("<style") && !text.contains(" style="), "\(name) holds style")
            #expect(text.firstMatch(of: #/<script(?! type="module" src=)/#) == nil, "\(name)")
            #expect(text.firstMatch(of: #/ on[a-z]+="/#) == nil, "\(name) holds a handler")
        }
    }

    @Test func `every asset that a page or the worker names is there`() throws {
        let assets = try Assets()
        let worker = try #require(assets.text("sw.js"))
        for name in ["app", "live", "send", "inbox", "conversation"] {
            #expect(assets.names.contains("\(name).js"))
            #expect(worker.contains("\"\(name)\""))
        }
        #expect(assets.names.contains("style.css"))
    }
}

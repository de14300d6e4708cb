import Foundation
import Testing

@testable import Console

/// Sentences of the pages: none missing in any language, none without its values.
@Suite struct WordsTests {
    private let languages = try! Languages()
    private static let codes = Languages.all.map(\.code)

    /// The bare keys of a language, `join_left` for `join_left[one]`.
    private func bareKeys(_ code: String) -> Set<String> {
        Set(languages[code].keys.map { String($0.split(separator: "[")[0]) })
    }

    @Test(arguments: WordsTests.codes)
    func `each language has every key of English, in every form it needs`(code: String) {
        let english = languages["en"].keys
        let counted = Set(
            english.filter { $0.hasSuffix("[other]") }.map { $0.split(separator: "[")[0] })
        #expect(bareKeys(code) == bareKeys("en"))
        for key in counted {
            let forms = Plural.forms(in: code).filter {
                !languages[code].keys.contains("\(key)[\($0.rawValue)]")
            }
            #expect(forms.isEmpty, "\(key) lacks forms in \(code)")
        }
    }

    @Test(arguments: WordsTests.codes)
    func `a key stands in one chapter, or the later one speaks for both`(code: String) throws {
        let chapters = try Files.all(in: "Words").filter { $0.key.hasSuffix(".\(code).txt") }
        let keys = chapters.values.flatMap { Words(language: code, file: $0).keys }
        let twice = Dictionary(grouping: keys, by: \.self).filter { $0.value.count > 1 }.keys
        #expect(chapters.count > 1)
        #expect(twice.sorted() == [])
    }

    @Test func `templates and code name only keys that exist`() throws {
        let keys = bareKeys("en")
        let templates = try Files.all(in: "Templates").values.map {
            String(decoding: $0, as: UTF8.self)
        }
        let named = templates.flatMap { $0.matches(of: /\{\{t\.(\w+)\}\}/).map { String($0.1) } }
        let room = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/Console")
        let sources = try FileManager.default.subpathsOfDirectory(atPath: room.path)
            .filter { $0.hasSuffix(".swift") }
            .map { try String(contentsOf: room.appendingPathComponent($0), encoding: .utf8) }
        let called = sources.flatMap {
            $0.matches(of: /words\(\s*"(\w+)"/).map { String($0.1) }
        }
        #expect(named.count > 100)
        #expect(called.count > 30)
        #expect(Set(named + called).subtracting(keys).isEmpty)
    }

    @Test func `every finding and fault has its sentence`() throws {
        let room = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/Store")
        func source(_ path: String) throws -> String {
            try String(contentsOf: room.appendingPathComponent(path), encoding: .utf8)
        }
        let preflight = try source("Preflight.swift") + source("Wizard/Preflight+review.swift")
        let named = preflight.matches(of: /name: "([a-z_]+)"/).map { "finding_\($0.1)" }
        let added = preflight.matches(of: /add\(\s*"([a-z_]+)"/).map { "finding_\($0.1)" }
        let imports = try FileManager.default.contentsOfDirectory(
            atPath: room.appendingPathComponent("Imports").path
        ).map { try source("Imports/\($0)") }.joined()
        let faults = imports.matches(of: /key: "([a-z_]+)"/).map { "list_fault_\($0.1)" }
        let imported = faults + named + added
        #expect(named.count > 15 && added.count > 3 && faults.count > 8)
        #expect(Set(imported).subtracting(bareKeys("en")) == [])
    }

    @Test(arguments: ["cy", "es"])
    func `a sentence keeps its values in every language`(code: String) {
        func values(_ key: String, _ words: Words) -> Set<String> {
            let text = words.child(named: key) as? String ?? ""
            return Set(text.matches(of: /\{(\w+)\}/).map { String($0.1) })
        }
        for key in languages[code].keys where !key.hasSuffix("]") {
            #expect(values(key, languages["en"]) == values(key, languages[code]), "\(key)")
        }
    }

    /// Source: CLDR 48, cardinal rules.
    @Test(arguments: [
        (0, "zero"), (1, "one"), (2, "two"), (3, "few"), (6, "many"), (4, "other"), (11, "other"),
    ])
    func `Welsh counts in six forms`(count: Int, form: String) {
        #expect(Plural.form(of: count, in: "cy").rawValue == form)
    }

    @Test(arguments: [
        (1, "one"), (0, "other"), (2, "other"), (1_000_000, "many"), (1_000_001, "other"),
    ])
    func `Spanish counts in three forms`(count: Int, form: String) {
        #expect(Plural.form(of: count, in: "es").rawValue == form)
    }

    @Test func `dates are said as people say them`() {
        let moment = Date(timeIntervalSince1970: 1_795_284_720)  // 2026-11-21 18:12 UTC
        let zone = TimeZone(identifier: "Europe/London")!
        #expect(languages["en"].day(moment, zone: zone) == "Saturday 21 November")
        #expect(languages["cy"].day(moment, zone: zone) == "dydd Sadwrn 21 Tachwedd")
        #expect(languages["es"].day(moment, zone: zone) == "sábado 21 de noviembre")
        #expect(languages["en"].clock(moment, zone: zone) == "18:12")
    }

    @Test func `a right-to-left name does not turn its sentence`() {
        let text = languages["en"]("join_lead", ["name": "عائشة"])
        #expect(text == "\u{2068}عائشة\u{2069} leads")
    }

    @Test func `a value with braces is never expanded again`() {
        #expect(languages["en"]("join_lead", ["name": "{name}"]).contains("{name}"))
    }

    @Test(arguments: [
        ("cy,en;q=0.8", "cy"), ("fr,es;q=0.5,en;q=0.4", "es"), ("de", "en"), ("", "en"),
        ("en-GB,en;q=0.9,cy;q=0.95", "en"),
    ])
    func `the browser's wish is heard`(header: String, language: String) {
        #expect(Languages.preferred(header) == language)
    }
}

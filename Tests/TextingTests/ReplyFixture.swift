import Foundation
import Testing

@testable import Texting

/// A labelled reply of Tests/TextingTests/Fixtures, and sets of them.
struct ReplyFixture: Decodable {
    let id: String
    let text: String
    let language: String
    let stratum: String
    let meaning: String
    /// In `replies-second.jsonl`, `-third` and `-hands`: whether the author of the rules has looked at
    /// its misses (`dev`) or at figures alone (`check`).
    let half: String?

    var isStop: Bool { meaning == "opt_out" }

    /// The replies of `replies-NAME.jsonl`, or of `replies-written.tsv`; `second/dev` and `second/check` are
    /// halves of one.
    static func load(_ name: String) throws -> [ReplyFixture] {
        if name == "written" { return try lines("replies-written.tsv").map(Self.init(written:)) }
        let parts = name.split(separator: "/")
        let decoder = JSONDecoder()
        return try lines("replies-\(parts[0]).jsonl")
            .map { try decoder.decode(ReplyFixture.self, from: Data($0.utf8)) }
            .filter { parts.count == 1 || $0.half.map { parts[1] == $0 } ?? false }
    }

    private static func lines(_ file: String) throws -> [Substring] {
        let url = try #require(
            Bundle.module.url(forResource: file, withExtension: nil, subdirectory: "Fixtures"))
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    }

    /// Writer, language, `stop` or `none`, text, between tabs.
    private init(written line: Substring) throws {
        let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        try #require(cells.count == 4 && ["stop", "none"].contains(cells[2]), "\(line)")
        id = line.description
        text = cells[3]
        language = cells[1]
        stratum = cells[0]
        meaning = cells[2] == "stop" ? "opt_out" : "none"
        half = nil
    }
}

/// What the detector made of a set of replies; gates of the compliance page, in per cent.
struct ReplyFigures: CustomStringConvertible {
    private var stops = 0
    private var leaked = 0
    private var others = 0
    private var blocked = 0
    private var reviewed = 0

    init(_ replies: some Sequence<ReplyFixture>) {
        for fixture in replies {
            let reply = Reply(fixture.text)
            let isBlocked = reply.meaning == .optOut && reply.action == .act
            if fixture.isStop {
                stops += 1
                if !isBlocked, reply.action != .review { leaked += 1 }
            } else {
                others += 1
                if isBlocked { blocked += 1 }
            }
            if reply.action == .review { reviewed += 1 }
        }
    }

    /// Stops that are neither acted upon nor shown to a person.
    var leak: Double { 100 * Double(leaked) / Double(max(1, stops)) }
    /// Other replies that are acted upon as stops.
    var overBlock: Double { 100 * Double(blocked) / Double(max(1, others)) }
    /// Replies shown to a person.
    var review: Double { 100 * Double(reviewed) / Double(max(1, stops + others)) }

    var description: String {
        let numbers = [leak, overBlock, review].map { String(format: "%.1f %%", $0) }
        return "leak \(numbers[0]) of \(stops), over-block \(numbers[1]) of \(others), "
            + "review \(numbers[2])"
    }
}

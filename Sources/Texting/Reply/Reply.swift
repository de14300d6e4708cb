/// What a person's reply asks of us, and by which rule we read it so.
///
/// A value: the same text and the same ``version`` always give the same answer, so that a decision
/// can be explained years later. Source: 47 CFR 64.1200(a)(10), by which any reasonable wording
/// revokes consent; CTIA Messaging Principles (May 2023) 5.1.3.
package struct Reply: Equatable, Sendable {
    /// What the text asks; the raw value is what doors print and tables hold.
    package enum Meaning: String, Sendable {
        case optOut = "opt_out"
        case wrongNumber = "wrong_number"
        case help
        case optIn = "opt_in"
        case none
    }

    /// What to do about it: certain ones are acted upon, likely ones are shown to a person first.
    package enum Action: String, Sendable {
        case act
        case review
        case none
    }

    /// The rules' own version; a decision names the one that made it.
    package static let version = "2026-11-22.8"

    package let meaning: Meaning
    package let action: Action
    /// Stable dotted id, as in `keyword.en.stop`; `none` where no rule found anything.
    package let rule: String
    /// The person's words that decided; empty where none did.
    package let words: String
    /// What the words say and what speaks against it, as the rule tells it.
    private let reason: String
    private let objection: String

    /// Why, in a sentence for texters and compliance staff; holds words of the person.
    package var explanation: String {
        reason.isEmpty
            ? "Nothing in it asks for anything." : "“\(words)” \(reason)\(objection)."
    }

    /// - Parameter lastSent: our own recent texts to this person, so that a quote of them is not
    ///   taken for the person's words.
    package init(_ text: String, lastSent: [String] = []) {
        var judge = ReplyJudge(text, grammar: .shared)
        guard let finding = judge.judge(lastSent: lastSent) else {
            meaning = .none
            action = .none
            rule = "none"
            words = ""
            reason = ""
            objection = ""
            return
        }
        meaning = finding.rule.meaning
        action = finding.action
        rule = finding.rule.id
        words = finding.words
        reason = finding.rule.explanation
        objection = finding.objection
    }
}

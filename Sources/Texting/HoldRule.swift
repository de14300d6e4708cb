import Foundation

/// What a campaign has come to, as far as the decision to hold it needs it.
package struct HoldFigures: Sendable, Equatable {
    /// First texts that the carrier took.
    package var accepted: Int
    package var optOuts: Int
    /// Refused by the carrier, or reported as not delivered.
    package var failed: Int
    /// Those among ``failed`` that a carrier took for unwanted.
    package var blocked: Int
    /// Refused at once; counts among the texts that were tried.
    package var rejected: Int

    package init(accepted: Int, optOuts: Int, failed: Int, blocked: Int, rejected: Int) {
        self.accepted = accepted
        self.optOuts = optOuts
        self.failed = failed
        self.blocked = blocked
        self.rejected = rejected
    }
}

/// Why a campaign was held: stands in `campaign.state_reason` and is read again by pages.
package struct HoldReason: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable { case optOuts = "opt_outs", failed, blocked }

    package var kind: Kind
    /// In tenths of a percent, so that what is written reads back the same.
    package var permille: Int
    package var limitPermille: Int
    /// How many texts it was measured on.
    package var texts: Int

    /// `opt_outs=4.8% limit=4.0% texts=500`.
    package var text: String {
        "\(kind.rawValue)=\(Self.percent(permille))% limit=\(Self.percent(limitPermille))% "
            + "texts=\(texts)"
    }

    package init(kind: Kind, permille: Int, limitPermille: Int, texts: Int) {
        self.kind = kind
        self.permille = permille
        self.limitPermille = limitPermille
        self.texts = texts
    }

    /// - Returns: nil for a reason that a person wrote.
    package init?(_ text: String) {
        let parts = text.split(separator: " ").map { $0.split(separator: "=") }
        guard parts.count == 3, parts.allSatisfy({ $0.count == 2 }), parts[1][0] == "limit",
            parts[2][0] == "texts", let kind = Kind(rawValue: String(parts[0][0])),
            let permille = Self.permille(parts[0][1]), let limit = Self.permille(parts[1][1]),
            let texts = Int(parts[2][1])
        else { return nil }
        self.init(kind: kind, permille: permille, limitPermille: limit, texts: texts)
    }

    private static func percent(_ permille: Int) -> String { "\(permille / 10).\(permille % 10)" }

    private static func permille(_ text: Substring) -> Int? {
        guard text.hasSuffix("%"), let value = Double(text.dropLast()) else { return nil }
        return Int((value * 10).rounded())
    }
}

/// When a campaign stops by itself until a person looks.
///
/// Ordinary campaigns lose one to two in a hundred people to STOP; carriers begin to filter a number
/// near four. Source of the defaults: `reference/screens.md` O1 (4 % opt-outs); a fifth of failures
/// means a bad list; one in twenty blocked means that a carrier has begun to filter us.
package struct HoldRule: Sendable, Equatable {
    package var optOutPercent = 4.0
    package var failedPercent = 20.0
    package var blockedPercent = 5.0
    /// Texts before a rate means anything, while a campaign runs.
    package var textsMin = 50
    /// Fewer than so many people are chance, whatever their share.
    package static let peopleMin = 3

    package init() {}

    /// The rule of one campaign: its settings over the defaults; what is no number is ignored.
    package init(settings: [String: String]) {
        func percent(_ key: String, _ otherwise: Double) -> Double {
            guard let value = settings[key].flatMap(Double.init), (0...100).contains(value) else {
                return otherwise
            }
            return value
        }
        optOutPercent = percent("hold_opt_out_percent", optOutPercent)
        failedPercent = percent("hold_failed_percent", failedPercent)
        blockedPercent = percent("hold_blocked_percent", blockedPercent)
    }

    /// - Parameter isWhole: the first slice has been sent whole: it is judged whatever its size.
    /// - Returns: the first limit that is passed; nil if all is well or it is too early to say.
    package func judge(_ figures: HoldFigures, isWhole: Bool = false) -> HoldReason? {
        let tried = figures.accepted + figures.rejected
        return over(.optOuts, figures.optOuts, figures.accepted, optOutPercent, isWhole)
            ?? over(.blocked, figures.blocked, tried, blockedPercent, isWhole)
            ?? over(.failed, figures.failed, tried, failedPercent, isWhole)
    }

    private func over(
        _ kind: HoldReason.Kind, _ people: Int, _ texts: Int, _ limit: Double, _ isWhole: Bool
    ) -> HoldReason? {
        guard people >= Self.peopleMin, texts > 0, isWhole || texts >= textsMin,
            Double(people) * 100 > limit * Double(texts)
        else { return nil }
        return HoldReason(
            kind: kind, permille: people * 1000 / texts,
            limitPermille: Int((limit * 10).rounded()), texts: texts)
    }
}

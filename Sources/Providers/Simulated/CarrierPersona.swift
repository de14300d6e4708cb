/// What somebody means by a reply; the log names it, so that a checker need not guess.
enum PersonIntent: String, Sendable, CaseIterable {
    case yes, no, question, anger, media, thanks, chat, help
    case wrongNumber = "wrong_number"
    /// A stop word that stands alone, in some spelling.
    case optOut = "opt_out"
    /// The wish to be left alone, in a person's own words.
    case optOutWords = "opt_out_words"
    case optIn = "opt_in"
}

/// Who lives behind a number: the same seed gives the same person, whatever happens in between.
struct CarrierPersona {
    enum Language: Int, CaseIterable { case english, spanish, welsh, french, german, polish }

    let number: CarrierAddress
    let language: Language
    /// The answer to a first text; nil: stays silent.
    let firstIntent: PersonIntent?
    let restarts: Bool
    private let seed: UInt64

    init(_ number: CarrierAddress, seed: UInt64, settings: PeopleSettings) {
        self.number = number
        self.seed = seed
        language = Self.language(of: number.text, chance: Self.chance(seed, number, 0x1a96))
        let place = Self.chance(seed, number, 0x9e75)
        restarts = Self.chance(seed, number, 0x9e57) < settings.restarts
        if place < settings.stops {
            let isPlain = Self.chance(seed, number, 0x5709) < 0.7
            firstIntent = isPlain ? .optOut : .optOutWords
        } else if place < max(settings.stops, settings.replies) {
            firstIntent = Self.pick(Self.chance(seed, number, 0x1273))
        } else {
            firstIntent = nil
        }
    }

    /// Whether somebody says anything at all; asked for every text, so it costs one hash.
    static func speaks(
        _ number: CarrierAddress, seed: UInt64, _ settings: PeopleSettings
    ) -> Bool {
        chance(seed, number, 0x9e75) < max(settings.stops, settings.replies)
    }

    /// A share between 0 and 1 that belongs to this person, the purpose and the turn.
    func chance(_ purpose: UInt64, turn: Int) -> Double {
        Self.chance(seed, number, purpose &* 31 &+ UInt64(turn))
    }

    private static func chance(_ seed: UInt64, _ number: CarrierAddress, _ salt: UInt64) -> Double {
        CarrierHash.share(CarrierHash.of(seed, salt, number.packed))
    }

    /// What those say who say something, and not STOP; in percent.
    private static let intents: [(intent: PersonIntent, percent: Double)] = [
        (.yes, 36), (.question, 20), (.no, 13), (.anger, 9), (.media, 8), (.wrongNumber, 8),
        (.help, 6),
    ]

    private static func pick(_ chance: Double) -> PersonIntent {
        var left = chance * 100
        for (intent, percent) in intents {
            left -= percent
            if left < 0 { return intent }
        }
        return .yes
    }

    /// Most people write the language of their country; some write another.
    private static func language(of number: String, chance: Double) -> Language {
        let home: (prefix: String, main: Language, other: Language)? = [
            ("+1", .english, .spanish), ("+44", .english, .welsh), ("+33", .french, .english),
            ("+49", .german, .english), ("+48", .polish, .english), ("+34", .spanish, .english),
            ("+52", .spanish, .english),
        ].first { number.hasPrefix($0.prefix) }
        guard let home else { return .english }
        return chance < 0.88 ? home.main : home.other
    }
}

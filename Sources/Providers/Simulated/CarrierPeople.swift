/// Everybody behind the numbers, as far as they have said something.
///
/// Memory: silent people cost nothing; of those who answer, the last 400,000 are remembered.
struct CarrierPeople {
    struct Reply {
        let draft: CarrierDraft
        let afterMilliseconds: Int
    }

    private struct State {
        var turns = 0
        var textsHeard = 0
        /// When the webhook of their STOP was answered, on the boot clock.
        var stopHeard: Int64?
        var hasStopped = false
        var hasRestarted = false
        var textsAfterStop = 0
    }

    private static let rememberedMax = 400_000

    private let seed: UInt64
    private var ours: [CarrierAddress]
    private var states: [CarrierAddress: State] = [:]
    private var strangers = 0
    /// Texts accepted later than 2 s after a STOP was answered, but for one confirmation each.
    private(set) var textsAfterStop = 0
    private(set) var stopped = 0

    init(seed: UInt64, numbers: [String]) {
        self.seed = seed
        ours = numbers.compactMap { CarrierAddress($0) }
    }

    /// What the recipient of `text` writes back, if anything.
    mutating func answer(to text: CarrierText, _ settings: PeopleSettings) -> Reply? {
        if ours.count < 100, !ours.contains(text.from) { ours.append(text.from) }
        let known = states[text.to]
        if known == nil, !CarrierPersona.speaks(text.to, seed: seed, settings) { return nil }
        let persona = CarrierPersona(text.to, seed: seed, settings: settings)
        guard persona.firstIntent != nil || known != nil, text.fate.isDelivered else { return nil }
        if states.count >= Self.rememberedMax { states.removeAll() }
        var state = known ?? State()
        defer { states[text.to] = state }
        state.textsHeard += 1
        guard !state.hasStopped else { return afterStop(text, persona, &state, settings) }
        guard let intent = nextIntent(persona, state, settings) else { return nil }
        state.turns += 1
        if intent == .optOut || intent == .optOutWords {
            state.hasStopped = true
            stopped += 1
        }
        return reply(intent, to: text, persona, turn: state.turns, settings)
    }

    /// Notes that somebody's STOP reached the gateway and was answered.
    mutating func heard(_ draft: CarrierDraft) {
        let keyword = CarrierExchange.keyword(draft.body)
        let isStop =
            draft.intent == PersonIntent.optOut.rawValue
            || draft.intent == PersonIntent.optOutWords.rawValue || keyword == "STOP"
        guard isStop || (keyword == "START" && states[draft.from]?.hasStopped == true) else {
            return
        }
        var state = states[draft.from] ?? State()
        state.hasStopped = isStop
        state.stopHeard = isStop ? CarrierMoment.now().boot : nil
        state.textsAfterStop = 0
        states[draft.from] = state
    }

    /// Somebody who was never texted writes in, to one of our numbers.
    mutating func stranger() -> CarrierDraft? {
        guard !ours.isEmpty else { return nil }
        strangers += 1
        let hash = CarrierHash.of(seed, 0x57a9, UInt64(strangers))
        // 555-0100 to 555-0199 are kept free for fiction (North American Numbering Plan).
        let area = 201 + hash % 700
        let line = 100 + (hash >> 32) % 100
        guard let number = CarrierAddress("+1\(area)5550\(line)") else { return nil }
        let words = ReplyWords.strangers
        return CarrierDraft(
            from: number, to: ours[Int(hash >> 16) % ours.count],
            body: Array(words[Int(hash >> 40) % words.count].utf8), intent: "stranger")
    }

    /// The person stays quiet after a confirmation; some come back much later.
    private mutating func afterStop(
        _ text: CarrierText, _ persona: CarrierPersona, _ state: inout State,
        _ settings: PeopleSettings
    ) -> Reply? {
        guard let heard = state.stopHeard else { return nil }
        state.textsAfterStop += 1
        if state.textsAfterStop > 1, text.accepted.boot > heard + 2_000_000 { textsAfterStop += 1 }
        guard persona.restarts, !state.hasRestarted else { return nil }
        state.hasRestarted = true
        let late = PeopleSettings.slowly(settings)
        return reply(.optIn, to: text, persona, turn: 9, late)
    }

    private func nextIntent(
        _ persona: CarrierPersona, _ state: State, _ settings: PeopleSettings
    ) -> PersonIntent? {
        guard state.turns > 0 else { return persona.firstIntent }
        guard state.turns < 3, let first = persona.firstIntent,
            persona.chance(0xa45e, turn: state.textsHeard) < settings.answers
        else { return nil }
        switch first {
        case .anger: return .optOutWords
        case .no, .wrongNumber: return nil
        case .question: return state.turns == 1 ? .chat : .thanks
        default: return state.turns == 1 ? .question : .thanks
        }
    }

    private func reply(
        _ intent: PersonIntent, to text: CarrierText, _ persona: CarrierPersona, turn: Int,
        _ settings: PeopleSettings
    ) -> Reply {
        let words = ReplyWords.choose(
            intent, persona, kind: CampaignTextKind(text.body), turn: turn)
        let draft = CarrierDraft(
            from: text.to, to: text.from, body: Array(words.utf8),
            mediaCount: intent == .media ? 1 : 0, intent: intent.rawValue)
        let jitter = persona.chance(0x71ae, turn: turn) * Double(settings.jitterMilliseconds)
        return Reply(draft: draft, afterMilliseconds: settings.afterMilliseconds + Int(jitter))
    }
}

extension PeopleSettings {
    /// The same people with five times the patience.
    fileprivate static func slowly(_ settings: PeopleSettings) -> PeopleSettings {
        var slow = settings
        slow.afterMilliseconds *= 5
        return slow
    }
}

/// What a campaign's text is about, so that the answer fits.
enum CampaignTextKind: CaseIterable {
    case invitation, donation, voting, other

    init(_ body: [UInt8]) {
        let words = String(decoding: body, as: UTF8.self).lowercased()
        let kinds: [(CampaignTextKind, [String])] = [
            (.donation, ["donat", "chip in", "$", "£", "€", "contribut"]),
            (.voting, ["vote", "voting", "ballot", "poll"]),
            (.invitation, ["join", "event", "rally", "canvass", "volunteer", "tonight", "meet"]),
        ]
        self = kinds.first { $0.1.contains(where: words.contains) }?.0 ?? .other
    }
}

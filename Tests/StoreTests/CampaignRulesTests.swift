import Foundation
import Testing

@testable import Store

/// Pure parts of campaigns.
@Suite struct CampaignRulesTests {
    @Test func `a first slice is shared out by largest remainder`() {
        #expect(Canary.shares(of: 10, sizes: [50, 30, 20]) == [5, 3, 2])
        #expect(Canary.shares(of: 10, sizes: [1, 1, 1]) == [1, 1, 1])
        #expect(Canary.shares(of: 2, sizes: [1, 1, 1]) == [1, 1, 0])
        #expect(Canary.shares(of: 7, sizes: [90, 9, 1]) == [6, 1, 0])
        #expect(Canary.shares(of: 3, sizes: []) == [])
    }

    @Test func `numbers get people in proportion to their rates`() {
        let senders = [
            (id: UUID(), weight: 1.0), (id: UUID(), weight: 3.0), (id: UUID(), weight: 1.0),
        ]
        let choice = SenderChoice(senders)

        var counts: [UUID: Int] = [:]
        for _ in 0..<20_000 { counts[choice.sender(for: UUID())!, default: 0] += 1 }

        #expect(abs(Double(counts[senders[1].id]!) / 20_000 - 0.6) < 0.02)
        #expect(abs(Double(counts[senders[0].id]!) / 20_000 - 0.2) < 0.02)
    }

    @Test func `a number that goes moves only its own people`() {
        let senders = (0..<9).map { _ in (id: UUID(), weight: 1.0) }
        let before = SenderChoice(senders)
        let after = SenderChoice(Array(senders.dropLast()))
        let people = (0..<2_000).map { _ in UUID() }

        for person in people where before.sender(for: person) != senders[8].id {
            #expect(before.sender(for: person) == after.sender(for: person))
        }
        #expect(SenderChoice([]).sender(for: UUID()) == nil)
    }

    @Test(arguments: [
        ("Reply STOP to end", true), ("Don't stopover here", false),
        ("unstoppable", false), ("Répondez ARRÊT", true), ("Hello", false), ("opt out: STOP", true),
        ("Help us stop the cuts", false), ("Text “stop” to end", true), ("reply stop to end", true),
        ("STOP2END", true), ("STOP=quit", true),
    ])
    func `a script says how to stop`(script: String, says: Bool) {
        #expect(ScriptWords.tellsHowToStop(script) == says)
    }

    @Test(arguments: [
        ("Paid for by Friends of Acme", true), ("Hi {name}, Rowan here with Acme", true),
        ("{texter} with the Acme committee", true), ("Come with us on Saturday", false),
        ("Hi, I am a volunteer with Acme", false), ("Rowan with friends", false),
    ])
    func `California wants to read who paid, or who sends with which committee`(
        script: String, says: Bool
    ) {
        #expect(ScriptWords.hasPayer(script, committee: "Friends of Acme") == says)
    }

    @Test(arguments: [
        ("Promoted by A. Smith, 1 High Street, Leeds", true), ("on behalf of Acme", false),
        ("Hyrwyddir gan A. Smith", true),
    ])
    func `an imprint names its promoter`(script: String, says: Bool) {
        #expect(ScriptWords.hasImprint(script) == says)
    }

    @Test(arguments: [
        ("Acme Campaign", "Rowan from Acme", true), ("Acme Campaign", "our campaign", false),
        ("Acme Campaign", "Acmeville votes", false), ("Big City Party", "BCP here", true),
    ])
    func `a sender is named by what tells them from others`(
        name: String, script: String, says: Bool
    ) {
        #expect(ScriptWords.names(name, in: script) == says)
    }

    @Test func `a day is read as lists write it`() {
        let day: Int64 = 86_400_000_000
        #expect(CalendarDay.microseconds("2000-01-02", monthFirst: true) == day)
        #expect(CalendarDay.microseconds("2000-03-01T10:00:00Z", monthFirst: true) == 60 * day)
        #expect(CalendarDay.microseconds("1/2/2000", monthFirst: true) == day)
        #expect(CalendarDay.microseconds("2/1/2000", monthFirst: false) == day)
        #expect(CalendarDay.microseconds("2.1.2000", monthFirst: true) == day)
        #expect(CalendarDay.microseconds("soon", monthFirst: true) == nil)
    }
}

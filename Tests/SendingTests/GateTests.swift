import Foundation
import Store
import Testing

@testable import Sending

@Suite struct GateTests {
    private let contact = UUID()
    private let campaign = UUID()

    private func refusal(_ set: ClosedSet, _ kind: MessageKind) -> Refusal? {
        set.refusal(
            contact: contact, campaign: campaign, account: 1, purpose: kind.purpose, now: .now())
    }

    @Test func `in an ended campaign answers pass, first texts do not`() {
        let set = ClosedSet()
        set.replace(.init(ended: [campaign], readAt: .now()))

        #expect(refusal(set, .reply) == nil)
        #expect(refusal(set, .confirmation) == nil)
        #expect(refusal(set, .first) == .paused)
    }

    @Test func `what a gate refuses for long does not come back at once`() {
        #expect(Refusal.paused.delay == 1 && Refusal.stopped.delay == 1)
        #expect(Refusal.accountClosed.delay == 1 && Refusal.blind.delay == 1)
        #expect(Refusal.late.delay == 0 && Refusal.spacing.delay == 0)
    }
}

import Foundation
import NIOCore

/// Inbound texts get their id, log line and place in the look-up here.
extension CarrierExchange {
    /// Takes what somebody wrote to one of our numbers.
    func receive(_ draft: CarrierDraft) -> CarrierInbound {
        let moment = CarrierMoment.now()
        let sequence = records.next
        let sid = sids.bytes(of: sequence, hasMedia: draft.mediaCount > 0)
        let words = logInbound(draft, at: moment, sid: sid)
        let segments = CarrierSegments.count(draft.body)
        var record = CarrierRecord(sequence: sequence)
        (record.to, record.from) = (draft.to.packed, draft.from.packed)
        (record.bodyOffset, record.bodyCount) = (words.offset, words.count)
        record.created = moment.wall
        record.segments = UInt8(clamping: segments)
        record.mediaCount = UInt8(clamping: draft.mediaCount)
        record.isInbound = true
        records.append(record)
        counts.inbound += 1
        noteStop(draft)
        let sender = sender(draft.to)
        let name = String(decoding: sid, as: UTF8.self)
        return CarrierInbound(
            sid: sid, draft: draft, segments: segments,
            optOutType: knobs.marksOptOuts ? Self.keyword(draft.body) : nil,
            url: sender.smsURL.flatMap { CarrierURL(Array($0.utf8)) },
            mediaBase:
                "http://\(configuration.host):\(port)\(accountPath)/Messages/\(name)/Media/ME")
    }

    /// Remembers the pair for the page, and for refusals while the carrier blocks stops.
    private func noteStop(_ draft: CarrierDraft) {
        let pair = CarrierPair(person: draft.from, ours: draft.to)
        recentPairs.removeAll { $0 == pair }
        recentPairs.append(pair)
        if recentPairs.count > 50 { recentPairs.removeFirst() }
        switch Self.keyword(draft.body) {
        case "STOP": stopped.insert(pair)
        case "START": stopped.remove(pair)
        default: break
        }
    }

    /// The provider's own keywords: the whole trimmed body, in any case.
    static func keyword(_ body: [UInt8]) -> String? {
        let text = String(decoding: body, as: UTF8.self)
        switch text.trimmingCharacters(in: .whitespacesAndNewlines).uppercased() {
        case "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT":
            return "STOP"
        case "START", "YES", "UNSTOP": return "START"
        case "HELP", "INFO": return "HELP"
        default: return nil
        }
    }
}

import Foundation
import Postgres
import Secrets
import Texting

/// Takes in what people text us: the stop first, then the conversation, all in one transaction.
package struct Reception: Sendable {
    let database: Database
    let numberHashKey: [UInt8]
    let zoneSets: @Sendable (Set<String>) async throws -> [String: Int16]
    /// What people open, without a trailing slash; HELP leads below it. Nil: no link.
    let publicURL: String?

    /// The zone set of numbers of which nothing is known; migration 0003 makes it the first.
    static let unknownZoneSet: Int16 = 1

    /// - Parameters:
    ///   - numberHashKey: the installation's key for `contact.number_hash`.
    ///   - zoneSets: the numbers of zone sets, each written as sorted names joined by commas.
    package init(
        database: Database, numberHashKey: [UInt8], publicURL: String? = nil,
        zoneSets: @escaping @Sendable (Set<String>) async throws -> [String: Int16]
    ) {
        self.database = database
        self.numberHashKey = numberHashKey
        self.zoneSets = zoneSets
        self.publicURL = publicURL
    }

    /// Applies texts, durably, in the order in which they came; repetitions change nothing.
    ///
    /// Locks contacts, then conversations, then chain heads. Two texts of one person fall into two
    /// transactions, so that each sees what the one before it did.
    /// - Returns: whose lists changed, to be told after this returns.
    package func receive(_ arrivals: [Arrival]) async throws -> Set<InboxNotice> {
        var notices: Set<InboxNotice> = []
        for round in Self.rounds(arrivals) {
            let zones = try await zones(of: round)
            let reception = ReceptionRound(
                arrivals: round, zones: zones, numberHashKey: numberHashKey,
                publicURL: publicURL)
            notices.formUnion(
                try await database.transaction { try await reception.apply(on: $0) })
        }
        return notices
    }

    /// Splits a batch so that no person occurs twice in a part.
    static func rounds(_ arrivals: [Arrival]) -> [[Arrival]] {
        var rounds: [[Arrival]] = []
        var counts: [String: Int] = [:]
        for arrival in arrivals {
            let index = counts[arrival.from, default: 0]
            counts[arrival.from] = index + 1
            if index == rounds.count { rounds.append([]) }
            rounds[index].append(arrival)
        }
        return rounds
    }

    /// Country and zone set of each number, as the number alone tells.
    private func zones(
        of arrivals: [Arrival]
    ) async throws -> [String: (country: String?, zoneSet: Int16)] {
        let numbers = Set(arrivals.map(\.from)).map { ($0, PhoneNumber($0)) }
        let keys = numbers.map { Set($0.1?.zones ?? []).sorted().joined(separator: ",") }
        let ids = try await zoneSets(Set(keys))
        return Dictionary(
            uniqueKeysWithValues: zip(numbers, keys).map { number, key in
                (number.0, (number.1?.region, ids[key] ?? Self.unknownZoneSet))
            })
    }
}

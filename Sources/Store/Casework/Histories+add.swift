import Foundation
import Postgres
import Secrets
import Texting

extension Histories {
    /// The person behind a number; made if nobody ever met it, so that a stop by letter holds before
    /// the number comes on a list.
    package func findOrAdd(_ number: PhoneNumber, for visitor: Visitor) async throws -> UUID? {
        let house = visitor.organisation
        let key = ZoneSet(number: number).key
        let zones = try await ZoneSets(database: database).ids([key])
        let stranger = Stranger(
            organisation: house, number: number.e164,
            numberHash: HMAC.sha256(key: numberKey, Array(number.e164.utf8)),
            country: number.region, zoneSet: zones[key] ?? ZoneSets.unknown)
        return try await database.transaction(organisation: house) { connection in
            try await ContactRows.findOrCreate([stranger], on: connection)[stranger.key]
        }
    }
}

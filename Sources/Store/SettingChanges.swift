import Foundation
import Postgres

/// Lines of the ledger about changed settings: who may do what, from which number, at what pace.
enum SettingChanges {
    /// Appends a line of kind *setting*; last of all in its transaction, for it locks the chain's
    /// head.
    static func record(
        _ organisation: Int32, _ details: [String: String], on connection: Connection
    ) async throws {
        try await Ledger.append(organisation, .setting, details: details, on: connection)
    }
}

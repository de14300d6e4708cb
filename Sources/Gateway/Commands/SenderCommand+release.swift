import ArgumentParser
import Curl
import Foundation
import Ingress
import Postgres
import Store

extension SenderCommand {
    /// `barnstorm sender release`: back to work after a failover or a restore.
    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the provider's list back and end the quarantine of numbers.",
            discussion: """
                After a failover or a restore every number rests, because the database may have \
                forgotten texts and stops. This takes in what people wrote, binds what we sent to \
                its try, and releases the numbers whose lists hold nothing that cannot be \
                explained. The rest is listed, exit code 1; look at them at the provider, then \
                repeat with --accept-unexplained.
                """)

        /// Clocks of ours, the provider's and the lost server's may differ, and a backup's last
        /// moment is not known to the second.
        static let margin: TimeInterval = 3_600

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "Numbers as 'sender list' shows them; none means all that rest.")
        var numbers: [String] = []
        @Option(
            name: .long,
            help: """
                Read back since this instant, e.g. 2026-11-03T18:00:00Z: the time of the backup. \
                Without it, since an hour before the quarantine.
                """)
        var since: String?
        @Flag(name: .long, help: "Release also where the list holds texts that nothing explains.")
        var acceptUnexplained = false

        func run() async throws {
            let context = try await CommandContext(common)
            let start = try since.map(instant)
            let installation = try Installation(context.settings)
            let held = try await context.withDatabase(connections: 4) { database in
                let organisation = try await tenant.find(in: database)
                let resting = try await resting(organisation, database)
                let readBack = ReadBack(
                    reception: WebPart.reception(installation, database),
                    recovery: Recovery(database: database),
                    engine: CurlEngine(maximumInFlight: 2))
                let accounts = try await WebPart.accounts(installation, database)
                var held = 0
                for sender in resting {
                    guard let account = accounts.first(where: { $0.id == sender.account }),
                        let from = start ?? sender.quarantinedAt?.addingTimeInterval(-Self.margin),
                        let report = try await readBack.read(sender, of: account, since: from)
                    else {
                        throw CommandFailure.tryLater(
                            "The provider's list of \(sender.number) cannot be read; run 'barnstorm "
                                + "doctor', then repeat.")
                    }
                    let isFree = report.unexplained.isEmpty || acceptUnexplained
                    if isFree {
                        try await Senders(database: database).release(
                            sender, readSince: from, unexplained: report.unexplained.count)
                    }
                    held += isFree ? 0 : 1
                    try context.output.print(report, line(report, isFree))
                }
                return held
            }
            if held > 0 { throw CommandFailure.checkFailed() }
        }

        private func resting(
            _ organisation: Organisation, _ database: Database
        ) async throws -> [Sender] {
            let all = try await Senders(database: database).list(organisation: organisation.id)
            let unknown = Set(numbers).subtracting(all.map(\.number))
            guard unknown.isEmpty else {
                throw CommandFailure.badData(
                    "No number \(unknown.sorted()[0]) is in use; see 'barnstorm sender list'.")
            }
            return all.filter {
                $0.quarantinedAt != nil && (numbers.isEmpty || numbers.contains($0.number))
            }
        }

        private func line(_ report: ReadBack.Report, _ isFree: Bool) -> String {
            let found =
                "\(report.known) texts known, \(report.bound) bound, \(report.inbound) replies"
            if report.unexplained.isEmpty { return "Released \(report.number): \(found)." }
            let strange = "\(report.unexplained.count) that nothing explains"
            return isFree
                ? "Released \(report.number): \(found), \(strange)."
                : "\(report.number) still rests: \(found), \(strange): "
                    + report.unexplained.joined(separator: ", ")
        }

        private func instant(_ text: String) throws -> Date {
            guard let date = try? Date(text, strategy: .iso8601) else {
                throw CommandFailure.usage(
                    "\(text) is no instant; write it like 2026-11-03T18:00:00Z.")
            }
            return date
        }
    }
}

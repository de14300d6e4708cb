import ArgumentParser
import Foundation
import Postgres
import Secrets
import Store

extension AuditCommand {
    /// `audit key`: what verifies our signatures; give it to those who shall check them.
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the public key that verifies signed heads.")
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let key = try Ed25519PrivateKey(rawValue: secret.key(.signing)).publicKey
            try context.output.print(
                ["public_key": key.rawValue.hex, "key_id": SignedHead.id(of: key)],
                key.rawValue.hex)
        }
    }

    /// `audit anchor`: signs the log's head and takes it out of the house now.
    struct Anchor: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign the log's head and anchor it by file and mail.",
            discussion: """
                The places are BARNSTORM_ANCHOR_DIR, a folder on other storage than the \
                database's, and BARNSTORM_ANCHOR_MAIL, addresses outside the house. The worker \
                does the same once a day.
                """)
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Option(name: .long, help: "Append to this folder instead of the configured places.")
        var directory: String?

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let anchored = try await context.withDatabase { database in
                let desk = try AnchorDesk(
                    context.settings, database: database, seed: secret.key(.signing),
                    directory: directory)
                var anchored: [AnchorDesk.Anchored] = []
                for house in try await tenant.all(in: database) {
                    anchored.append(try await desk.anchor(house.id))
                }
                return anchored
            }
            for one in anchored {
                try context.output.json(one)
                context.output.line(
                    "Organisation \(one.head.organisation): \(one.head.size) lines, root "
                        + "\(one.head.root); anchored: "
                        + (one.places.isEmpty ? "nowhere" : one.places.joined(separator: ", ")))
            }
            guard anchored.allSatisfy({ !$0.places.isEmpty }) else {
                throw CommandFailure.checkFailed(
                    "A head was anchored nowhere; set BARNSTORM_ANCHOR_DIR or "
                        + "BARNSTORM_ANCHOR_MAIL, or give --directory.")
            }
        }
    }

    /// `audit prove`: a bundle that others can verify without us.
    struct Prove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prove an event: its lines of the log, with paths to a signed head.",
            discussion: """
                Verified by ops/verify_bundle.py with the bundle and the public key \
                ('barnstorm audit key') alone.
                """)
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "A line's number, or the id of a person, text, request, list or hold.")
        var event: String
        @Option(name: .long, help: "Folder to write; without it, one JSON document is printed.")
        var out: String?

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let bundle = try await context.withDatabase { database in
                let heads = try LedgerHeads(database: database, seed: secret.key(.signing))
                let house = try await tenant.find(in: database)
                let lines = try await heads.lines(of: event, organisation: house.id)
                guard !lines.isEmpty else {
                    throw CommandFailure.badData("No line of the log names \(event).")
                }
                return try await heads.prove(lines, organisation: house.id)
            }
            guard let out else {
                return StandardOutput.write(try BundleFolder.encode(bundle) + [0x0A])
            }
            var folder = try BundleFolder(out)
            try folder.write(bundle)
            try folder.finish()
            try context.output.print(
                ["bundle": out, "lines": "\(bundle.lines.count)"],
                "Wrote \(bundle.lines.count) lines with their proofs to \(out); verify them by "
                    + "'python3 ops/verify_bundle.py \(out) PUBLIC_KEY'.")
        }
    }
}

extension OrganisationOption {
    /// The one that was named, else all.
    func all(in database: Database) async throws -> [Organisation] {
        if organisation != nil { return [try await find(in: database)] }
        return try await Organisations(database: database).list()
    }
}

/// A folder of files with a manifest of their SHA-256; `proof.json` is what the verifier reads.
struct BundleFolder {
    let path: String
    private var files: [String: String] = [:]

    /// Makes the folder.
    ///
    /// - Throws: ``CommandFailure`` 65 if it holds something already or cannot be made.
    init(_ path: String) throws {
        self.path = path
        let manager = FileManager.default
        if let found = try? manager.contentsOfDirectory(atPath: path), !found.isEmpty {
            throw CommandFailure.badData("The folder \(path) is not empty; name a new one.")
        }
        do {
            try manager.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure.badData("The folder \(path) cannot be made.")
        }
    }

    mutating func write(_ bundle: ProofBundle) throws {
        try write("proof.json", Self.encode(bundle) + [0x0A])
        let lines = bundle.lines.map { $0.entry + "\n" }.joined()
        try write("lines.jsonl", Array(lines.utf8))
        let head = bundle.head
        try write(
            "README.txt",
            Array(
                """
                \(bundle.lines.count) lines of the compliance log of organisation \
                \(head.organisation), as of \(head.signedAt), when the log had \(head.size) lines.

                To verify: python3 verify_bundle.py THIS_FOLDER PUBLIC_KEY
                The key must reach you by another way than this folder.

                What this shows: these lines stand in a log whose head we signed, and the log of
                every anchored head named here is the beginning of this one. What it does not show:
                that a line is true, or that nothing was left out before it was written.

                """.utf8))
    }

    mutating func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = path + "/" + name
        guard FileManager.default.createFile(atPath: file, contents: Data(bytes)) else {
            throw CommandFailure.badData("The file \(file) cannot be written.")
        }
        files[name] = SHA256.hash(bytes).hex
    }

    /// Writes the manifest, last of all.
    func finish() throws {
        let manifest = ["format": "barnstorm manifest, version 1"].merging(files) { $1 }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let bytes = try encoder.encode(manifest) + [0x0A]
        guard FileManager.default.createFile(atPath: path + "/manifest.json", contents: bytes)
        else { throw CommandFailure.badData("The manifest of \(path) cannot be written.") }
    }

    /// Keys as their coding keys say, sorted, so that the same facts give the same bytes.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return Array(try encoder.encode(value))
    }
}

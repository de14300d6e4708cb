import Curl
import Foundation
import Glibc
import Logging
import Notices
import Postgres
import Secrets
import ServiceLifecycle
import Store

/// Takes signed heads of the ledgers out of the house: to a folder and by mail.
///
/// A hash-linked log shows edits, but somebody with all rights could write it anew or cut it off;
/// a head that lies elsewhere tells.
struct AnchorDesk: Sendable {
    /// A head and where it went.
    struct Anchored: Encodable, Sendable {
        var head: SignedHead
        var places: [String]
    }

    private let heads: LedgerHeads
    private let directory: String?
    private let addresses: [String]
    private let mailer: Mailer?

    /// - Parameter directory: used instead of the configured places.
    /// - Throws: ``CommandFailure`` 64 for addresses or a mail server that are none.
    init(
        _ settings: Settings, database: Database, seed: [UInt8], directory: String? = nil
    ) throws {
        heads = try LedgerHeads(database: database, seed: seed)
        self.directory = directory ?? settings.value("ANCHOR_DIR")
        let given = directory == nil ? settings.value("ANCHOR_MAIL") ?? "" : ""
        addresses = given.split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard addresses.allSatisfy(Mail.isAddress) else {
            throw CommandFailure.usage("BARNSTORM_ANCHOR_MAIL holds something that is no address.")
        }
        guard !addresses.isEmpty, let server = settings.value("SMTP_URL") else {
            mailer = nil
            return
        }
        do {
            mailer = try Mailer(url: server, engine: CurlEngine(maximumInFlight: 2))
        } catch {
            throw CommandFailure.usage("\(error)")
        }
    }

    var hasPlaces: Bool { directory != nil || mailer != nil }

    /// Signs one ledger's head and takes it wherever it is to go.
    func anchor(_ organisation: Int32) async throws -> Anchored {
        let head = try await heads.sign(organisation)
        var places: [String] = []
        if let directory {
            let file = "\(directory)/ledger-\(organisation).jsonl"
            try append(head, to: file)
            places.append("file")
        }
        for address in addresses where await mail(head, to: address) { places.append("mail") }
        for place in Set(places) { try await heads.note(place, for: head) }
        return Anchored(head: head, places: places)
    }

    /// Anchors every ledger whose last anchored head is a day old.
    func anchorOld() async throws {
        // Somewhat under a day, so that a round that comes late does not skip one.
        for organisation in try await heads.unanchored(olderThan: .seconds(23 * 3_600)) {
            _ = try await anchor(organisation)
        }
    }

    private func append(_ head: SignedHead, to file: String) throws {
        let descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CommandFailure.unavailable(
                "The anchor file \(file) cannot be written; correct BARNSTORM_ANCHOR_DIR.")
        }
        defer { close(descriptor) }
        let line = try BundleFolder.encode(head) + [0x0A]
        let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == line.count, fsync(descriptor) == 0 else {
            throw CommandFailure.unavailable(
                "The anchor file \(file) cannot be written; is the disk full?")
        }
    }

    private func mail(_ head: SignedHead, to address: String) async -> Bool {
        guard let mailer, let json = try? BundleFolder.encode(head) else { return false }
        let mail = Mail(
            to: address, subject: "Ledger head \(head.organisation)/\(head.size)",
            text: """
                Keep this mail: it shows later that the compliance log was not rewritten.

                \(String(decoding: json, as: UTF8.self))
                """)
        guard let mail else { return false }
        return await mailer.send(mail)
    }

    /// Heads kept in a folder or file of anchors; lines that are none are told.
    static func read(_ path: String) throws -> (heads: [SignedHead], unreadable: Int) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandFailure.badData("There are no anchors at \(path).")
        }
        let files =
            isFolder.boolValue
            ? try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                .filter { $0.hasSuffix(".jsonl") }.map { "\(path)/\($0)" } : [path]
        var heads: [SignedHead] = []
        var unreadable = 0
        for file in files {
            let bytes = FileManager.default.contents(atPath: file) ?? Data()
            for line in bytes.split(separator: 0x0A) where line.first == 0x7B {
                if let head = try? JSONDecoder().decode(SignedHead.self, from: Data(line)) {
                    heads.append(head)
                } else {
                    unreadable += 1
                }
            }
        }
        return (heads, unreadable)
    }
}

/// Anchors once a day, for as long as the worker runs.
struct AnchorService: Service {
    let desk: AnchorDesk
    let logger = Logger(label: "barnstorm.anchor")
    /// How often it is asked what is a day old.
    static let interval = Duration.seconds(600)

    func run() async throws {
        guard desk.hasPlaces else {
            logger.warning("Heads of the ledger are anchored nowhere.")
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await desk.anchorOld()
                } catch {
                    logger.warning(
                        "A head could not be anchored.", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}

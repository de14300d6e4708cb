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
        guard !addresses.isEmpty else {
            mailer = nil
            return
        }
        guard let server = settings.value("SMTP_URL") else {
            throw CommandFailure.usage("BARNSTORM_ANCHOR_MAIL needs a server: BARNSTORM_SMTP_URL.")
        }
        do {
            mailer = try Mailer(url: server, engine: CurlEngine(maximumInFlight: 2))
        } catch {
            throw CommandFailure.usage("\(error)")
        }
    }

    var hasPlaces: Bool { directory != nil || mailer != nil }

    /// Signs one ledger's head and takes it wherever it is to go; a place that fails keeps none of
    /// the others from getting it.
    ///
    /// - Throws: ``CommandFailure`` 69 if the file cannot be written; mails have gone out then.
    func anchor(_ organisation: Int32) async throws -> Anchored {
        let head = try await heads.sign(organisation)
        var places: [String] = []
        for address in addresses where await mail(head, to: address) { places.append("mail") }
        var failure: (any Error)?
        if let directory {
            do {
                try append(head, to: "\(directory)/ledger-\(organisation).jsonl")
                places.append("file")
            } catch {
                failure = error
            }
        }
        for place in Set(places).sorted() { try await heads.note(place, for: head) }
        if let failure { throw failure }
        return Anchored(head: head, places: places)
    }

    /// Anchors every ledger whose last anchored head is a day old.
    ///
    /// - Returns: what kept a ledger from being anchored, one sentence each.
    func anchorOld() async throws -> [String] {
        var troubles: [String] = []
        // Somewhat under a day, so that a round that comes late does not skip one.
        for organisation in try await heads.unanchored(olderThan: .seconds(23 * 3_600)) {
            do {
                let anchored = try await anchor(organisation)
                if Set(anchored.places).count < places {
                    troubles.append("The head of organisation \(organisation) was not mailed.")
                }
            } catch {
                troubles.append("\(error)")
            }
        }
        return troubles
    }

    /// How many kinds of places are set.
    private var places: Int { (directory == nil ? 0 : 1) + (mailer == nil ? 0 : 1) }

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
                .filter { $0.hasSuffix(".jsonl") || $0.hasSuffix(".eml") }.map { "\(path)/\($0)" }
            : [path]
        var heads: [SignedHead] = []
        var unreadable = 0
        for file in files {
            let bytes = words(of: FileManager.default.contents(atPath: file) ?? Data())
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

    /// The text of a mail as it was saved, whose body is base64; of other files all of it.
    private static func words(of file: Data) -> Data {
        let text = String(decoding: file, as: UTF8.self).replacing("\r\n", with: "\n")
        guard let gap = text.firstRange(of: "\n\n"),
            text[..<gap.lowerBound].lowercased().contains("\ncontent-transfer-encoding: base64")
        else { return file }
        let body = text[gap.upperBound...].filter { !$0.isWhitespace }
        return Data(base64Encoded: body) ?? file
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
                    for trouble in try await desk.anchorOld() {
                        logger.warning(
                            "A head could not be anchored.", metadata: ["error": "\(trouble)"])
                    }
                } catch {
                    logger.warning(
                        "Heads could not be anchored.", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}

import Foundation
import Glibc
import Logging
import Store

/// Files that came by browser, until they are imported or a day has passed.
///
/// The file lies on the machine that received it; its progress is shown by that machine. Behind a
/// proxy with several, one browser must stay with one (a cookie or the address decides).
actor Uploads {
    struct Upload: Sendable {
        let id: UUID
        let organisation: Int32
        let campaign: UUID
        let member: UUID
        var file: MultipartFile
        let createdAt = Date()
        var stage = Stage.waiting
    }

    enum Stage: Sendable {
        /// For its columns to be confirmed.
        case waiting
        case running(ImportProgress)
        case done(ImportReport)
        /// What is wrong with the file; nil: something of ours.
        case failed(InvalidInput?)
    }

    private let store: PageStore
    private let logger: Logger
    private var uploads: [UUID: Upload] = [:]
    private var counts: Set<UUID> = []
    private static let life: TimeInterval = 24 * 3600
    nonisolated let folder: String

    init(store: PageStore, logger: Logger) {
        self.store = store
        self.logger = logger
        folder = NSTemporaryDirectory() + "\(Self.prefix)\(getpid())"
        Self.sweep()
    }

    private static let prefix = "barnstorm-uploads-"

    /// Throws away what a process left that was killed: lists of people are not to lie about.
    private static func sweep() {
        let place = NSTemporaryDirectory()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        for name in names where name.hasPrefix(prefix) {
            guard let process = Int32(name.dropFirst(prefix.count)), process != getpid(),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: place + name)
        }
    }

    /// The folder of uploads, made for this user only.
    nonisolated func makeFolder() -> String {
        mkdir(folder, 0o700)
        return folder
    }

    func add(_ file: MultipartFile, campaign: UUID, visitor: Visitor) -> UUID {
        let upload = Upload(
            id: UUID(), organisation: visitor.organisation, campaign: campaign, member: visitor.id,
            file: file)
        for (id, old) in uploads where old.createdAt.timeIntervalSinceNow < -Self.life {
            unlink(old.file.path)
            uploads[id] = nil
        }
        uploads[upload.id] = upload
        if Workbook.isOne(file.path) { unpack(upload.id) }
        return upload.id
    }

    /// Puts a workbook's first sheet in its place, in the background.
    private func unpack(_ id: UUID) {
        guard let file = uploads[id]?.file else { return }
        uploads[id]?.stage = .running(ImportProgress(phase: .unpacking, done: 0, total: 0))
        Task {
            let table = file.path + ".table"
            do {
                try await Workbook.unpack(file.path, to: table)
                unlink(file.path)
                uploads[id]?.file = MultipartFile(path: table, name: file.name, bytes: size(table))
                uploads[id]?.stage = .waiting
            } catch {
                end(id, .failed(error as? InvalidInput))
            }
        }
    }

    private func size(_ path: String) -> Int {
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        return facts?[.size] as? Int ?? 0
    }

    func find(_ id: UUID, organisation: Int32) -> Upload? {
        uploads[id].flatMap { $0.organisation == organisation ? $0 : nil }
    }

    /// Throws a file away that nobody wants.
    func drop(_ id: UUID, organisation: Int32) {
        guard let upload = find(id, organisation: organisation) else { return }
        if case .running = upload.stage { return }
        unlink(upload.file.path)
        uploads[id] = nil
    }

    /// Imports a file in the background; pressing twice is pressing once.
    func start(_ id: UUID, _ request: ImportRequest) {
        guard let upload = uploads[id] else { return }
        switch upload.stage {
        case .running, .done: return
        case .waiting, .failed: break
        }
        uploads[id]?.stage = .running(
            ImportProgress(phase: .reading, done: 0, total: upload.file.bytes))
        let imports = store.imports
        make(id, request.campaign, request.organisation, by: request.createdBy) { progress in
            try await imports.run(request, progress: progress)
        }
    }

    /// Makes a list of people of an earlier campaign, in the background.
    ///
    /// - Returns: under which its progress is shown.
    func gather(_ request: GatherRequest, member: UUID) -> UUID {
        var upload = Upload(
            id: UUID(), organisation: request.organisation, campaign: request.campaign,
            member: member, file: MultipartFile(path: "", name: request.name, bytes: 0))
        upload.stage = .running(ImportProgress(phase: .reading, done: 0, total: 0))
        uploads[upload.id] = upload
        let imports = store.imports
        make(upload.id, request.campaign, request.organisation, by: request.createdBy) { progress in
            try await imports.gather(request, progress: progress)
        }
        return upload.id
    }

    /// Makes a list in the background, tells how far it is, and counts what it costs at the end.
    private func make(
        _ id: UUID, _ campaign: UUID, _ organisation: Int32, by member: UUID?,
        _ work:
            @escaping @Sendable (@escaping @Sendable (ImportProgress) -> Void) async throws
            -> ImportReport
    ) {
        Task {
            do {
                let report = try await work { progress in
                    Task { await self.note(progress, of: id) }
                }
                try await store.drafts.listChanged(
                    campaign, organisation: organisation, by: member)
                end(id, .done(report))
                count(campaign, organisation: organisation)
            } catch let error as InvalidInput {
                end(id, .failed(error))
            } catch {
                logger.error("A list could not be made.", metadata: ["error": "\(error)"])
                end(id, .failed(nil))
            }
        }
    }

    private func note(_ progress: ImportProgress, of id: UUID) {
        guard case .running(let last) = uploads[id]?.stage else { return }
        // Steps arrive from several tasks; a late one must not turn the bar back.
        let order: [ImportProgress.Phase] = [.unpacking, .reading, .sorting, .saving]
        let (old, new) = (order.firstIndex(of: last.phase)!, order.firstIndex(of: progress.phase)!)
        guard new > old || new == old && progress.done >= last.done else { return }
        uploads[id]?.stage = .running(progress)
    }

    private func end(_ id: UUID, _ stage: Stage) {
        uploads[id]?.stage = stage
        if case .done = stage, let path = uploads[id]?.file.path, !path.isEmpty { unlink(path) }
    }

    // MARK: Counting

    /// Counts what the list costs, in the background, unless that is under way.
    func count(_ campaign: UUID, organisation: Int32) {
        guard counts.insert(campaign).inserted else { return }
        Task {
            do {
                try await store.estimates.count(campaign, organisation: organisation)
            } catch {
                logger.error("A list could not be counted.", metadata: ["error": "\(error)"])
            }
            counts.remove(campaign)
        }
    }

    func isCounting(_ campaign: UUID) -> Bool { counts.contains(campaign) }
}

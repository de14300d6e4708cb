import Foundation
import Glibc
import Store
import Synchronization

/// What was let through the gate, in memory that outlives this process.
///
/// Before the gate lets a body pass, it enters the try here as spent. The file is mapped, so the
/// entry survives SIGKILL; after a restart a try without outcome that is *not* entered is proven
/// unsent, one that is entered is in doubt. That holds only on a local file system outside any
/// container layer, for a file of full length before the first permit, held by `flock` for life and
/// read on the same boot (DESIGN 4, step 5). A new incarnation makes a new file.
final class PermitFile: @unchecked Sendable {
    // Sendable: each place is written by whoever owns the try in it (the gate on libcurl's thread,
    // then the recorder after its outcome is committed), never by two at once.
    static let places = 1024
    static let headerBytes = 4096
    static let entryBytes = 32
    static let length = headerBytes + places * entryBytes
    private static let magic = Array("barnstorm permits 1\n".utf8)

    let path: String
    private let descriptor: Int32
    private let memory: UnsafeMutableRawPointer

    /// Makes, locks and maps the file of a fresh incarnation.
    ///
    /// - Throws: ``PermitFileError`` naming the path.
    init(directory: String, incarnation: UUID) throws(PermitFileError) {
        path = directory + "/" + incarnation.text + ".permits"
        let opened = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw PermitFileError(path, "cannot be made") }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0,
            posix_fallocate(opened, 0, off_t(Self.length)) == 0,
            let mapped = Self.map(opened, writable: true)
        else {
            close(opened)
            throw PermitFileError(path, "cannot be locked at full length")
        }
        descriptor = opened
        memory = mapped
        writeHeader(incarnation)
    }

    deinit {
        munmap(memory, Self.length)
        close(descriptor)
    }

    /// Enters a try as spent; complete when it returns.
    func spend(place: Int, _ key: AttemptKey) {
        let entry = memory + Self.headerBytes + place * Self.entryBytes
        entry.storeBytes(of: key.organisation, toByteOffset: 4, as: Int32.self)
        entry.storeBytes(of: key.n, toByteOffset: 8, as: Int16.self)
        entry.storeBytes(of: key.message.uuid, toByteOffset: 16, as: uuid_t.self)
        // The mark goes last: a kill in between leaves an entry that says nothing.
        atomicMemoryFence(ordering: .releasing)
        entry.storeBytes(of: 1, as: UInt32.self)
    }

    /// Frees a place once the outcome of its try is committed.
    func clear(place: Int) {
        (memory + Self.headerBytes + place * Self.entryBytes).storeBytes(of: 0, as: UInt32.self)
    }

    /// Gives the file up after the last outcome is committed.
    func remove() { unlink(path) }

    private func writeHeader(_ incarnation: UUID) {
        let boot = Array(BootInstant.bootID().utf8.prefix(64))
        memory.copyMemory(from: Self.magic, byteCount: Self.magic.count)
        (memory + 64).copyMemory(from: boot, byteCount: boot.count)
        (memory + 128).storeBytes(of: incarnation.uuid, as: uuid_t.self)
        msync(memory, Self.headerBytes, MS_SYNC)
    }

    private static func map(_ descriptor: Int32, writable: Bool) -> UnsafeMutableRawPointer? {
        let access = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let mapped = mmap(nil, length, access, MAP_SHARED, descriptor, 0)
        return mapped == MAP_FAILED ? nil : mapped
    }
}

extension PermitFile {
    /// What a dead incarnation left: which of its tries had passed the gate.
    struct Remains {
        let path: String
        let incarnation: UUID
        let spent: Set<AttemptKey>
        let descriptor: Int32

        /// Forgets the file, after everything in it is settled.
        func remove() {
            unlink(path)
            close(descriptor)
        }
    }

    /// Files in a directory whose process is gone, read under their lock.
    ///
    /// One that is still locked belongs to a living worker. One that is new, short, unreadable or of
    /// another boot proves nothing: it is left out, and its tries come into doubt by the sweeper.
    static func remains(in directory: String) -> [Remains] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".permits") }.compactMap { name in
            let path = directory + "/" + name
            let opened = open(path, O_RDWR | O_CLOEXEC)
            guard opened >= 0 else { return nil }
            guard flock(opened, LOCK_EX | LOCK_NB) == 0, let remains = read(path, opened) else {
                close(opened)
                return nil
            }
            return remains
        }
    }

    private static func read(_ path: String, _ descriptor: Int32) -> Remains? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size == length,
            let memory = map(descriptor, writable: false)
        else { return nil }
        defer { munmap(memory, length) }
        let bytes = UnsafeRawBufferPointer(start: memory, count: length)
        let boot = String(
            decoding: bytes[64..<128].prefix { $0 != 0 }, as: UTF8.self)
        guard bytes.prefix(magic.count).elementsEqual(magic), boot == BootInstant.bootID() else {
            return nil
        }
        let incarnation = UUID(uuid: bytes.loadUnaligned(fromByteOffset: 128, as: uuid_t.self))
        let spent = (0..<places).compactMap { spentKey(bytes, at: headerBytes + $0 * entryBytes) }
        return Remains(
            path: path, incarnation: incarnation, spent: Set(spent), descriptor: descriptor)
    }

    private static func spentKey(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> AttemptKey? {
        guard bytes.load(fromByteOffset: offset, as: UInt32.self) != 0 else { return nil }
        return AttemptKey(
            organisation: bytes.load(fromByteOffset: offset + 4, as: Int32.self),
            message: UUID(uuid: bytes.loadUnaligned(fromByteOffset: offset + 16, as: uuid_t.self)),
            n: bytes.load(fromByteOffset: offset + 8, as: Int16.self))
    }
}

/// The permit file cannot serve, so nothing may be sent.
package struct PermitFileError: Error, CustomStringConvertible {
    package let description: String

    init(_ path: String, _ problem: String) {
        description =
            "The permit file \(path) \(problem) (\(String(cString: strerror(errno)))). "
            + "Give the worker a directory on a local disk that it may write."
    }
}

import Dispatch
import Glibc
import NIOCore
import Synchronization

/// The carrier's append-only log: what an independent checker believes.
///
/// Lines are collected under a lock and written by one thread, at least every 25 ms, or as soon as
/// 256 KiB wait; above 64 MiB the caller waits for the disk, because a lost line would be a lost
/// proof. The file is also the memory of the look-up: a record keeps where its words stand, and
/// without a path an unnamed temporary file serves. The format is in the page *SimulatedCarrier*.
final class CarrierLog: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var spare: [UInt8] = []  // the buffer written last, kept for its capacity
        var end: UInt64  // offset at which the next line begins
        var written: UInt64  // offset up to which the kernel has everything
        var isDrainPlanned = false
        var isStopping = false
        var failures = 0
    }

    private static let drainAt = 256 << 10
    private static let blockAt = 64 << 20

    private let descriptor: Int32
    private let state: Mutex<State>
    private let writer = DispatchQueue(label: "carrier.log")

    /// Opens or continues the file at `path`.
    ///
    /// - Throws: ``CarrierError`` when it cannot be opened or another carrier writes to it.
    init(path: String?) throws(CarrierError) {
        let flags = O_APPEND | O_CLOEXEC | O_RDWR
        let file =
            path.map { open($0, flags | O_CREAT, 0o600) } ?? open("/tmp", O_TMPFILE_RDWR, 0o600)
        guard file >= 0 else {
            throw CarrierError.log(path: path ?? "/tmp", reason: String(cString: strerror(errno)))
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw CarrierError.log(path: path ?? "/tmp", reason: "another carrier writes to it")
        }
        descriptor = file
        let end = UInt64(max(0, lseek(file, 0, SEEK_END)))
        state = Mutex(State(end: end, written: end))
    }

    deinit { close(descriptor) }

    /// Starts the clock that keeps the file at most 25 ms behind.
    func start() {
        writer.asyncAfter(deadline: .now() + .milliseconds(25)) { [weak self] in
            guard let self, !state.withLock(\.isStopping) else { return }
            drain()
            start()
        }
    }

    /// Appends whole lines and tells the offset of the first byte.
    func append(_ lines: ByteBuffer) -> UInt64 {
        let (offset, drainNow, mustWait) = state.withLock { state in
            let offset = state.end
            lines.withUnsafeReadableBytes { state.waiting.append(contentsOf: $0) }
            state.end += UInt64(lines.readableBytes)
            let drainNow = state.waiting.count >= Self.drainAt && !state.isDrainPlanned
            if drainNow { state.isDrainPlanned = true }
            return (offset, drainNow, state.waiting.count >= Self.blockAt)
        }
        if mustWait { flush() } else if drainNow { writer.async { self.drain() } }
        return offset
    }

    /// Returns when all lines appended so far are with the kernel.
    func flush() { writer.sync { drain() } }

    /// Ends the clock and writes the rest, unless the disk refuses it.
    func stop() {
        state.withLock { $0.isStopping = true }
        flush()
    }

    /// Reads back bytes that an earlier ``append(_:)`` wrote.
    func read(at offset: UInt64, count: Int) -> [UInt8] {
        if state.withLock({ offset + UInt64(count) > $0.written }) { flush() }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
    }

    /// Lines that the disk refused, counted in tries.
    var failures: Int { state.withLock(\.failures) }

    /// Writes what waits; runs on `writer` only, so that lines keep their order.
    private func drain() {
        var lines = state.withLock { state in
            let lines = state.waiting
            state.waiting = state.spare
            state.spare = []
            state.isDrainPlanned = false
            return lines
        }
        write(lines)
        let count = lines.count
        lines.removeAll(keepingCapacity: lines.capacity <= 2 * Self.drainAt)
        state.withLock { state in
            state.written += UInt64(count)
            state.spare = lines
        }
    }

    private func write(_ lines: [UInt8]) {
        var written = 0
        while written < lines.count {
            let count = lines.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, lines.count - written)
            }
            if count > 0 {
                written += count
            } else if errno != EINTR {
                let givesUp = state.withLock { state in
                    state.failures += 1
                    return state.isStopping
                }
                if givesUp { return }
                usleep(10_000)  // a full disk may be freed, and the line must not be lost
            }
        }
    }
}

/// `O_TMPFILE` is a macro of casts, which the importer leaves out (Linux, asm-generic/fcntl.h).
private let O_TMPFILE_RDWR = 0o20_000_000 | O_DIRECTORY | O_APPEND | O_CLOEXEC | O_RDWR

import CLibPQ
import Glibc

/// A message of NOTIFY.
package struct Notification: Sendable, Equatable {
    package let channel: String
    package let payload: String
}

extension Connection {
    /// Starts to listen; the pool will not lend this connection to others afterwards.
    package func listen(_ channel: String) throws {
        isListening = true
        let quoted = channel.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
        try script("LISTEN \"\(quoted)\"")
    }

    /// Waits until a notification is there, at most `span`; cancelling the task ends the wait.
    ///
    /// - Returns: all that have come, in order; empty after `span` or a cancellation.
    /// - Throws: ``PostgresError`` if the connection is lost: connect and listen again, and look
    ///   for what was missed meanwhile.
    package nonisolated func notifications(waiting span: Duration) async throws -> [Notification] {
        try await withTaskCancellationHandler {
            try await waitForNotifications(span)
        } onCancel: {
            waker.wake()
        }
    }

    private func waitForNotifications(_ span: Duration) throws -> [Notification] {
        try checkFree()
        defer { noteState() }
        let deadline = ContinuousClock.now + span
        while true {
            guard PQconsumeInput(handle.pointer) == 1 else {
                throw PostgresError(.lost, handle.lastMessage)
            }
            let received = takeNotifications()
            let rest = ContinuousClock.now.duration(to: deadline)
            if !received.isEmpty || rest <= .zero || Task.isCancelled { return received }
            waker.wait(for: PQsocket(handle.pointer), atMost: rest)
        }
    }

    private func takeNotifications() -> [Notification] {
        var received: [Notification] = []
        while let raw = PQnotifies(handle.pointer) {
            defer { PQfreemem(raw) }
            received.append(
                Notification(
                    channel: String(cString: raw.pointee.relname),
                    payload: String(cString: raw.pointee.extra)))
        }
        return received
    }
}

/// An eventfd that ends a wait from another thread.
final class Waker: Sendable {
    private let descriptor: Int32

    init() throws {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw PostgresError(.unreachable, "The system allows no further open files.")
        }
    }

    deinit { close(descriptor) }

    func wake() { eventfd_write(descriptor, 1) }

    /// Returns when `socket` can be read, ``wake()`` was called or `span` is over.
    func wait(for socket: Int32, atMost span: Duration) {
        var descriptors = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let (seconds, attoseconds) = span.components
        let milliseconds = min(seconds, 86_400) * 1000 + attoseconds / 1_000_000_000_000_000
        poll(&descriptors, 2, Int32(milliseconds) + 1)
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }
}

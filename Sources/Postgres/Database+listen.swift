/// What a listener is told.
package enum ListenEvent: Sendable, Equatable {
    /// Listening has begun, or begun again: look for what came meanwhile.
    case connected
    /// These have come, in order.
    case notified([Notification])
    /// Nothing is heard until the next ``connected``; go on polling.
    case disconnected
}

extension Database {
    /// Listens on a connection of its own until the task is cancelled; connects again by itself.
    ///
    /// NOTIFY only shortens a wait: what is said while nobody listens is lost, so whoever uses
    /// this looks into the tables at every ``ListenEvent/connected`` and now and then besides.
    /// - Parameter handle: called for one event at a time.
    package func listen(
        to channels: [String], _ handle: @Sendable (ListenEvent) async throws -> Void
    ) async throws {
        var failures = 0
        while !Task.isCancelled {
            do {
                let connection = try await openConnection()
                for channel in channels { try await connection.listen(channel) }
                failures = 0
                try await handle(.connected)
                while !Task.isCancelled {
                    let news = try await connection.notifications(waiting: .seconds(30))
                    if !news.isEmpty { try await handle(.notified(news)) }
                }
            } catch let error as PostgresError where error.isConnectionLost {
                failures += 1
                try await handle(.disconnected)
                try await Task.sleep(for: jitteredPause(afterFailures: failures))
            }
        }
    }
}

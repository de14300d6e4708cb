import Synchronization

/// A value that a test shares with the tasks and threads it starts.
package final class Box<Value: Sendable>: Sendable {
    private let content: Mutex<Value>

    package init(_ value: Value) { content = Mutex(value) }

    package var value: Value { content.withLock { $0 } }

    /// Changes the value while nobody else looks.
    @discardableResult
    package func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        content.withLock { body(&$0) }
    }
}

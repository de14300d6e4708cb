import NIOCore

/// The way to something that lives on one event loop, for everybody who does not.
struct CarrierDoor<Resident>: Sendable {
    let loop: any EventLoop
    private let bound: NIOLoopBound<Resident>

    /// Called on `loop`.
    init(_ resident: Resident, on loop: any EventLoop) {
        self.loop = loop
        bound = NIOLoopBound(resident, eventLoop: loop)
    }

    /// The resident itself; only on `loop`.
    var resident: Resident { bound.value }

    /// Moves in on `loop` and tells the way.
    static func open(
        on loop: any EventLoop, _ make: @escaping @Sendable () throws -> Resident
    ) async throws -> CarrierDoor {
        try await loop.submit { CarrierDoor(try make(), on: loop) }.get()
    }

    func tell(_ body: @escaping @Sendable (Resident) -> Void) {
        loop.execute { body(bound.value) }
    }

    func ask<Value: Sendable>(
        _ body: @escaping @Sendable (Resident) throws -> Value
    ) -> EventLoopFuture<Value> {
        loop.submit { try body(bound.value) }
    }
}

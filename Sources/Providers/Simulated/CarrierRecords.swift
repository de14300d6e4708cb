/// One text as the look-up remembers it; its words stand in the log, at `bodyOffset`.
struct CarrierRecord {
    var sequence: UInt64
    var to: UInt64 = 0
    var from: UInt64 = 0
    /// Microseconds since 1970.
    var created: Int64 = 0
    /// Where in the log the words stand, as the inside of a JSON string.
    var bodyOffset: UInt64 = 0
    var bodyCount: UInt16 = 0
    /// 0: delivered; else the error that ended it.
    var errorCode: UInt16 = 0
    /// Milliseconds from creation to the state.
    var sentAfter: UInt32 = 0
    var finalAfter: UInt32 = 0
    var segments: UInt8 = 1
    var mediaCount: UInt8 = 0
    /// 1 + index into the list of Messaging Services, 0 for none.
    var service: UInt8 = 0
    var isInbound = false
    /// How far back the previous text of the same chain is, 0 for none that is remembered.
    fileprivate var stepByPerson: UInt32 = 0
    fileprivate var stepByOurs: UInt32 = 0

    init(sequence: UInt64 = .max) { self.sequence = sequence }

    var person: UInt64 { isInbound ? from : to }
    var ours: UInt64 { isInbound ? to : from }

    /// The state at a wall instant; it follows from the times alone, so nothing is ever updated.
    func status(at wall: Int64) -> String {
        if isInbound { return "received" }
        let age = (wall - created) / 1_000
        let failed = CarrierFate.failsUnsent(errorCode)
        if age >= Int64(finalAfter) {
            return errorCode == 0 ? "delivered" : failed ? "failed" : "undelivered"
        }
        return age >= Int64(sentAfter) && !failed ? "sent" : service > 0 ? "accepted" : "queued"
    }
}

/// The last texts, in a ring, with two chains through it: by person and by our number.
///
/// Memory: 64 bytes a text, in pieces of 65,536 texts taken when reached, and 4 MiB of chain
/// heads. A text whose place was taken again is simply no longer found.
struct CarrierRecords {
    private static let pieceSize = 1 << 16
    private static let headCount = 1 << 18

    private let capacity: Int
    private var pieces: [[CarrierRecord]] = []
    private var personHeads = [UInt64](repeating: .max, count: headCount)
    private var oursHeads = [UInt64](repeating: .max, count: headCount)
    private(set) var next: UInt64 = 0

    init(capacity: Int) {
        let pieceCount = max(1, (capacity + Self.pieceSize - 1) / Self.pieceSize)
        self.capacity = pieceCount * Self.pieceSize
    }

    /// Adds the next text; its `sequence` must be ``next``.
    mutating func append(_ record: CarrierRecord) {
        var record = record
        let slot = Int(record.sequence % UInt64(capacity))
        let person = Self.head(record.person)
        let ours = Self.head(record.ours)
        record.stepByPerson = step(record.sequence, personHeads[person])
        record.stepByOurs = step(record.sequence, oursHeads[ours])
        personHeads[person] = record.sequence
        oursHeads[ours] = record.sequence
        let piece = slot / Self.pieceSize
        if piece == pieces.count {
            pieces.append([CarrierRecord](repeating: CarrierRecord(), count: Self.pieceSize))
        }
        pieces[piece][slot % Self.pieceSize] = record
        next = record.sequence + 1
    }

    subscript(sequence: UInt64) -> CarrierRecord? {
        let slot = Int(sequence % UInt64(capacity))
        guard slot / Self.pieceSize < pieces.count else { return nil }
        let record = pieces[slot / Self.pieceSize][slot % Self.pieceSize]
        return record.sequence == sequence ? record : nil
    }

    /// What a list asks for: both ends optional, newest first, from before a given text.
    struct Query {
        var to: UInt64?
        var from: UInt64?
        var before = UInt64.max
        /// Wall microseconds, half open.
        var created: Range<Int64>
        var limit = 50
    }

    func list(_ query: Query) -> [CarrierRecord] {
        let chains = chains(query).map { walk($0, query) }
        guard chains.count > 1 else { return chains.first ?? [] }
        let all = chains.joined().map { ($0.sequence, $0) }
        let unique = Dictionary(all, uniquingKeysWith: { first, _ in first })
        return Array(unique.values.sorted { $0.sequence > $1.sequence }.prefix(query.limit))
    }

    private func walk(_ chain: Chain, _ query: Query) -> [CarrierRecord] {
        var found: [CarrierRecord] = []
        var sequence = chain.start
        while found.count < query.limit, sequence < next, let record = self[sequence] {
            if sequence < query.before, matches(record, query) { found.append(record) }
            let step = UInt64(chain.step(record))
            guard step > 0, step <= sequence else { break }
            sequence -= step
        }
        return found
    }

    private func matches(_ record: CarrierRecord, _ query: Query) -> Bool {
        (query.to.map { $0 == record.to } ?? true)
            && (query.from.map { $0 == record.from } ?? true)
            && query.created.contains(record.created)
    }

    private typealias Chain = (start: UInt64, step: (CarrierRecord) -> UInt32)

    /// A number may be the person's or ours, so that each filter is looked for in both chains;
    /// without a filter the chain is the ring itself.
    private func chains(_ query: Query) -> [Chain] {
        guard let number = query.to ?? query.from else {
            return next == 0 ? [] : [(min(query.before, next) &- 1, { _ in 1 })]
        }
        return [
            (personHeads[Self.head(number)], { $0.stepByPerson }),
            (oursHeads[Self.head(number)], { $0.stepByOurs }),
        ]
    }

    private func step(_ sequence: UInt64, _ previous: UInt64) -> UInt32 {
        guard previous != .max, sequence - previous < UInt64(capacity) else { return 0 }
        return UInt32(sequence - previous)
    }

    private static func head(_ number: UInt64) -> Int {
        Int(CarrierHash.mix(number) % UInt64(headCount))
    }
}

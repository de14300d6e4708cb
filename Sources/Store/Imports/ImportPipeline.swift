import Postgres

/// Reads, cuts and stages a file, two batches ahead of the COPY that consumes them.
///
/// Cutting is serial and cheap; what costs is reading numbers and hashing, so batches are staged by
/// tasks of their own, on whatever cores are free. At most four batches are in memory.
actor ImportPipeline {
    private var reader: CSVReader
    private let recipe: ImportRecipe
    private let zoneSets: ZoneSets
    /// Record number of the first person.
    private let firstRow: Int
    private let record: @Sendable ([StagedBatch.Reject]) async throws -> Void
    private var running: [Task<StagedBatch, any Error>] = []
    private var isDrained = false
    private var hasBegun = false
    private var hasEnded = false
    private(set) var counts = ImportCounts()

    private static let ahead = 3

    /// - Parameter record: writes rejected rows down; called while the COPY waits, so it needs a
    ///   connection of its own.
    init(
        _ file: CSVFile, separator: UInt8, firstRow: Int, recipe: ImportRecipe, zoneSets: ZoneSets,
        record: @escaping @Sendable ([StagedBatch.Reject]) async throws -> Void
    ) throws {
        reader = try CSVReader(file, separator: separator)
        self.recipe = recipe
        self.zoneSets = zoneSets
        self.firstRow = firstRow
        self.record = record
    }

    /// How far the file has been read, in its own bytes.
    var bytesRead: Int { reader.bytesRead }

    /// The next piece of COPY data, `nil` after the last.
    func next() async throws -> [UInt8]? {
        if !hasBegun {
            hasBegun = true
            return StagedBatch.header
        }
        guard !hasEnded else { return nil }
        try refill()
        guard !running.isEmpty else {
            hasEnded = true
            return StagedBatch.trailer
        }
        let staged = try await running.removeFirst().value
        // Cut the next batch before the COPY asks, so that its staging runs meanwhile.
        try refill()
        counts.add(staged)
        if !staged.rejects.isEmpty { try await record(staged.rejects) }
        return staged.tuples.bytes
    }

    private func refill() throws {
        while running.count < Self.ahead, !isDrained {
            guard let batch = try reader.next() else {
                isDrained = true
                return
            }
            let (recipe, zoneSets, firstRow) = (recipe, zoneSets, firstRow)
            running.append(
                Task {
                    var staged = recipe.stage(batch, firstRow: firstRow)
                    try await staged.resolve(zoneSets)
                    return staged
                })
        }
    }
}

/// Rows of a file by what became of them while staging.
struct ImportCounts: Sendable {
    var read = 0
    var staged = 0
    var rejected = 0

    mutating func add(_ batch: StagedBatch) {
        read += batch.rowsRead
        staged += batch.rowsGood
        rejected += batch.rejects.count
    }
}

import Foundation
import Glibc
import Postgres

/// Seconds of processor time used so far by the three parties of a measurement.
struct ProcessorTime: Sendable {
    var own: Double
    var database: Double
    var carrier: Double

    static func - (a: Self, b: Self) -> Self {
        Self(own: a.own - b.own, database: a.database - b.database, carrier: a.carrier - b.carrier)
    }

    /// Reads `/proc`: this process or those given, all of the postmaster's tree, the carrier.
    static func now(_ house: BenchHouse, own: [Int32] = [getpid()]) async throws -> ProcessorTime {
        let backend = try await house.database.first("SELECT pg_backend_pid()") {
            try $0.value(0) as Int32
        }
        let postmaster = backend.flatMap { Stat(process: $0)?.parent } ?? 0
        let tree = Stat.all().filter { $0.parent == postmaster || $0.process == postmaster }
        // Backends that ended are in the postmaster's account of its children.
        let database = tree.reduce(0) {
            $0 + $1.seconds + ($1.process == postmaster ? $1.childSeconds : 0)
        }
        return ProcessorTime(
            own: own.reduce(0) { $0 + (Stat(process: $1)?.seconds ?? 0) }, database: database,
            carrier: Stat(process: house.carrier.processID)?.seconds ?? 0)
    }
}

/// One line of `/proc/PID/stat` (proc(5)).
private struct Stat {
    var process: Int32
    var parent: Int32
    var seconds: Double
    var childSeconds: Double

    init?(process: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(end, offsetBy: 2)...].split(separator: " ")
        guard fields.count > 14, let parent = Int32(fields[1]),
            let ticks = Self.numbers(fields[11...14])
        else { return nil }
        let tick = Double(sysconf(Int32(_SC_CLK_TCK)))
        self.process = process
        self.parent = parent
        seconds = (ticks[0] + ticks[1]) / tick
        childSeconds = (ticks[2] + ticks[3]) / tick
    }

    static func all() -> [Stat] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.compactMap(Stat.init(process:))
    }

    private static func numbers(_ fields: ArraySlice<Substring>) -> [Double]? {
        let values = fields.compactMap { Double($0) }
        return values.count == fields.count ? values : nil
    }
}

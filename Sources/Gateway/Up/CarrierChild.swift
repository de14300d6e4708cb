import Foundation
import Glibc

/// The simulated carrier as a process of its own, as a real one would be: it outlives the worker's
/// last text and shares nothing with it.
struct CarrierChild: Sendable {
    static let accountSID = "AC5117a7ed0000000000000000000000cc"

    private let process: ChildProgram
    private let folder: DataDirectory

    /// Starts it and waits until it answers.
    static func start(_ plan: UpPlan, inboundURL: String?) async throws -> CarrierChild {
        var environment = ProcessInfo.processInfo.environment
        // By variable, not by argument: a token in the list of processes is no secret.
        environment[Settings.prefix + "TWILIO_ACCOUNT_SID"] = accountSID
        environment[Settings.prefix + "TWILIO_AUTH_TOKEN"] =
            plan.settings.value("TWILIO_AUTH_TOKEN") ?? ""
        let arguments = [
            ExecutablePath.url.path, "carrier", "--port", "\(plan.carrierPort)",
            "--log", plan.folder.file("carrier.jsonl"), "--replies", "0.3", "--stops", "0.03",
        ]
        let process = try ChildProgram.start(
            arguments + (inboundURL.map { ["--inbound-url", $0] } ?? []),
            environment: environment,
            log: plan.folder.file("carrier.log"))
        let child = CarrierChild(process: process, folder: plan.folder)
        try plan.folder.write("\(process.pid)\n", to: "carrier.pid")
        for _ in 0..<100 {
            if !FreePort.isFree(plan.carrierPort) { return child }
            guard process.isRunning else { break }
            try? await Task.sleep(for: .milliseconds(100))
        }
        await child.stop()
        let said = plan.folder.read("carrier.log")?.split(separator: "\n").last.map(String.init)
        throw CommandFailure.unavailable(
            "The simulated carrier does not start: \(said ?? "it said nothing").")
    }

    func stop() async {
        await process.stop()
        try? FileManager.default.removeItem(atPath: folder.file("carrier.pid"))
    }

    /// Ends the carrier of an `up` that was killed. The number may have gone to another program
    /// since, so it is asked for its command line first.
    static func endOrphan(_ folder: DataDirectory) {
        guard
            let pid = folder.read("carrier.pid").flatMap({
                Int32($0.trimmingCharacters(in: .newlines))
            }),
            let command = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")
        else { return }
        let words = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        guard words.contains("carrier"), words.contains(folder.file("carrier.jsonl")) else {
            return
        }
        kill(pid, SIGTERM)
        for _ in 0..<50 where kill(pid, 0) == 0 { usleep(100_000) }
        kill(pid, SIGKILL)
    }
}

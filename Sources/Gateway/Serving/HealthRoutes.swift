import Hummingbird
import NIOCore
import Postgres

/// The pages that machines read: is it alive, may it have traffic, how is it doing.
struct HealthRoutes: Sendable {
    let database: Database
    let metrics: MetricRegistry

    func add(to router: Router<some RequestContext>) {
        router.get("/healthz") { _, _ in text(.ok, "ok\n") }
        router.get("/readyz") { _, _ in await readiness() }
        router.get("/metrics") { _, _ in text(.ok, metrics.text()) }
    }

    /// 503 while the database does not answer within two seconds: a balancer then asks elsewhere.
    private func readiness() async -> Response {
        await answersInTime()
            ? text(.ok, "ready\n") : text(.serviceUnavailable, "The database does not answer.\n")
    }

    private func answersInTime() async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let one = try? await database.first("SELECT 1") { row in try row.value(0) as Int32 }
                return one == 1
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(2))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    private func text(_ status: HTTPResponse.Status, _ body: String) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "text/plain; version=0.0.4; charset=utf-8",
                .cacheControl: "no-store",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}

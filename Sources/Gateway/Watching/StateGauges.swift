import CoreMetrics
import Logging
import Postgres
import ServiceLifecycle

/// What alerts look at that no process counts by itself: read from the tables every 30 seconds.
///
/// One short statement over partial indexes and small tables; no label, no number, no words.
struct StateGauges: Service {
    /// Connections under a role that sees all organisations.
    let database: Database
    let metrics: MetricRegistry
    private let logger = Logger(label: "barnstorm.gauges")

    init(database: Database, metrics: MetricRegistry = .shared) {
        self.database = database
        self.metrics = metrics
    }

    /// Name and statement; each gives one number.
    private static let gauges: [(name: String, sql: SQL)] = [
        (
            "barnstorm_texts_in_doubt_open",
            """
            SELECT count(*) FROM outcome o WHERE result = 4 AND NOT EXISTS (
                SELECT FROM settlement s WHERE s.organisation_id = o.organisation_id
                    AND s.message_id = o.message_id AND s.n = o.n)
            """
        ),
        (
            "barnstorm_replies_oldest_seconds",
            """
            SELECT coalesce(extract(epoch FROM now() - min(needs_reply_since)), 0)::bigint
            FROM conversation WHERE needs_reply_since IS NOT NULL
            """
        ),
        (
            "barnstorm_reviews_open",
            "SELECT count(*) FROM review WHERE decided_at IS NULL"
        ),
        (
            "barnstorm_refusals_open",
            "SELECT count(*) FROM refusal WHERE settled_at IS NULL"
        ),
        (
            "barnstorm_senders_quarantined",
            "SELECT count(*) FROM sender WHERE retired_at IS NULL AND quarantined_at IS NOT NULL"
        ),
        (
            "barnstorm_accounts_closed",
            "SELECT count(*) FROM account WHERE closed_until > now()"
        ),
        (
            "barnstorm_workers_alive",
            """
            SELECT count(*) FROM worker
            WHERE stopped_at IS NULL AND heartbeat_at > now() - interval '1 minute'
            """
        ),
        (
            "barnstorm_webhooks_unmatched",
            """
            SELECT count(*) FROM inbound_raw
            WHERE note IS NOT NULL AND received_at > now() - interval '1 hour'
            """
        ),
    ]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await read()
                try? await Task.sleep(for: .seconds(30))
            }
        }
    }

    /// What cannot be read keeps its last value; the log says so.
    func read() async {
        for gauge in Self.gauges {
            do {
                let value = try await database.first(gauge.sql) { try $0.value(0) as Int }
                Meter(label: gauge.name, factory: metrics).set(value ?? 0)
            } catch is CancellationError {
                return
            } catch {
                logger.warning(
                    "A gauge could not be read.",
                    metadata: ["gauge": "\(gauge.name)", "error": "\(error)"])
            }
        }
    }
}

import Foundation
import Postgres
import Store

/// One campaign of a bench's town: its list, its texts and what became of them.
///
/// A chunk's texts are computed once into a temporary table; every fact and every total is read
/// from there, so that they agree.
struct BenchCampaign: Sendable {
    let town: BenchTown
    /// From 1.
    let number: Int

    private var id: UUID { town.campaigns[number - 1] }
    private var house: Int32 { town.organisation }
    private var isLast: Bool { number == town.plan.campaigns }
    private var drawn: Int { town.plan.drawn(campaign: number) }
    private var launch: Date { town.launch(number) }
    private var launchedAt: String { "to_timestamp(\(launch.timeIntervalSince1970))" }
    /// The import's id: the same whenever it is asked for.
    private var list: String {
        "import_uuid('\(BenchTown.prefix(launch.addingTimeInterval(-602)))', 0, 5)"
    }
    /// Ids of this campaign's first texts, minted with its list ten minutes before the launch.
    private var texts: String { BenchTown.prefix(launch.addingTimeInterval(-600)) }
    private var lanes: String { BenchTown.prefix(launch.addingTimeInterval(-601)) }

    /// The list, its lanes, the launch.
    func open(on connection: Connection) async throws {
        let per = town.plan.people / 100
        try await connection.script(
            """
            INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
                consent_source, consent_wording, state, rows_read, rows_good, merged_rows,
                created_at, done_at)
            VALUES (\(house), \(list), '\(id.text)', 'bench.csv', sha256('bench'), 0,
                'made up for a bench', 'made up', 'done', \(town.plan.people), \(town.plan.people),
                \(town.plan.people), \(launchedAt) - interval '10 min',
                \(launchedAt) - interval '10 min');
            SELECT seed_line(\(launchedAt) - interval '10 min', 'import', NULL, jsonb_build_object(
                'import', \(list), 'campaign', '\(id.text)', 'file_name', 'bench.csv',
                'sha256', encode(sha256('bench'), 'hex'), 'read', \(town.plan.people),
                'good', \(town.plan.people), 'consent_source', 'made up for a bench'));
            INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size,
                next_position)
            SELECT \(house), import_uuid('\(lanes)', place, 3), '\(id.text)', \(list),
                zone_set, \(per) * areas, \(drawn / 100) * areas + 1
            FROM seed_zone;
            UPDATE campaign SET state = '\(isLast ? "live" : "finished")',
                launched_at = \(launchedAt), created_at = \(launchedAt) - interval '1 day'
            WHERE organisation_id = \(house) AND id = '\(id.text)';
            """)
    }

    /// People `from` to `end`: those who were drawn with their texts, the others in their lanes.
    ///
    /// - Parameter job: which of the connections that write at once; each has totals of its own.
    func write(from: Int, to end: Int, job: Int, on connection: Connection) async throws {
        try await connection.script(
            "BEGIN; " + recipients(from, end) + people(from, end) + facts + replies + answers(job)
                + totals(job) + "COMMIT;")
    }

    /// Stops with their lines in the ledger, in the order in which they came; who takes part.
    func close(on connection: Connection) async throws {
        try await connection.script("BEGIN; " + stops + "COMMIT;")
        guard isLast else { return }
        try await connection.script(
            """
            INSERT INTO participation (organisation_id, member_id, campaign_id, sent)
            SELECT organisation_id, id, '\(id.text)', 0 FROM member
            WHERE organisation_id = \(house) AND role = 'texter';
            """)
    }

    private func recipients(_ from: Int, _ end: Int) -> String {
        let consent =
            number == 1
            ? """
            INSERT INTO consent (organisation_id, contact_id, import_id, row_number, source, wording,
                recorded_at)
            SELECT \(house), contact, \(list), i + 1, 'made up for a bench', 'made up',
                \(launchedAt) - interval '10 min'
            FROM seed_person WHERE i >= \(from) AND i < \(end) ORDER BY i;
            """ : ""
        return """
            INSERT INTO recipient (organisation_id, contact_id, campaign_id, lane_id, position,
                message_id, segments)
            SELECT \(house), p.contact, '\(id.text)', import_uuid('\(lanes)', z.place, 3),
                (p.i / 100) * z.areas + p.i % 100 - z.first_area + 1,
                import_uuid('\(texts)', p.i, 0), 1
            FROM seed_person p JOIN seed_zone z ON z.zone_set = p.zone_set
            WHERE p.i >= \(from) AND p.i < \(end) ORDER BY p.i;
            \(consent)
            """
    }

    /// What became of each text, by its number: fate 1 accepted, 2 rejected, 3 accepted at the
    /// second try, 4 settled, 5 in doubt, 12 suppressed, 13 expired, 14 cancelled.
    private func people(_ from: Int, _ end: Int) -> String {
        let step = BenchTown.sending / Double(max(1, drawn))
        let seed = number * 7_919
        return """
            CREATE TEMP TABLE seed_text ON COMMIT DROP AS
            SELECT *, CASE WHEN fate NOT IN (1, 3, 4) THEN 0 WHEN v < 96000 THEN 4 WHEN v < 98500 THEN 5
                    ELSE 0 END AS report,
                fate = 2 OR fate IN (1, 3, 4) AND v >= 96000 AND v < 98500 AS is_failed,
                (ARRAY['30006', '30003', '30005', '30007'])[(1 + v % 4)::int] AS code,
                fate IN (1, 3, 4) AND v < 96000 AND r < \(Int(town.plan.replies * 100_000)) AS replies,
                fate IN (1, 3, 4) AND v < 96000 AND r < \(Int(town.plan.stops * 100_000)) AS stops,
                least(at + (60 + r % 2400) * interval '1 s', \(launchedAt)
                    + interval '\(Int(BenchTown.sending) + 55) s') AS reply_at
            FROM (
                SELECT p.*, import_uuid('\(texts)', p.i, 0) AS message,
                    \(launchedAt) + p.i * interval '\(step) s' AS at,
                    CASE WHEN p.is_out THEN 12 WHEN u < 100 THEN 13 WHEN u < 150 THEN 14
                        WHEN u < 1150 THEN 2 WHEN u < 1250 THEN 3 WHEN u < 1300 THEN 4
                        WHEN u < 1310 THEN 5 ELSE 1 END AS fate
                FROM (SELECT *, (hashint8extended(i, \(seed)) & 9223372036854775807) % 100000 AS u,
                        (hashint8extended(i, \(seed + 1)) & 9223372036854775807) % 100000 AS v,
                        (hashint8extended(i, \(seed + 2)) & 9223372036854775807) % 100000 AS r
                    FROM seed_person
                    WHERE i >= \(from) AND i < least(\(end), \(drawn))) p
            ) t ORDER BY i;

            """
    }

    private var facts: String {
        """
        INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id, sender_id, body,
            segments, zone_set, script_version, author_id, act, created_at)
        SELECT \(house), message, 1, contact, '\(id.text)', sender,
            CASE fate WHEN 12 THEN '' ELSE 'Hi ' || name || ', Sam here from Bench Campaign. Can you join us? Reply STOP to opt out.' END,
            1, zone_set, 1, texter, \(Self.uuid("at", 8)), at FROM seed_text ORDER BY i;
        INSERT INTO attempt (organisation_id, message_id, n, verdict, reason, sender_id, worker,
            epoch, slot_at, deadline)
        SELECT \(house), message, 1, CASE WHEN fate > 10 THEN fate - 10 ELSE 1 END,
            (ARRAY['opted_out', 'send_before', 'campaign_ended'])[fate - 11],
            CASE WHEN fate < 10 THEN sender END,
            CASE WHEN fate < 10 THEN '\(Self.worker)'::uuid END,
            CASE WHEN fate < 10 THEN 1 END, CASE WHEN fate < 10 THEN at END,
            CASE WHEN fate < 10 THEN at + interval '62 s' END
        FROM seed_text ORDER BY i;
        INSERT INTO outcome (organisation_id, message_id, n, result, provider_id, code, closed_at)
        SELECT \(house), message, 1,
            CASE fate WHEN 2 THEN 2 WHEN 3 THEN 3 WHEN 4 THEN 4 WHEN 5 THEN 4 ELSE 1 END,
            CASE fate WHEN 1 THEN 'SM' || md5(message::text) END,
            CASE fate WHEN 2 THEN '21614' WHEN 3 THEN '20429' WHEN 4 THEN 'curl-28'
                WHEN 5 THEN 'curl-28' END, at + interval '0.2 s'
        FROM seed_text WHERE fate < 10 ORDER BY i;
        INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
            slot_at, deadline)
        SELECT \(house), message, 2, 1, sender, '\(Self.worker)', 1, at + interval '5 s',
            at + interval '67 s'
        FROM seed_text WHERE fate = 3 ORDER BY i;
        INSERT INTO outcome (organisation_id, message_id, n, result, provider_id, closed_at)
        SELECT \(house), message, 2, 1, 'SM' || md5(message::text), at + interval '5.2 s'
        FROM seed_text WHERE fate = 3 ORDER BY i;
        INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id, settled_at)
        SELECT \(house), message, 1, 1, 'callback', 'SM' || md5(message::text),
            at + interval '9 s' FROM seed_text WHERE fate = 4 ORDER BY i;
        INSERT INTO receipt (organisation_id, message_id, n, status, code, provider_id, received_at)
        SELECT \(house), message, CASE fate WHEN 3 THEN 2 ELSE 1 END, report,
            CASE report WHEN 5 THEN code END, 'SM' || md5(message::text), at + interval '8 s'
        FROM seed_text WHERE report > 0 ORDER BY i;

        """
    }

    /// What people wrote back, and what we answered: a stop's confirmation at once, others by a
    /// texter's press a minute later.
    private var replies: String {
        """
        INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id,
            needs_reply_since, done_at, last_inbound_at, last_outbound_at, snippet, created_at)
        SELECT \(house), conversation, contact, sender, '\(id.text)',
            CASE WHEN NOT stops AND \(waits) THEN reply_at END,
            CASE WHEN stops OR NOT \(waits) THEN reply_at + interval '1 min' END, reply_at,
            CASE WHEN NOT stops AND NOT \(waits) THEN reply_at + interval '1 min' END,
            CASE WHEN stops THEN 'STOP' ELSE 'Yes! what time?' END, reply_at
        FROM seed_text WHERE replies ORDER BY i
        ON CONFLICT (organisation_id, contact_id, sender_id) DO UPDATE SET
            campaign_id = excluded.campaign_id, needs_reply_since = excluded.needs_reply_since,
            done_at = excluded.done_at, last_inbound_at = excluded.last_inbound_at,
            last_outbound_at = excluded.last_outbound_at, snippet = excluded.snippet;
        INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id, conversation_id,
            sender_id, body, segments, zone_set, meaning, meaning_action, meaning_rule,
            meaning_version, provider_id, created_at)
        SELECT \(house), \(Self.uuid("reply_at", 6)), 6, contact, '\(id.text)', conversation, sender,
            CASE WHEN stops THEN 'STOP' ELSE 'Yes! what time?' END, 1, zone_set,
            CASE WHEN stops THEN 'opt_out' ELSE 'none' END,
            CASE WHEN stops THEN 'act' ELSE 'none' END, 'bench', 'bench',
            'SMin' || md5(message::text), reply_at
        FROM seed_text WHERE replies ORDER BY i;
        CREATE TEMP TABLE seed_ours ON COMMIT DROP AS
        SELECT *, CASE WHEN stops THEN 3 ELSE 2 END AS kind,
            CASE WHEN stops THEN reply_at + interval '1 s' ELSE reply_at + interval '1 min' END AS ours_at
        FROM seed_text WHERE replies AND (stops OR NOT \(waits));
        INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id, conversation_id,
            sender_id, body, segments, zone_set, author_id, act, created_at)
        SELECT \(house), \(Self.uuid("ours_at", 2)), kind, contact, '\(id.text)', conversation,
            sender, CASE kind WHEN 3 THEN 'You will get no more texts from us.'
                ELSE 'Great! 11:00 at the library.' END, 1, zone_set,
            CASE kind WHEN 2 THEN texter END,
            CASE kind WHEN 2 THEN \(Self.uuid("ours_at", 9)) END, ours_at
        FROM seed_ours ORDER BY i;
        INSERT INTO act (organisation_id, key, member_id, message_id, pressed_at)
        SELECT \(house), \(Self.uuid("ours_at", 9)), texter, \(Self.uuid("ours_at", 2)), ours_at
        FROM seed_ours WHERE kind = 2 ORDER BY i;
        INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
            slot_at, deadline)
        SELECT \(house), \(Self.uuid("ours_at", 2)), 1, 1, sender, '\(Self.worker)', 1, ours_at,
            ours_at + interval '62 s' FROM seed_ours ORDER BY i;
        INSERT INTO outcome (organisation_id, message_id, n, result, provider_id, closed_at)
        SELECT \(house), \(Self.uuid("ours_at", 2)), 1, 1, 'SMre' || md5(message::text),
            ours_at + interval '0.2 s' FROM seed_ours ORDER BY i;
        INSERT INTO seed_stop SELECT contact, \(Self.uuid("reply_at", 6)), conversation, reply_at
        FROM seed_text WHERE stops;
        UPDATE seed_person p SET is_out = true FROM seed_text t WHERE t.i = p.i AND t.stops;

        """
    }

    /// Six in ten of those who write and do not stop are recorded as coming, or not.
    private func answers(_ job: Int) -> String {
        """
        INSERT INTO recorded_answer (organisation_id, id, campaign_id, contact_id, conversation_id,
            question, value, at)
        SELECT \(house), \(Self.uuid("reply_at", 4)), '\(id.text)', contact, conversation, 'Coming',
            (ARRAY['Yes', 'Yes', 'Yes', 'No', 'No', 'Maybe'])[(1 + v % 6)::int], reply_at + interval '1 min'
        FROM seed_ours WHERE NOT stops AND v % 10 < 6 ORDER BY i;
        INSERT INTO answer_tally (organisation_id, campaign_id, question, value, slot, people)
        SELECT \(house), '\(id.text)', 'Coming',
            (ARRAY['Yes', 'Yes', 'Yes', 'No', 'No', 'Maybe'])[(1 + v % 6)::int], \(job), count(*)
        FROM seed_ours WHERE NOT stops AND v % 10 < 6 GROUP BY 4
        ON CONFLICT (organisation_id, campaign_id, question, value, slot)
        DO UPDATE SET people = answer_tally.people + excluded.people;

        """
    }

    /// Totals as the product counts them: kinds of `TallyKind`.
    private func totals(_ job: Int) -> String {
        """
        INSERT INTO tally (organisation_id, campaign_id, minute, kind, writer, amount)
        SELECT \(house), '\(id.text)', date_trunc('minute', t.at), t.kind, '\(Self.writer(job))', count(*)
        FROM seed_text s CROSS JOIN LATERAL (VALUES
            (s.at, CASE WHEN true THEN 1 END),
            (s.at, CASE s.fate WHEN 1 THEN 2 WHEN 3 THEN 2 WHEN 2 THEN 3 WHEN 4 THEN 8 WHEN 5 THEN 8
                WHEN 12 THEN 4 WHEN 13 THEN 5 WHEN 14 THEN 6 END),
            (s.at, CASE s.fate WHEN 3 THEN 7 WHEN 4 THEN 9 WHEN 2 THEN 51 END),
            (s.at, CASE WHEN s.fate IN (1, 3) THEN 40 END),
            (s.at, CASE s.report WHEN 4 THEN 20 WHEN 5 THEN 21 END),
            (s.at, CASE WHEN s.report = 5 THEN CASE s.code WHEN '30006' THEN 51
                WHEN '30007' THEN 53 ELSE 52 END END),
            (s.reply_at, CASE WHEN s.replies THEN 30 END),
            (s.reply_at, CASE WHEN s.replies THEN 33 END),
            (s.reply_at, CASE WHEN s.stops THEN 31 END)) AS t(at, kind)
        WHERE t.kind IS NOT NULL GROUP BY 3, 4
        ON CONFLICT (organisation_id, campaign_id, minute, kind, writer)
        DO UPDATE SET amount = tally.amount + excluded.amount;

        """
    }

    /// In the order in which they came.
    private var stops: String {
        """
        UPDATE contact c SET opted_out_at = s.at FROM seed_stop s
        WHERE c.organisation_id = \(house) AND c.id = s.contact;
        DO $$
        DECLARE
            stop seed_stop%ROWTYPE;
        BEGIN
            FOR stop IN SELECT * FROM seed_stop ORDER BY at, contact LOOP
                PERFORM seed_line(stop.at, 'stop', stop.contact, jsonb_build_object(
                    'source', 'text', 'message', stop.message, 'conversation', stop.conversation,
                    'rule', 'bench', 'version', 'bench', 'already_out', false,
                    'received_at', extract(epoch FROM stop.at),
                    'effective_at', extract(epoch FROM stop.at + interval '5 ms'),
                    'in_flight', '[]'::jsonb));
            END LOOP;
        END $$;
        TRUNCATE seed_stop;

        """
    }

    /// Nobody has answered one in two hundred of those who wrote in the live campaign.
    private var waits: String { isLast ? "(r % 200 = 7)" : "false" }
    /// An incarnation that never ran.
    private static let worker = "01900000-0000-7000-8000-0000000000be"
    /// Totals are kept per writer, so that connections never wait for each other's.
    private static func writer(_ job: Int) -> String {
        "01900000-0000-7000-8000-00000000be" + (job < 10 ? "0" : "") + "\(job)"
    }

    /// An id of that instant for the text's person; `salt` tells kinds apart.
    private static func uuid(_ at: String, _ salt: Int) -> String {
        "import_uuid(lpad(to_hex((extract(epoch FROM \(at)) * 1000)::bigint), 12, '0') || '7', i, \(salt))"
    }
}

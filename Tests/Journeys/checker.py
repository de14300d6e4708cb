"""The independent checker: the carrier's log and the database against the seven promises.

Every check is a function that returns sentences; none means that the promise held. They ask the
tables in plain SQL and the carrier's own log, never the gateway.

Use alone: checker.py DATABASE_URL CARRIER_LOG
"""

import hashlib
import json
import sys
from collections import Counter, defaultdict

from carrier_log import CarrierLog
from database import Database

# Nothing is handed to the kernel later than this after a stop is committed (DESIGN 1, P3).
STOP_US = 2_000_000
# Between our gate and the carrier's clock lie two schedulers on a busy machine.
JITTER_US = 250_000

GO, ACCEPTED, REJECTED, UNSENT, UNKNOWN, CONFIRMATION = 1, 1, 2, 3, 4, 3


def text_twice(log, _):
    """P1: the carrier took no text twice, by the attempt's id and by words and recipient."""
    found = []
    by_message = Counter(line.message for line in log.accepted if line.message)
    for message, count in by_message.items():
        if count > 1:
            found.append(f"text {message} was accepted {count} times")
    by_words = Counter((line.to, line.body) for line in log.accepted)
    for (_, body), count in by_words.items():
        # Journeys make first texts unique by a merge field; answers may repeat.
        if count > 1 and "#" in body:
            found.append(f"the same words to the same person were accepted {count} times")
    return found


def sent_without_attempt(log, db):
    """P1: whatever the carrier took was committed before, and never called unsent or rejected."""
    attempts = {
        (message, int(n)): (int(verdict), result and int(result))
        for message, n, verdict, result in db.rows(
            "SELECT a.message_id, a.n, a.verdict, o.result FROM attempt a LEFT JOIN outcome o"
            " USING (organisation_id, message_id, n)")
    }
    found = []
    for line in log.accepted:
        if line.message is None:
            found.append(f"text {line.sid} carried no attempt id")
            continue
        verdict, result = attempts.get((str(line.message), line.n), (None, None))
        if verdict != GO:
            found.append(f"text {line.message} was sent without a committed attempt {line.n}")
        elif result in (UNSENT, REJECTED):
            found.append(f"try {line.n} of text {line.message} was accepted, but is closed as "
                         + ("unsent" if result == UNSENT else "rejected"))
    return found


def accepted_without_text(log, db):
    """P2: whatever we call accepted is in the carrier's log, under that id."""
    ours = {line.sid: str(line.message) for line in log.accepted}
    found = []
    for message, provider_id in db.rows(
            "SELECT message_id, provider_id FROM outcome WHERE result = 1"
            " UNION ALL SELECT message_id, provider_id FROM settlement WHERE result = 1"
            " AND how <> 'person'"):
        if ours.get(provider_id) != message:
            found.append(f"text {message} is called accepted, the carrier knows nothing of it")
    return found


def texted_after_stop(log, db):
    """P3: after a stop's commit nothing but one confirmation, 2 s of grace for what was leaving."""
    kinds = dict(db.rows("SELECT id, kind FROM message WHERE kind <> 6"))
    lines = defaultdict(list)
    for line in log.accepted:
        lines[line.to].append(line)
    spells = defaultdict(list)
    for number, kind, committed in db.rows(
            "SELECT c.number, l.kind,"
            " (extract(epoch FROM coalesce(pg_xact_commit_timestamp(l.xmin), l.at)) * 1000000)::bigint"
            " FROM ledger l JOIN contact c ON c.organisation_id = l.organisation_id"
            " AND c.id = l.contact_id WHERE l.kind IN ('stop', 'start', 'stop taken back')"
            " ORDER BY l.organisation_id, l.seq"):
        spells[number].append((kind, int(committed)))
    found = []
    for number, events in spells.items():
        found += _after_stop(events, lines[number], kinds)
    return found


def _after_stop(events, lines, kinds):
    found = []
    for index, (kind, stopped) in enumerate(events):
        if kind != "stop":
            continue
        until = next((at for k, at in events[index + 1:] if k != "stop"), 1 << 62)
        confirmations = 0
        for line in lines:
            if not stopped < line.wall_us < until:
                continue
            if int(kinds.get(str(line.message), 0)) == CONFIRMATION:
                confirmations += 1
            elif line.wall_us > stopped + STOP_US + JITTER_US:
                late = (line.wall_us - stopped) / 1e6
                found.append(f"text {line.message} was accepted {late:.2f} s after a stop")
        if confirmations > 1:
            found.append(f"one stop was confirmed {confirmations} times")
    return found


def unheard_stop(log, db):
    """P3: whoever wrote a plain STOP is opted out, unless they came back by START."""
    plain = {line.sender for line in log.inbound if line.body.strip().upper() == "STOP"}
    back = {line.sender for line in log.inbound if line.intent == "opt_in"}
    stopped = {number for number, in db.rows(
        "SELECT number FROM contact WHERE opted_out_at IS NOT NULL")}
    return [f"a person wrote STOP and is not opted out ({number[-2:]})"
            for number in sorted(plain - back - stopped)]


EQUATION = """
WITH last_try AS (
    SELECT DISTINCT ON (a.organisation_id, a.message_id) a.organisation_id, a.message_id, a.n,
        a.verdict, o.result, s.result AS settled
    FROM attempt a
    LEFT JOIN outcome o USING (organisation_id, message_id, n)
    LEFT JOIN settlement s USING (organisation_id, message_id, n)
    ORDER BY a.organisation_id, a.message_id, a.n DESC
), state AS (
    SELECT r.campaign_id, CASE
        WHEN t.verdict = 2 THEN 'suppressed' WHEN t.verdict = 3 THEN 'expired'
        WHEN t.verdict = 4 THEN 'cancelled'
        WHEN t.result = 1 OR t.settled = 1 THEN 'accepted'
        WHEN t.result = 2 OR t.settled = 2 THEN 'rejected'
        WHEN t.result = 4 THEN 'in_doubt' ELSE 'queued' END AS state
    FROM recipient r
    JOIN message m ON m.organisation_id = r.organisation_id AND m.id = r.message_id
    LEFT JOIN last_try t ON t.organisation_id = m.organisation_id AND t.message_id = m.id
)
SELECT c.id, c.name,
    (SELECT count(*) FROM recipient r WHERE r.campaign_id = c.id) AS recipients,
    (SELECT count(*) FROM recipient r WHERE r.campaign_id = c.id AND NOT EXISTS
        (SELECT FROM message m WHERE m.organisation_id = r.organisation_id AND m.id = r.message_id)
    ) AS undrawn,
    (SELECT coalesce(sum(size - next_position + 1), 0) FROM lane l WHERE l.campaign_id = c.id) AS in_lanes,
    (SELECT count(*) FROM lease l WHERE l.campaign_id = c.id) AS leased,
    coalesce((SELECT json_object_agg(state, amount) FROM
        (SELECT state, count(*) AS amount FROM state s WHERE s.campaign_id = c.id GROUP BY 1) q), '{}')
FROM campaign c
"""


def equation(_, db, status=None):
    """P2: recipients = in lanes + leased + drawn, and drawn = the sum of its states.

    `status` gives the gateway's own figures by campaign name, to be compared as well."""
    found = []
    for _id, name, recipients, undrawn, in_lanes, leased, states in db.rows(EQUATION):
        states = json.loads(states)
        drawn = sum(states.values())
        if int(recipients) != int(undrawn) + drawn:
            found.append(f"{name}: {recipients} recipients, {undrawn} undrawn and {drawn} drawn")
        if int(undrawn) != int(in_lanes) + int(leased):
            found.append(f"{name}: {undrawn} undrawn, but {in_lanes} in lanes and {leased} leased")
        for key, amount in (status(name) if status else {}).items():
            if key in ("queued", "accepted", "rejected", "suppressed", "expired", "cancelled",
                       "in_doubt") and amount != states.get(key, 0):
                found.append(f"{name}: status says {key} {amount}, the rows {states.get(key, 0)}")
            if key == "recipients" and amount != int(recipients):
                found.append(f"{name}: status says {amount} recipients, the rows {recipients}")
    return found


def lost_text(_, db):
    """P2: an open text is in the outbox or in flight, and never in the outbox twice."""
    waiting = Counter(message for message, in db.rows(
        "SELECT unnest(message_ids[taken + 1:]) FROM outbox"))
    found = [f"text {message} waits {count} times" for message, count in waiting.items() if count > 1]
    for message, in db.rows(
            "SELECT m.id FROM message m LEFT JOIN LATERAL (SELECT a.n, a.verdict FROM attempt a"
            " WHERE a.organisation_id = m.organisation_id AND a.message_id = m.id"
            " ORDER BY n DESC LIMIT 1) a ON true LEFT JOIN outcome o ON"
            " o.organisation_id = m.organisation_id AND o.message_id = m.id AND o.n = a.n"
            " WHERE m.kind <> 6 AND (a.n IS NULL OR (a.verdict = 1 AND o.result = 3))"):
        if message not in waiting:
            found.append(f"text {message} is open, but in no outbox and not in flight")
    return found


def reply_lost(log, db):
    """P6: every reply stands in exactly one conversation with that person on that number."""
    rows = defaultdict(list)
    for provider_id, number, ours in db.rows(
            "SELECT m.provider_id, c.number, s.number FROM message m"
            " LEFT JOIN conversation v ON v.organisation_id = m.organisation_id"
            " AND v.id = m.conversation_id AND v.contact_id = m.contact_id"
            " LEFT JOIN contact c ON c.organisation_id = m.organisation_id AND c.id = v.contact_id"
            " LEFT JOIN sender s ON s.organisation_id = v.organisation_id AND s.id = v.sender_id"
            " WHERE m.kind = 6"):
        rows[provider_id].append((number, ours))
    found = []
    for line in log.inbound:
        if rows[line.sid] != [(line.sender, line.to)]:
            found.append(f"reply {line.sid} stands in {len(rows[line.sid])} conversations of its own")
    return found


def chain_broken(_, db):
    """P7: hashes link every line to the one before (RFC 9162 leaf: SHA-256 of 0x00 and the entry)."""
    found = []
    heads = {}
    for organisation, seq, entry, prev, digest in db.rows(
            "SELECT organisation_id, seq, entry, encode(prev_hash, 'hex'), encode(hash, 'hex')"
            " FROM ledger ORDER BY organisation_id, seq"):
        last_seq, last = heads.get(
            organisation, (0, hashlib.sha256(b"barnstorm ledger, version 1").hexdigest()))
        body = json.loads(entry)
        good = (int(seq) == last_seq + 1 and prev == last and body["prev"] == prev
                and body["seq"] == int(seq)
                and hashlib.sha256(b"\0" + entry.encode()).hexdigest() == digest)
        if not good:
            found.append(f"line {seq} of organisation {organisation} breaks the chain")
        heads[organisation] = (int(seq), digest)
    return found


def rate_exceeded(log, db, jitter_us=JITTER_US):
    """P4: no number exceeds its segments per second, by the carrier's clock.

    Each text may come when the ones before it have been paid for; `jitter_us` is what a scheduler
    may shift one arrival against another."""
    rates = {number: float(rate) for number, rate in db.rows(
        "SELECT number, segments_per_second FROM sender")}
    found = []
    due = {}
    for line in sorted(log.accepted, key=lambda line: line.boot_us):
        expected = due.get(line.sender, 0)
        if line.boot_us < expected - jitter_us:
            early = (expected - line.boot_us) / 1e6
            found.append(f"text {line.message} came {early:.3f} s too early for its number")
        cost = line.segments / rates.get(line.sender, 1e-9) * 1e6
        due[line.sender] = max(expected, line.boot_us) + cost
    return found


CHECKS = [
    text_twice, sent_without_attempt, accepted_without_text, texted_after_stop, unheard_stop,
    equation, lost_text, reply_lost, chain_broken, rate_exceeded,
]


def check(log, db, checks=CHECKS, **more):
    """All findings as `check: sentence`; the empty list is a clean run."""
    found = []
    for one in checks:
        arguments = {"status": more["status"]} if one is equation and "status" in more else {}
        found += [f"{one.__name__}: {sentence}" for sentence in one(log, db, **arguments)]
    return found


def main():
    if len(sys.argv) != 3:
        print("checker: use checker.py DATABASE_URL CARRIER_LOG", file=sys.stderr)
        sys.exit(64)
    found = check(CarrierLog.read(sys.argv[2]), Database(sys.argv[1]))
    print("\n".join(found) or "Every promise held.")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

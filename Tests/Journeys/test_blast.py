"""A blast through a faulty carrier, with the worker killed and PostgreSQL restarted.

Short by default; BARNSTORM_FULL=1 is 20,000 people, ten kills and three restarts. The seed is
printed; BARNSTORM_SEED repeats a run.
"""

import os
import random
import signal
import time


import campaigns
import checker
from house import IS_FULL, wait_until

SEED = int(os.environ.get("BARNSTORM_SEED", random.randrange(1 << 30)))

FAULTS = {
    "faults": {"shares": {"reset_after": 0.02, "throttle": 0.02, "error_before": 0.005,
                          "error_after": 0.005}, "retry_after_seconds": 1},
    "webhooks": {"duplicate": 0.05, "reorder": 0.1, "forge": 0.01},
    "receipts": {"sent_milliseconds": 50, "final_milliseconds": 300, "jitter_milliseconds": 300},
}
FULL = {"people": 20_000, "senders": 40, "rate": 10, "replies": 0.05, "stops": 0.02}
SHORT = {"people": 500, "senders": 10, "rate": 2, "replies": 0.2, "stops": 0.08}
SIZE = FULL if IS_FULL else SHORT


def begin(house):
    print("seed", SEED)
    people = {"replies": SIZE["replies"], "stops": SIZE["stops"], "after_milliseconds": 300,
              "jitter_milliseconds": 1_000}
    house.start_all("--seed", str(SEED), knobs={**FAULTS, "people": people})
    campaigns.set_up(house, SIZE["people"], SIZE["senders"], SIZE["rate"], SEED)
    house.start_worker()
    campaigns.launch(house)


def remaining(house):
    """Undrawn and waiting texts: 0 once everything has left or is closed."""
    return int(house.db.value(
        "SELECT (SELECT coalesce(sum(size - next_position + 1), 0) FROM lane)"
        " + (SELECT coalesce(sum(cardinality(message_ids) - taken), 0) FROM outbox)"))


def unread(house):
    """Replies in the carrier's log that stand in no table yet."""
    known = {row[0] for row in house.db.rows("SELECT provider_id FROM message WHERE kind = 6")}
    return {line.sid for line in house.carrier_log().inbound} - known


def finish(house):
    """Waits for the end, stops in good order, and asks the checker and the gateway's own audit."""
    seconds = 900 if IS_FULL else 180
    wait_until(lambda: remaining(house) == 0, seconds, "no text waits any more")
    assert house.carrier_is_idle(), "the carrier has webhooks left"
    wait_until(lambda: remaining(house) == 0, 60, "no answer waits any more")
    house.carrier_is_idle()
    # What people wrote while PostgreSQL was away is read back from the carrier's list.
    wait_until(lambda: not unread(house), 150, "every reply has been read")
    wait_until(lambda: remaining(house) == 0, 60, "no confirmation waits any more")
    assert house.kill("worker", signal.SIGTERM) == 0
    house.carrier_is_idle()
    log = house.carrier_log()
    found = checker.check(log, house.db, status=lambda name: house.json("campaign", "status", name))
    assert found == [], "\n".join(found)
    house.run("audit", "verify")
    return log


def first_texts(log):
    return sum(1 for line in log.accepted if "#" in line.body)


def test_a_blast_through_a_faulty_carrier(house):
    begin(house)

    log = finish(house)

    # Every person was reached once, but for those whom a fault refused or a stop spared.
    assert first_texts(log) >= SIZE["people"] * 0.9
    assert len(log.inbound) > 0
    stops = int(house.db.value("SELECT count(*) FROM ledger WHERE kind = 'stop'"))
    assert stops > 0


def test_a_blast_with_kills_and_restarts(house):
    kills, restarts = (10, 3) if IS_FULL else (3, 1)
    rng = random.Random(SEED)
    events = ["kill"] * kills + ["restart"] * restarts
    rng.shuffle(events)
    begin(house)

    for event in events:
        time.sleep(rng.uniform(1, 12) if IS_FULL else rng.uniform(1, 4))
        if event == "kill":
            house.kill("worker", signal.SIGKILL)
            house.start_worker()
        else:
            house.postgres.stop()
            house.postgres.start()
            house.wait_for_web()

    log = finish(house)
    assert first_texts(log) >= SIZE["people"] * 0.8

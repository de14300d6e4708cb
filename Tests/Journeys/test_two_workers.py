"""A number's rate holds whoever sends: two workers, one killed, stopped and continued.

By the carrier's clock, over every accepted text. Short: each disturbance lasts seconds; BARNSTORM_FULL=1
stops a worker for a whole minute, longer than its lease.
"""

import os
import random
import signal
import time

import campaigns
import checker
from house import IS_FULL, wait_until
from test_blast import remaining

SEED = int(os.environ.get("BARNSTORM_SEED", random.randrange(1 << 30)))
PEOPLE, STOPPED = (2_400, 60) if IS_FULL else (240, 15)
# People are silent here: what is tested is the pace.
KNOBS = {"people": {"replies": 0, "stops": 0}, "receipts": {"final_milliseconds": 100}}


def test_two_workers_never_exceed_a_rate(house):
    print("seed", SEED)
    house.start_all("--seed", str(SEED), knobs=KNOBS)
    campaigns.set_up(house, PEOPLE, senders=6, rate=1, seed=SEED)
    house.start_worker("one")
    house.start_worker("two")
    campaigns.launch(house)
    wait_until(lambda: len(house.carrier_log().accepted) > 10, 60, "first texts")

    # Stopped while it believes in its leases; the other takes its numbers over meanwhile.
    one = house.children["one"]
    one.send_signal(signal.SIGSTOP)
    time.sleep(STOPPED)
    one.send_signal(signal.SIGCONT)
    time.sleep(5)
    # Killed without a word, and replaced at once.
    house.kill("two", signal.SIGKILL)
    house.start_worker("two")
    wait_until(lambda: remaining(house) == 0, 900 if IS_FULL else 150, "no text waits any more")
    house.carrier_is_idle()
    for name in ("one", "two"):
        assert house.kill(name, signal.SIGTERM) == 0

    log = house.carrier_log()
    assert len(log.accepted) >= PEOPLE * 0.9
    found = checker.check(log, house.db)
    assert found == [], "\n".join(found)


def test_a_graceful_stop_hands_everything_on(house):
    house.start_all("--seed", str(SEED), knobs=KNOBS)
    campaigns.set_up(house, 60, senders=3, rate=1, seed=SEED)
    house.start_worker("one")
    campaigns.launch(house)
    wait_until(lambda: len(house.carrier_log().accepted) > 5, 60, "first texts")

    began = time.monotonic()
    assert house.kill("one", signal.SIGTERM) == 0
    print(f"stopped in good order after {time.monotonic() - began:.1f} s")

    # Nothing of it is in doubt, and the next worker goes on at once.
    assert house.db.value("SELECT count(*) FROM outcome WHERE result = 4") == "0"
    house.start_worker("two")
    wait_until(lambda: len(house.carrier_log().accepted) == 60, 90, "all texts")
    house.carrier_is_idle()
    assert checker.check(house.carrier_log(), house.db) == []

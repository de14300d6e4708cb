"""A database that is put back to an earlier moment: nobody is texted twice, no stop is forgotten.

The disk is copied in the middle of a blast and put back later, as from a backup or an asynchronous
standby. What happened between stands only in the carrier's own list.
"""

import os
import random
import shutil
import signal
import subprocess

import campaigns
import checker
from house import wait_until
from test_blast import first_texts, remaining

SEED = int(os.environ.get("BARNSTORM_SEED", random.randrange(1 << 30)))
KNOBS = {"people": {"replies": 0.2, "stops": 0.2, "after_milliseconds": 200,
                    "jitter_milliseconds": 300},
         "receipts": {"final_milliseconds": 100}}


def copy(house, source, target):
    """The cluster's files, which stand still meanwhile."""
    shutil.rmtree(house.scratch / "pg" / target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(house.scratch / "pg" / source),
                    str(house.scratch / "pg" / target)], check=True)


def test_a_restored_database_rests_until_the_list_is_read_back(house):
    print("seed", SEED)
    house.start_all("--seed", str(SEED), knobs=KNOBS)
    campaigns.set_up(house, 120, senders=4, rate=1, seed=SEED)
    house.start_worker()
    campaigns.launch(house)
    wait_until(lambda: len(house.carrier_log().accepted) > 20, 60, "first texts")

    # The backup.
    house.kill("worker", signal.SIGTERM)
    house.kill("web", signal.SIGTERM)
    house.postgres.stop()
    copy(house, "data", "backup")
    house.postgres.start()
    house.start_web()
    house.start_worker()
    before = len(house.carrier_log().accepted)
    wait_until(lambda: len(house.carrier_log().accepted) > before + 30, 60, "texts after it")
    wait_until(lambda: house.db.value(
        "SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL") != "0", 30, "a stop")

    # The disaster, and the restore.
    house.kill("worker", signal.SIGKILL)
    assert house.carrier_is_idle()
    house.kill("web", signal.SIGTERM)
    house.postgres.stop()
    copy(house, "backup", "data")
    house.postgres.start()
    sent = len(house.carrier_log().accepted)
    house.start_web()
    house.start_worker()

    resting = "SELECT count(*) FROM sender WHERE quarantined_at IS NOT NULL"
    wait_until(lambda: house.db.value(resting) == "4", 30, "all numbers in quarantine")
    doctor = house.command("doctor")
    assert doctor.returncode == 1
    assert "WRONG  quarantine: 4 numbers rest" in doctor.stdout
    assert len(house.carrier_log().accepted) == sent

    house.run("sender", "release")
    assert house.db.value(resting) == "0"
    house.carrier_is_idle()
    wait_until(lambda: remaining(house) == 0, 150, "no text waits any more")
    house.carrier_is_idle()
    wait_until(lambda: remaining(house) == 0, 60, "no answer waits any more")
    assert house.kill("worker", signal.SIGTERM) == 0

    log = house.carrier_log()
    # A confirmation that was forgotten is bound to the one that its stop causes anew, so ids of ours
    # may differ from those the carrier was told; its own ids must all be there, each once.
    by_id = (checker.sent_without_attempt, checker.accepted_without_text)
    found = checker.check(
        log, house.db, checks=[one for one in checker.CHECKS if one not in by_id])
    assert found == [], "\n".join(found)
    ours = [sid for sid, in house.db.rows(
        "SELECT provider_id FROM outcome WHERE result = 1"
        " UNION ALL SELECT provider_id FROM settlement WHERE result = 1")]
    assert sorted(ours) == sorted(line.sid for line in log.accepted)
    assert first_texts(log) >= 100
    house.run("audit", "verify")

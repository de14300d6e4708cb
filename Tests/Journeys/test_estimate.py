"""What an estimate says before the launch, and what the carrier's log says afterwards.

Three lists at once, each with a pool of its own: one number and plain texts; thin numbers, long and
accented texts and people who are out; a pace by the minute. Compared to the text and to the cent; the
finishing time within a bound whose parts are named below. BARNSTORM_FULL=1 takes four times the people.
"""

import csv
import datetime
import os
import random
import time

import campaigns
from house import IS_FULL, wait_until

SEED = int(os.environ.get("BARNSTORM_SEED", random.randrange(1 << 30)))
KNOBS = {"people": {"replies": 0, "stops": 0}, "receipts": {"final_milliseconds": 100}}
PRICE = 0.0079
SCALE = 4 if IS_FULL else 1

# name: people, numbers of its pool, segments a second of each, first texts a minute, and how many of
# three texts are long and accented
LISTS = {
    "Plain": (240 * SCALE, 1, 8, None, 0),
    "Mixed": (240 * SCALE, 6, 2, None, 1),
    "Paced": (160 * SCALE, 2, 20, 240, 0),
}
SCRIPT = ("Hi {first_name}, it's Dana with Riverside Neighbors. {more|We} meet on Saturday at eleven "
          "in the library on Main Street to talk about the new bus line. Reply STOP to opt out.")

# The launch is seen by a worker within a second, the first text leaves within two (DESIGN, section 8);
# slots lie up to a second ahead; a second for the clocks of three processes.
START_UP = 4.0
# What a busy machine may take in all. Each list is planned to take half a minute and more, so that an
# estimate of two thirds of the time is found out all the same.
BUSY = 5.0
# Numbers whose people come late in the list idle meanwhile: the draw keeps three seconds' worth of
# texts of the whole pool in the outbox, not of each number.
IDLE = 0.15


def write_list(path, numbers, postal_code, dear, rng):
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["first_name", "cell", "zip", "more", "consent_at"])
        for index, number in enumerate(numbers):
            more = "Siân, Ŵyn and all of us from the reading room" if index % 3 < dear else ""
            rows.writerow([rng.choice(["Kit", "Robin", "Alexandra"]), number,
                           postal_code, more, "2026-01-15"])


def set_up(house):
    """Three drafts with their lists; gives the people of each."""
    rng = random.Random(SEED)
    house.run("organisation", "add", "Riverside Neighbors", "--paced-allowed",
              *[word for country in ("US", "GU", "GB") for word in ("--country", country)])
    total = sum(people for people, *_ in LISTS.values())
    where = campaigns.awake()
    pool, people_of = campaigns.numbers(total + total // 10, SEED, where), {}
    for place, (name, (people, numbers, rate, minute, dear)) in enumerate(LISTS.items()):
        ours = [f"+1500555{1000 + place * 100 + index}" for index in range(numbers)]
        house.run("sender", "add", *ours, "--pool", name, "--rate", str(rate), "--registration",
                  "campaign=journey")
        house.run("campaign", "create", name, "--mode", "paced", "--pool", name, "--price",
                  str(PRICE), "--script", SCRIPT,
                  *(["--per-minute", str(minute)] if minute else []))
        people_of[name], pool = pool[:people], pool[people:]
        path = house.scratch / f"{name}.csv"
        write_list(path, people_of[name], where[2], dear, rng)
        report = house.json("contacts", "import", str(path), "--campaign", name, "--consent",
                            "fictional people of a test", "--consent-wording", "Yes, text me.")
        assert report["good"] == people, report
    # Some of the second list stopped long ago.
    out = ", ".join(f"'{number}'" for number in people_of["Mixed"][::9])
    house.db.psql(f"UPDATE contact SET opted_out_at = now() WHERE number IN ({out})")
    return people_of


def wait_for_room_in_the_minute():
    """A pace by the minute begins anew with each: estimate and launch must lie in the same one."""
    second = time.time() % 60
    if second > 40:
        time.sleep(61 - second)


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_an_estimate_holds(house):
    print("seed", SEED)
    house.start_all("--seed", str(SEED), knobs=KNOBS)
    people_of = set_up(house)
    house.start_worker()
    estimates, began = {}, {}
    for name, (_, _, _, minute, _) in LISTS.items():
        house.run("campaign", "estimate", name)  # counted
        if minute:
            wait_for_room_in_the_minute()
        estimates[name] = house.json("campaign", "estimate", name)
        house.run("campaign", "launch", name)
        began[name] = float(house.db.value(
            f"SELECT extract(epoch FROM launched_at) FROM campaign WHERE name = '{name}'"))
    expected = sum(each["people"] for each in estimates.values())
    wait_until(lambda: len(house.carrier_log().accepted) >= expected, 600 if IS_FULL else 120,
               f"{expected} texts at the carrier")
    house.carrier_is_idle()

    log = house.carrier_log()
    wrong = []
    for name, estimate in estimates.items():
        mine = set(people_of[name])
        sent = [each for each in log.accepted if each.to in mine]
        segments = sum(each.segments for each in sent)
        planned = instant(estimate["ends_at"]) - instant(estimate["starts_at"])
        took = max(each.wall_us for each in sent) / 1e6 - began[name]
        print(f"{name}: {len(sent)} texts (estimate {estimate['people']}), {segments} segments "
              f"({estimate['segments']}), {segments * PRICE:.4f} ({estimate['price']:.4f}), "
              f"{took:.1f} s ({planned:.1f} s), launched {began[name] - instant(estimate['starts_at']):.1f} s later")
        if (len(sent), segments) != (estimate["people"], estimate["segments"]):
            wrong.append(f"{name}: {len(sent)} texts, {segments} segments; {estimate}")
        if abs(segments * PRICE - estimate["price"]) > 1e-6:
            wrong.append(f"{name}: it cost {segments * PRICE}; {estimate}")
        _, _, rate, minute, _ = LISTS[name]
        # The last text leaves when its slot begins; the estimate counts the slot.
        slot = max(each.segments for each in sent) / rate
        # A minute of the clock ends when it ends: what lay between estimate and launch is over.
        gone = began[name] - instant(estimate["starts_at"]) if minute else 0
        # Never earlier but for the clocks; never later than the named reasons make it.
        if not planned - slot - gone - 1 <= took <= planned * (1 + IDLE) + START_UP + BUSY:
            wrong.append(f"{name}: it took {took:.1f} s instead of {planned:.1f} s")
    assert wrong == [], "\n".join(wrong)
    assert estimates["Mixed"]["closed"] == len(people_of["Mixed"][::9])
    assert len({round(each["segments"] / each["people"], 2) for each in estimates.values()}) > 1

"""A campaign of people who may be texted at this hour, wherever that is."""

import csv
import datetime
import random
import zoneinfo

# Area code, zone, postal code: spread so that somewhere it is always daytime. GB stands for British
# numbers, for the hours between Guam's evening and New York's morning.
PLACES = [
    ("671", "Pacific/Guam", "96910"), ("808", "Pacific/Honolulu", "96813"),
    ("907", "America/Anchorage", "99501"), ("213", "America/Los_Angeles", "90012"),
    ("312", "America/Chicago", "60601"), ("212", "America/New_York", "10001"),
    ("GB", "Europe/London", "SW1A 1AA"),
]
SCRIPT = ("Hi {first_name}, it's Dana with Riverside Neighbors. Join us on Saturday? "
          "Your place is #{place}. Reply STOP to opt out.")


def awake(now=None):
    """The place where it is daytime and stays so the longest."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    return max(PLACES, key=lambda place: room(now, place[1]))


def room(now, zone):
    """Hours until texting closes at 20:00, 0 before 9:30."""
    local = now.astimezone(zoneinfo.ZoneInfo(zone))
    hour = local.hour + local.minute / 60
    return 20 - hour if 9.5 <= hour < 20 else 0


def numbers(count, seed, place):
    area = place[0]
    rng = random.Random(seed)
    if area == "GB":
        return [f"+447{line:09d}" for line in rng.sample(range(400_000_000, 499_999_999), count)]
    return [f"+1{area}{line}" for line in rng.sample(range(2_220_000, 9_990_000), count)
            if str(line)[1:3] != "11"]


def write_people(path, count, seed):
    """A list of `count` people, each with words of their own (#1, #2, …)."""
    place = awake()
    people = numbers(count + count // 10, seed, place)[:count]
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        # The day of consent: British numbers get no text without it.
        rows.writerow(["first_name", "cell", "zip", "place", "consent_at"])
        for index, number in enumerate(people):
            rows.writerow([f"Kit{index % 97}", number, place[2], index, "2026-01-15"])
    return people


def set_up(house, people, senders, rate, seed, mode="paced"):
    """Everything from an empty database to a campaign that waits for its launch."""
    countries = ["US", "GU", "GB"]
    house.run("organisation", "add", "Riverside Neighbors", "--paced-allowed",
              *[word for country in countries for word in ("--country", country)])
    ours = [f"+1500555{1000 + index}" for index in range(senders)]
    house.run("sender", "add", *ours, "--rate", str(rate), "--registration", "campaign=journey")
    house.run("campaign", "create", "Journey", "--mode", mode, "--script", SCRIPT)
    # More people stop here than in any real campaign, which would hold itself.
    limits = ", ".join(f'"hold_{kind}_percent": "100"' for kind in ("opt_out", "failed", "blocked"))
    house.db.psql(f"UPDATE campaign SET settings = settings || '{{{limits}}}'")
    path = house.scratch / "people.csv"
    write_people(path, people, seed)
    report = house.json("contacts", "import", str(path), "--campaign", "Journey",
                        "--consent", "fictional people of a test",
                        "--consent-wording", "Yes, text me.")
    assert report["good"] == people, report


def launch(house):
    house.run("campaign", "launch", "Journey")


def status(house):
    return house.json("campaign", "status", "Journey")

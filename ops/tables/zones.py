"""Time zones of numbers, ZIP codes and countries.

From the packages `phonenumbers` (zones by prefix), `zipcodes` (zone, state and area code of every
ZIP code) and `tzdata` (zones by country).
"""

import collections
import datetime
import importlib.resources
import zoneinfo

import phonenumbers
import zipcodes
from phonenumbers import geocoder
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS
from phonenumbers.tzdata import TIMEZONE_DATA

from automaton import Nodes
from binary import Table

# Offsets are tabulated from the first year to the last; later instants keep the last offset.
YEARS = (2022, 2050)
STEP = 3 * 86_400  # no zone has changed twice within three days since 2022
NANP = "1"
STATES = dict(pair.split(":") for pair in (
    "Alabama:AL,Alaska:AK,Arizona:AZ,Arkansas:AR,California:CA,Colorado:CO,Connecticut:CT,"
    "Delaware:DE,Florida:FL,Georgia:GA,Hawaii:HI,Idaho:ID,Illinois:IL,Indiana:IN,Iowa:IA,"
    "Kansas:KS,Kentucky:KY,Louisiana:LA,Maine:ME,Maryland:MD,Massachusetts:MA,Michigan:MI,"
    "Minnesota:MN,Mississippi:MS,Missouri:MO,Montana:MT,Nebraska:NE,Nevada:NV,New Hampshire:NH,"
    "New Jersey:NJ,New Mexico:NM,New York:NY,North Carolina:NC,North Dakota:ND,Ohio:OH,"
    "Oklahoma:OK,Oregon:OR,Pennsylvania:PA,Rhode Island:RI,South Carolina:SC,South Dakota:SD,"
    "Tennessee:TN,Texas:TX,Utah:UT,Vermont:VT,Virginia:VA,Washington D.C.:DC,"
    "Washington State:WA,West Virginia:WV,Wisconsin:WI,Wyoming:WY"
).split(","))


def country_zones():
    """Zones by ISO 3166 code, the most populous first, as in zone.tab."""
    found = collections.defaultdict(list)
    text = importlib.resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text()
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[country].append(zone)
    # Regions with numbers of their own that ISO 3166 does not list.
    found.update(XK=["Europe/Belgrade"], AC=["Atlantic/St_Helena"], TA=["Atlantic/St_Helena"])
    return found


zoneinfo.reset_tzpath(to=[])  # the package's data, not this machine's
COUNTRIES = country_zones()
ORDER = {zone: rank for rank, zone in enumerate(
    zone for country in ["US", "GB", "CA"] + sorted(COUNTRIES) for zone in COUNTRIES[country]
)}
known_offsets = {}


def offset(rules, instant):
    moment = datetime.datetime.fromtimestamp(instant, datetime.timezone.utc)
    return int(moment.astimezone(rules).utcoffset().total_seconds())


def offsets(zone):
    """The offset at the start of the table, and every change: ((instant, seconds east), ...)."""
    if zone not in known_offsets:
        rules = zoneinfo.ZoneInfo(zone)
        first, end = (
            int(datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
            for year in YEARS
        )
        changes = [(first, offset(rules, first))]
        for instant in range(first + STEP, end + STEP, STEP):
            now = offset(rules, instant)
            if now != changes[-1][1]:
                low, high = instant - STEP, instant
                while high - low > 1:
                    middle = (low + high) // 2
                    if offset(rules, middle) == changes[-1][1]:
                        low = middle
                    else:
                        high = middle
                changes.append((high, now))
        known_offsets[zone] = tuple(changes)
    return known_offsets[zone]


def homes(names):
    """The country of every name, also of the older names of a zone; none for `Etc/UTC` and the like."""
    found = {zone: country for country, zones in COUNTRIES.items() for zone in zones}
    text = importlib.resources.files("tzdata").joinpath("zoneinfo/tzdata.zi").read_text()
    older = dict(line.split()[2:0:-1] for line in text.splitlines() if line.startswith("L "))
    for name in names:
        place = name
        while place not in found and place in older:
            place = older[place]
        if place in found:
            found[name] = found[place]
    return found


def distinct(zones):
    """The zones without those that behave like another of the set, in alphabetical order."""
    kept = {}
    for zone in sorted(set(zones), key=lambda z: (ORDER.get(z, 10_000), z)):
        kept.setdefault(offsets(zone), zone)
    return tuple(sorted(kept.values()))


def prefixes():
    """Zones by prefix of the E.164 number; within +1 by area code, never finer.

    Mobile numbers of North America move freely within their area code, so all of its zones count.
    """
    found, areas = {}, collections.defaultdict(set)
    for prefix, zones in TIMEZONE_DATA.items():
        if prefix.startswith(NANP) and len(prefix) > 1:
            if len(prefix) >= 4:
                areas[prefix[:4]] |= set(zones)
        else:
            found[prefix] = distinct(zones)
    for area, zones in areas.items():
        if area not in TIMEZONE_DATA:
            # Only parts of the area code are listed; the rest is somewhere around them.
            shorter = next(TIMEZONE_DATA[area[:n]] for n in (3, 2, 1) if area[:n] in TIMEZONE_DATA)
            print(f"zones of +{area}: only {sorted(zones)} are listed, of {len(shorter)}")
        found[area] = distinct(zones)
    return found


class Sets:
    """Zone sets by number; 0 is the empty set, which means that nothing is known."""

    def __init__(self):
        self.names, self.sets = [], [()]

    def number(self, zones):
        for zone in zones:
            if zone not in self.names:
                self.names.append(zone)
        if tuple(zones) not in self.sets:
            self.sets.append(tuple(zones))
        return self.sets.index(tuple(zones))


def trie(nodes, found, sets):
    """The automaton that tells the zones of the longest listed prefix of a number."""
    tree = {}
    for prefix, zones in found.items():
        place = tree
        for digit in prefix:
            place = place.setdefault(int(digit), {})
        place["zones"] = sets.number(zones)

    def visit(place, inherited):
        value = place.get("zones", inherited)
        stay = nodes.add(value, "stay") if value else 0
        if set(place) <= {"zones"}:
            return stay
        children = tuple(visit(place[d], value) if d in place else stay for d in range(10))
        return nodes.add(value, children)

    return visit(tree, 0)


def postal(records):
    """Runs of ZIP codes of one zone and state, and the zones of every first three digits."""
    runs, areas = [], collections.defaultdict(set)
    for record in records:
        code, zone, state = record["zip_code"], record["timezone"], record["state"]
        if zone:
            areas[code[:3]].add(zone)
        if runs and runs[-1][2:] == [zone, state] and code[:3] == runs[-1][1][:3]:
            runs[-1][1] = code
        else:
            runs.append([code, code, zone, state])
    return runs, areas


def area_code_states(records):
    """The state of every area code of the United States: area codes do not cross states.

    As phonenumbers describes it, else the state in which most of its ZIP codes lie.
    """
    counts, states = collections.defaultdict(collections.Counter), {}
    for record in records:
        for area in record["area_codes"]:
            counts[area][record["state"]] += 1
    for area in range(200, 1000):
        number = phonenumbers.PhoneNumber(1, area * 10**7 + 2345678)
        region = phonenumbers.region_code_for_number(number)
        kind = phonenumbers.number_type(number)
        if region in ("PR", "VI", "GU", "AS", "MP"):
            states[str(area)] = region
        elif region == "US" and kind == phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE:
            place = geocoder.description_for_number(number, "en")
            named = STATES.get(place) or (place[-2:] if place[-4:-2] == ", " else None)
            common = counts[str(area)].most_common(1)
            if named and common and named != common[0][0]:
                print(f"state of {area}: {place} by number, {common} by ZIP code")
            if named or common:
                states[str(area)] = named or common[0][0]
    return states


def zip_records():
    """The package's records in order, its zones checked against IANA's names."""
    known = zoneinfo.available_timezones()
    records = sorted(zipcodes.list_all(), key=lambda record: record["zip_code"])
    common = collections.defaultdict(collections.Counter)
    for record in records:
        common[record["state"]][record["timezone"]] += 1
    for record in records:
        if record["timezone"] and record["timezone"] not in known:
            fallback = common[record["state"]].most_common(1)[0][0]
            print(f"ZIP {record['zip_code']}: no zone {record['timezone']}, taken as {fallback}")
            record["timezone"] = fallback
    return records


def tables(heading):
    """The bytes of `time-zones.bin`."""
    sets, nodes = Sets(), Nodes()
    root = trie(nodes, prefixes(), sets)
    records = zip_records()
    runs, areas = postal(records)
    countries = {c: sets.number(distinct(zones)) for c, zones in sorted(COUNTRIES.items())}
    calling = {c for names in REGIONS.values() for c in names}
    print("regions without zones:", sorted(calling - set(countries) - {"001"}))
    run_values = [
        (int(first), int(last), sets.number((zone,) if zone else ()), state.encode())
        for first, last, zone, state in runs
    ]
    area_values = [(int(area), sets.number(distinct(zones))) for area, zones in sorted(areas.items())]
    states = area_code_states(records)

    names = sorted(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"})
    courses = sorted({offsets(name) for name in names})
    home = homes(names)

    table = Table(*heading)
    for course in table.count(courses):
        for instant, seconds in table.count(course):
            table.values("qi", instant, seconds)
    for name in table.count(names):
        table.text(name)
        table.values("H", courses.index(offsets(name)))
        table.bytes += home.get(name, "--").encode()
    for name in table.count(sets.names):
        table.text(name)
    for zones in table.count(sets.sets):
        table.values("B", len(zones))
        for zone in zones:
            table.values("H", sets.names.index(zone))
    table.values("H", root)
    table.nodes(nodes)
    for country, number in table.count(list(countries.items())):
        table.bytes += country.encode()
        table.values("H", number)
    for first, last, number, state in table.count(run_values):
        table.values("IIH", first, last, number)
        table.bytes += state
    for area, number in table.count(area_values):
        table.values("HH", area, number)
    for area, state in table.count(list(states.items())):
        table.values("H", int(area))
        table.bytes += state.encode()
    return table.bytes

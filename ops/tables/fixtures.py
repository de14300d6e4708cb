"""What independent programs say about numbers, zones and hours, for Tests/TextingTests/Fixtures.

Numbers are judged by the package `phonenumbers` itself, hours by stepping through every minute with
Python's `zoneinfo`. A fixed seed makes the same bytes.
"""

import datetime
import random
import unicodedata
import zoneinfo

import phonenumbers
from phonenumbers import phonenumberutil, timezone

from plans import KINDS
from zones import COUNTRIES, distinct, offsets

ROWS = 7_000
FORMATS = phonenumbers.PhoneNumberFormat
# libphonenumber's type numbers, in the order of KINDS.
TYPES = {99: 0, 0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 9, 9: 10, 10: 11}
FAULTS = {0: "unknown_country_code", 1: "not_a_number", 2: "too_short", 3: "too_short",
          4: "too_long"}
LENGTHS = {1: "unknown_country_code", 2: "too_short", 3: "too_long", 4: "area_code_missing",
           5: "wrong_length"}
ENDINGS = [" x12", " ext. 345", "#", " ext 5#", ";ext=77", ",,33", " - 503#", " extension: 9",
           " int 4", "x", "  ", " доб 5", " anexo 7", ";12", ", 4", " x1/x2", "e", "-"]
BEGINNINGS = ["00", "011", "0", "1", "+", "++", "tel:", "8", "9", "0011", "810", "0 "]
SERVED = ["US", "PR", "VI", "GU", "AS", "MP", "CA", "GB", "GG", "IE", "AU", "NZ", "FR", "DE", "ES",
          "PT", "IT", "PL", "MX", "BR", "CL", "PY", "MA", "IL", "EG", "CU", "GL"]


def examples():
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(len(KINDS)):
            number = phonenumbers.example_number_for_type(region, kind)
            if number:
                found.append((region, number))
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        found.append(("US", phonenumbers.example_number_for_non_geo_entity(code)))
    return found


def mutated(chance, text):
    """One small mistake or foreign habit."""
    place, kind = chance.randrange(len(text)), chance.random()
    digit = chance.choice("0123456789")
    if kind < 0.3:
        return text[:place] + digit + text[place + 1:]
    if kind < 0.4:
        return text[:place] + digit + text[place:]
    if kind < 0.5:
        return text[:place] + text[place + 1:]
    if kind < 0.6:
        return text[:place] + chance.choice(" -.()/x~*[]") + text[place:]
    if kind < 0.65:
        return text + chance.choice(ENDINGS)
    if kind < 0.7 and not any(letter.isalpha() for letter in text):
        return "".join(chr(0xFEE0 + ord(c)) if c.isdigit() and c.isascii() else c for c in text)
    if kind < 0.75:
        return chance.choice(BEGINNINGS) + text
    if kind < 0.8 and text.isascii():
        return text[:place] + chance.choice("abcdefgxyz") + text[place:]
    return text


def inputs():
    chance, known = random.Random(20261121), examples()
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    for region, number in known:
        yield phonenumbers.format_number(number, FORMATS.NATIONAL), region
        yield phonenumbers.format_number(number, FORMATS.E164), "ZZ"
    while True:
        region, number = chance.choice(known)
        text = phonenumbers.format_number(number, chance.choice([0, 1, 2, 2, 2, 3]))
        kind = chance.random()
        if kind < 0.15:
            text = phonenumbers.national_significant_number(number)
        elif kind < 0.3:
            text = f"{number.country_code}{phonenumbers.national_significant_number(number)}"
        elif kind < 0.4:
            text = chance.choice(["", "0", "+"]) + str(chance.randrange(10 ** chance.randrange(3, 14)))
        for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
            text = mutated(chance, text) or "0"
        yield text, chance.choice(regions) if chance.random() < 0.2 else region


def judged(text, region):
    """What phonenumbers says: the columns of the fixture after the input."""
    try:
        number = phonenumbers.parse(text, None if region == "ZZ" else region)
    except phonenumbers.NumberParseException as fault:
        if region == "ZZ" and not text.lstrip().startswith(("+", "＋")):
            return ["country_missing"]
        return [FAULTS[fault.error_type]]
    valid = phonenumbers.is_valid_number(number)
    length = phonenumbers.is_possible_number_with_reason(number)
    if not valid and length != 0:
        return [LENGTHS[length]]
    extension = "".join(str(unicodedata.digit(c)) for c in number.extension or "")
    number.extension = None
    kind = TYPES[phonenumbers.number_type(number)]
    region = phonenumbers.region_code_for_number(number)
    return [
        phonenumbers.format_number(number, FORMATS.E164),
        "-" if region == "001" else region or "?",
        "valid" if valid else "unlikely", KINDS[kind], extension or "-",
        phonenumbers.format_number(number, FORMATS.NATIONAL),
    ]


def numbers():
    """`phone-numbers.tsv`: text, region, then e164, region, likelihood, type, extension, national;
    or text, region and the fault."""
    rows, seen = [], set()
    for text, region in inputs():
        if len(rows) == ROWS:
            return "".join("\t".join(row) + "\n" for row in rows)
        if (text, region) not in seen and text.isprintable():
            seen.add((text, region))
            rows.append([text, region] + judged(text, region))


def prefixes():
    """`number-zones.tsv`: an E.164 number and the zones that phonenumbers gives it."""
    rows = []
    for _, number in examples():
        zones = timezone.time_zones_for_number(number)
        rows.append(phonenumbers.format_number(number, FORMATS.E164) + "\t" + ",".join(zones))
    return "\n".join(sorted(set(rows))) + "\n"


def stepped(rules, start, end, opens, closes):
    """The windows between two instants, found minute by minute."""
    found, opened = [], None
    for instant in range(start, end + 60, 60):
        local = datetime.datetime.fromtimestamp(instant, rules)
        inside = opens <= local.hour * 60 + local.minute < closes and instant < end
        if inside and opened is None:
            opened = instant
        elif not inside and opened is not None:
            found.append(f"{opened - start}-{instant - start}")
            opened = None
    return " ".join(found)


def hours():
    """`hours-at-changes.tsv`: zone, start, opening and closing minute, windows of three days.

    One row for every change of clocks from 2024 to 2034 in every zone of the countries named, once
    with the usual hours and once with hours that the change itself skips or repeats.
    """
    first = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
    last = datetime.datetime(2034, 12, 31, tzinfo=datetime.timezone.utc).timestamp()
    rows = []
    for zone in sorted({zone for country in SERVED for zone in distinct(COUNTRIES[country])}):
        rules = zoneinfo.ZoneInfo(zone)
        for instant, _ in offsets(zone)[1:]:
            if not first <= instant <= last:
                continue
            start = instant - 36 * 3600
            start -= start % 60
            for opens, closes in ((540, 1200), (75, 150)):
                windows = stepped(rules, start, start + 72 * 3600, opens, closes)
                rows.append(f"{zone}\t{start}\t{opens}\t{closes}\t{windows}")
    return "\n".join(rows) + "\n"

"""Makes the tables of Sources/Texting/Resources: `python3 ops/tables [--date YYYY-MM-DD] [--fixtures]`.

Needs the packages of requirements.txt, for example in a virtual environment. The same packages and
date give the same bytes.
"""

import argparse
import datetime
import importlib.metadata
import pathlib

import fixtures
import plans
import zones

ROOT = pathlib.Path(__file__).resolve().parents[2]


def source(*packages):
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--date", default=datetime.date.today().isoformat())
    options.add_argument("--fixtures", action="store_true", help="write the tests' fixtures too")
    options = options.parse_args()
    date = options.date
    folder = ROOT / "Sources/Texting/Resources"

    def heading(title, *packages):
        return (title, f"Source: {source(*packages)} (PyPI)", f"Generated: {date} by ops/tables")

    numbers, _ = plans.tables(heading("Numbering plans of all countries", "phonenumbers"))
    (folder / "phone-numbers.bin").write_bytes(numbers)
    print(f"phone-numbers.bin: {len(numbers)} bytes")
    places = zones.tables(
        heading("Time zones of numbers and places", "phonenumbers", "zipcodes", "tzdata"))
    (folder / "time-zones.bin").write_bytes(places)
    print(f"time-zones.bin: {len(places)} bytes")
    if options.fixtures:
        write_fixtures()


def write_fixtures():
    for name, make in (
        ("phone-numbers.tsv", fixtures.numbers),
        ("number-zones.tsv", fixtures.prefixes),
        ("hours-at-changes.tsv", fixtures.hours),
    ):
        text = make()
        (ROOT / "Tests/TextingTests/Fixtures" / name).write_text(text)
        print(f"{name}: {len(text.splitlines())} rows")


if __name__ == "__main__":
    main()

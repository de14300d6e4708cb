"""Measures the detector against labelled replies; prints figures, never texts.

    swift build --product barnstorm
    python3 Tests/TextingTests/Fixtures/evaluate.py .build/debug/barnstorm [SET …]

The sets `sealed`, `judge` and `last` are measured only when named: their figures are to be read seldom.

Leak: an opt-out that is neither acted on nor shown for review. Over-block: another reply that is
acted on as an opt-out. Review load: replies shown to a person.
"""

import collections
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def classify(program, rows):
    lines = "".join(json.dumps({"id": r["id"], "text": r["text"]}) + "\n" for r in rows)
    done = subprocess.run(
        [program, "reply", "classify"], input=lines, capture_output=True, text=True, check=True)
    return {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}


def figures(rows, answers):
    """Opt-outs, leaked; others, over-blocked; shown for review."""
    sums = [0] * 5
    for row in rows:
        answer = answers[row["id"]]
        if row["meaning"] == "opt_out":
            sums[0] += 1
            sums[1] += answer["action"] != "review" and (
                answer["meaning"], answer["action"]) != ("opt_out", "act")
        else:
            sums[2] += 1
            sums[3] += (answer["meaning"], answer["action"]) == ("opt_out", "act")
        sums[4] += answer["action"] == "review"
    return sums


def show(name, sums):
    stops, leaked, others, blocked, review = sums
    print(
        f"{name:24} opt-outs {stops:5} leaked {leaked:4} ({100 * leaked / max(1, stops):4.1f} %)   "
        f"others {others:5} over-blocked {blocked:4} ({100 * blocked / max(1, others):4.1f} %)   "
        f"review {100 * review / (stops + others):4.1f} %")


def rows_of(name):
    """The replies of a set; `second`, `third` and `hands` are shown in their two halves."""
    file, _, half = name.partition("/")
    text = (HERE / f"replies-{file}.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return [row for row in rows if not half or row["half"] == half]


def main(program, *sets):
    usual = [
        "open", "second/dev", "second/check", "third/dev", "third/check", "hands/dev", "hands/check",
        "holdout", "more",
    ]
    for name in sets or usual:
        rows = rows_of(name)
        answers = classify(program, rows)
        for key in ["stratum", "language"]:
            groups = collections.defaultdict(list)
            for row in rows:
                groups[row[key]].append(row)
            for group in sorted(groups):
                show(f"{name} {group}", figures(groups[group], answers))
        show(f"{name} all", figures(rows, answers))


main(*sys.argv[1:])

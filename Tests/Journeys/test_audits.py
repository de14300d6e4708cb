"""Questions of compliance staff through the real program, and proofs that hold outside the house."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest

from database import Database
from house import House

VERIFIER = pathlib.Path(__file__).resolve().parents[2] / "ops/verify_bundle.py"

QUESTIONS = [
    ["after-optout"], ["optout-latency"], ["deadlines"], ["consent", "--missing"], ["human"],
    ["quiet"], ["frequency"], ["registration"], ["identity"], ["suppression-sync"], ["unreviewed"],
    ["detector"], ["optin", "--after-optout"], ["wrong-number"], ["import"], ["edits"], ["access"],
    ["config"], ["hold", "list"], ["retention", "--dry-run"], ["verify"], ["volume"],
    ["complaints"],
]


@pytest.fixture(scope="module")
def town():
    """An organisation with a log of some thousand lines; nothing runs but commands."""
    with House("audits") as house:
        house.run("organisation", "add", "Riverside Neighbors", "--country", "US")
        house.run("member", "add", "Ana", "--email", "ana@example.org", "--role", "compliance")
        house.db.psql(
            "SELECT ledger_append(1, 'setting', NULL, jsonb_build_object('setting', g))"
            " FROM generate_series(1, 3000) g")
        house.db.psql(
            "INSERT INTO contact (organisation_id, id, number, number_hash, country) VALUES"
            " (1, '01900000-0000-7000-8000-000000000001', '+12125550123', sha256('1'), 'US');"
            " SELECT ledger_append(1, 'stop', '01900000-0000-7000-8000-000000000001',"
            " '{\"already_out\": false, \"effective_at\": 1700000000}');"
            " UPDATE contact SET opted_out_at = now()")
        yield house


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda words: words[0])
def test_every_question_is_answered_in_words_and_in_json(town, question):
    words = town.run("audit", *question)
    assert words.strip() or question[0] == "hold"
    text = town.run("audit", *question, "--json")
    assert json.loads(text.splitlines()[0]) is not None


def test_a_number_is_told_with_its_stop(town):
    told = town.json("audit", "number", "212-555-0123")
    assert [event["kind"] for event in told["events"]] == ["stop"]


def public_key(house):
    return house.run("audit", "key").strip()


def verify(bundle, key, *anchors):
    """The verifier alone: its own process, no Barnstorm, no database."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", str(VERIFIER), str(bundle), key, *map(str, anchors)],
        capture_output=True, text=True, timeout=120, env={})
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def bundle(town):
    anchors = town.scratch / "anchors"
    anchors.mkdir()
    town.run("audit", "anchor", "--directory", str(anchors))
    town.db.psql("SELECT ledger_append(1, 'setting', NULL, jsonb_build_object('setting', g))"
                 " FROM generate_series(1, 500) g")
    out = town.scratch / "bundle"
    town.run("audit", "prove", "01900000-0000-7000-8000-000000000001", "--out", str(out))
    return out


def test_a_bundle_verifies_with_the_public_key_alone(town, bundle):
    code, said = verify(bundle, public_key(town))
    assert code == 0, said
    assert "1 earlier anchored heads" in said


def test_a_bundle_is_refused_under_another_key(bundle):
    code, _ = verify(bundle, "00" * 32)
    assert code == 1


def copy(bundle, name):
    target = bundle.parent / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(bundle, target)
    return target


def remake_manifest(folder):
    """What a forger would do, so that only the proofs stand in the way."""
    import hashlib
    manifest = {"format": "barnstorm manifest, version 1"}
    for path in folder.iterdir():
        if path.name != "manifest.json":
            manifest[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_bundle_with_any_byte_flipped_is_refused(town, bundle):
    key = public_key(town)
    for name in ["proof.json", "lines.jsonl", "manifest.json", "README.txt"]:
        forged = copy(bundle, "flipped")
        octets = bytearray((forged / name).read_bytes())
        octets[len(octets) // 2] ^= 1
        (forged / name).write_bytes(octets)
        assert verify(forged, key)[0] == 1, name


def forge(bundle, change):
    forged = copy(bundle, "forged")
    proof = json.loads((forged / "proof.json").read_text())
    change(proof)
    (forged / "proof.json").write_text(json.dumps(proof))
    lines = "".join(line["entry"] + "\n" for line in proof["lines"])
    (forged / "lines.jsonl").write_text(lines)
    remake_manifest(forged)
    return forged


def test_a_changed_word_is_refused_even_with_a_new_manifest(town, bundle):
    def change(proof):
        proof["lines"][0]["entry"] = proof["lines"][0]["entry"].replace("stop", "spot")
    code, said = verify(forge(bundle, change), public_key(town))
    assert code == 1 and "does not stand in the log" in said


def test_an_unchanged_forgery_would_verify(town, bundle):
    """The forger's tools are good enough: what is refused above is refused for its change."""
    assert verify(forge(bundle, lambda proof: None), public_key(town))[0] == 0


def test_a_removed_row_is_refused(town, bundle):
    forged = copy(bundle, "removed")
    (forged / "lines.jsonl").write_text("")
    remake_manifest(forged)
    code, said = verify(forged, public_key(town))
    assert code == 1 and "removed" in said
    (forged / "lines.jsonl").unlink()
    code, said = verify(forged, public_key(town))
    assert code == 1 and "missing" in said


def cut_copy(house, name, *statements):
    """A second database in which somebody with all rights cut the log off after 100 lines."""
    Database(house.postgres.url).psql(f"CREATE DATABASE {name} TEMPLATE {house.name}")
    url = house.url.replace(f"///{house.name}?", f"///{name}?")
    for statement in (
            "DELETE FROM ledger WHERE seq > 100", "DELETE FROM ledger_node",
            "UPDATE chain_head SET seq = 100, hash = (SELECT hash FROM ledger WHERE seq = 100)",
            *statements):
        Database(url).psql(f"BEGIN; SET LOCAL session_replication_role = replica; {statement};"
                           " COMMIT")
    return {**house.settings, "BARNSTORM_DATABASE_URL": url}


def test_a_truncated_log_is_refused(town, bundle):
    settings = cut_copy(town, "cut")
    out = town.scratch / "cut"
    done = town.command("audit", "prove", "3", "--out", str(out), settings=settings)
    assert done.returncode == 0, done.stderr
    code, said = verify(out, public_key(town))
    assert code == 1 and "cut off" in said


def test_a_truncated_log_without_its_old_heads_is_refused_by_an_anchor(town, bundle):
    settings = cut_copy(town, "shorn", "DELETE FROM tree_head")
    out = town.scratch / "shorn"
    done = town.command("audit", "prove", "3", "--out", str(out), settings=settings)
    assert done.returncode == 0, done.stderr
    anchors = town.scratch / "anchors/ledger-1.jsonl"
    code, said = verify(out, public_key(town), anchors)
    assert code == 1 and "does not know the head that you kept" in said
    assert verify(bundle, public_key(town), anchors)[0] == 0
    done = town.command("audit", "verify", "--anchors", str(anchors), settings=settings)
    assert done.returncode == 1 and "only 100 are left" in done.stdout


def test_swapped_heads_are_refused(town, bundle):
    def change(proof):
        late = proof["head"]
        proof["head"] = proof["earlier"][0]["head"]
        proof["earlier"][0]["head"] = late
    assert verify(forge(bundle, change), public_key(town))[0] == 1


def test_audit_verify_finds_what_anchors_know(town, bundle):
    anchors = town.scratch / "anchors"
    town.run("audit", "verify", "--anchors", str(anchors))
    line = json.loads((anchors / "ledger-1.jsonl").read_text().splitlines()[0])
    line["size"] += 100_000
    (town.scratch / "forged.jsonl").write_text(json.dumps(line) + "\n")
    town.run("audit", "verify", "--anchors", str(town.scratch / "forged.jsonl"), code=1)
    # A row changed by somebody with all rights.
    town.db.psql(
        "BEGIN; SET LOCAL session_replication_role = replica;"
        " UPDATE ledger SET entry = replace(entry, 'setting', 'sitting') WHERE seq = 7; COMMIT")
    found = town.run("audit", "verify", code=1)
    assert "Line 7 was changed" in found
    town.db.psql(
        "BEGIN; SET LOCAL session_replication_role = replica;"
        " UPDATE ledger SET entry = replace(entry, 'sitting', 'setting') WHERE seq = 7; COMMIT")
    town.run("audit", "verify")


def test_a_case_is_frozen_proven_and_not_erased_until_released(town):
    out = town.scratch / "case"
    town.run("audit", "bundle", "--case", "+12125550123", "--out", str(out))
    assert verify(out, public_key(town))[0] == 0
    assert "+12125550123" in (out / "person.txt").read_text()

    town.run("audit", "dsar", "+12125550123", "--erase", "--reason", "asked", code=65)
    hold = town.json("audit", "hold", "list")[0]
    town.run("audit", "hold", "release", hold["id"], "--reason", "settled")
    known = town.json("audit", "dsar", "+12125550123")
    assert known["history"]["number"] == "+12125550123"
    town.run("audit", "dsar", "+12125550123", "--erase", "--reason", "asked")

    assert town.db.value("SELECT number IS NULL AND opted_out_at IS NOT NULL FROM contact") == "t"
    town.run("audit", "verify")
    assert {line["kind"] for line in _rows(town.json("audit", "access"))} == {"export", "erasure"}


def _rows(answer):
    return [dict(zip(answer["columns"], row)) for row in answer["rows"]]


def test_paced_mode_is_the_operators_and_every_change_is_logged(town):
    town.run("organisation", "set", "--paced-allowed", "yes", "--reason", "trial in Australia")
    changes = _rows(town.json("audit", "config"))
    last = json.loads(changes[-1]["details"])
    assert last["setting"] == "paced_allowed" and last["old"] == "false" and last["new"] == "true"
    profile = town.json("organisation", "profile")
    assert any(rule["name"] == "act" and rule["value"] == "each" for rule in profile["rules"])


def test_wrong_input_is_one_sentence(town):
    for arguments, code in [
        (["audit", "prove", "999999"], 65), (["audit", "prove", "nonsense"], 65),
        (["audit", "import", "no-such-list.csv"], 65), (["audit", "dsar", "+12125550000"], 65),
        (["audit", "human", "--since", "yesterday"], 64),
        (["audit", "hold", "release", "x", "--reason", "y"], 64), (["audit", "anchor"], 1),
        (["organisation", "set", "--reason", "y"], 64),
    ]:
        done = town.command(*arguments)
        assert done.returncode == code, (arguments, done.returncode, done.stderr)
        assert done.stderr.startswith("barnstorm: ") and done.stderr.count("\n") == 1

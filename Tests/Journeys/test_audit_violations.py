"""A made-up town is lawful under every audit, and each audit finds the one violation planted in it.

Through the real program, in words and in JSON; every violation is planted in a copy of its own, by
somebody with all rights, past the guards of history.
"""

import json

import pytest

from database import Database
from house import House

CLEAN = [
    ["after-optout"], ["optout-latency"], ["deadlines"], ["consent", "--missing"], ["human"],
    ["quiet"], ["frequency"], ["registration"], ["identity"], ["suppression-sync"], ["unreviewed"],
    ["detector"], ["optin", "--after-optout"], ["wrong-number"], ["import"], ["edits"], ["access"],
    ["config"], ["retention", "--dry-run"], ["verify"], ["volume"], ["complaints"],
]

# Accepted first texts: of the town's first campaign to somebody whom the second has not asked yet,
# and one to somebody who was texted by both.
ACCEPTED = ("(SELECT m.id FROM message m JOIN outcome o ON o.message_id = m.id AND o.result = 1"
            " AND o.n = 1 WHERE m.kind = 1 AND m.campaign_id = (SELECT id FROM campaign"
            " ORDER BY launched_at LIMIT 1) ORDER BY m.id")
TEXT = ACCEPTED + " DESC LIMIT 1)"
FIRST = ACCEPTED + " LIMIT 1)"
PERSON = TEXT.replace("SELECT m.id", "SELECT m.contact_id")
# The newest stop, whose person was suppressed in no later campaign.
STOPPED = "(SELECT contact_id FROM ledger WHERE kind = 'stop' ORDER BY seq DESC LIMIT 1)"

# Question, rule, what somebody does to the facts. The statements run in one transaction.
PLANTED = [
    ("human", "no_press", f"UPDATE message SET act = NULL WHERE id = {TEXT}"),
    ("human", "shared_press",
     f"UPDATE message SET act = (SELECT act FROM message WHERE kind = 1 ORDER BY id DESC LIMIT 1)"
     f" WHERE id = {TEXT}"),
    ("human", "no_session",
     f"UPDATE message SET created_at = created_at + interval '10 hours' WHERE id = {TEXT}"),
    ("after-optout", "VIOLATION",
     "INSERT INTO message (organisation_id, id, kind, contact_id, sender_id, body, segments,"
     " author_id, act, created_at) SELECT 1, uuid_at(now()), 2, contact_id,"
     " (SELECT id FROM sender LIMIT 1), 'And another thing', 1,"
     " (SELECT member_id FROM session LIMIT 1), gen_random_uuid(), at + interval '5 min'"
     f" FROM ledger WHERE contact_id = {STOPPED};"
     " INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,"
     " slot_at, deadline) SELECT 1, id, 1, 1, sender_id, gen_random_uuid(), 1, created_at,"
     " created_at + interval '1 min' FROM message WHERE body = 'And another thing';"
     " INSERT INTO outcome (organisation_id, message_id, n, result, closed_at)"
     " SELECT 1, id, 1, 1, created_at FROM message WHERE body = 'And another thing'"),
    ("quiet", "quiet_hours",
     "UPDATE attempt SET slot_at = slot_at + interval '12 hours',"
     f" deadline = deadline + interval '12 hours' WHERE message_id = {TEXT}"),
    ("frequency", "frequency_cap",
     "UPDATE organisation SET frequency_cap = 1; UPDATE attempt SET slot_at = (SELECT slot_at"
     f" FROM attempt WHERE message_id = {FIRST} AND n = 1) + interval '1 hour'"
     f" WHERE n = 1 AND verdict = 1 AND message_id = (SELECT r.message_id FROM recipient r"
     f" WHERE r.contact_id = (SELECT contact_id FROM message WHERE id = {FIRST})"
     f" AND r.message_id <> {FIRST})"),
    ("consent", "no_consent", f"DELETE FROM consent WHERE contact_id = {PERSON}"),
    ("registration", "expired_registration",
     "UPDATE registration SET expires_at = now() - interval '2 years' WHERE sender_id ="
     f" (SELECT sender_id FROM message WHERE id = {TEXT})"),
    ("registration", "other_brand",
     "UPDATE registration SET facts = facts || '{\"brand\": \"ELSE\"}' WHERE sender_id ="
     f" (SELECT sender_id FROM message WHERE id = {TEXT})"),
    ("verify", "was changed",
     "UPDATE ledger SET entry = replace(entry, 'bench', 'beach') WHERE seq ="
     " (SELECT min(seq) FROM ledger WHERE kind = 'stop')"),
    ("verify", "that their row does not show",
     f"UPDATE contact SET opted_out_at = NULL WHERE id = {STOPPED}"),
    ("edits", "edited",
     f"UPDATE message SET body = 'Hi there, give us money' WHERE id = {TEXT}"),
]


@pytest.fixture(scope="module")
def house():
    with House("violations") as house:
        house.run("bench", "seed", "--database", "barnstorm_bench_town", "--people", "2000",
                  "--texts", "4000", "--numbers", "4", "--jobs", "2")
        yield house


def at(house, database):
    return {**house.settings, "BARNSTORM_DATABASE_URL": url(house, database)}


def url(house, database):
    return house.url.replace(f"///{house.name}?", f"///{database}?")


def ask(house, database, *question):
    return house.command("audit", *question, settings=at(house, database))


@pytest.fixture
def copy(house):
    """A copy of the town to do wrong in."""
    server = Database(house.postgres.url)
    server.psql("CREATE DATABASE wronged TEMPLATE barnstorm_bench_town")
    yield "wronged"
    server.psql("DROP DATABASE wronged WITH (FORCE)")


@pytest.mark.parametrize("question", CLEAN, ids=lambda words: words[0])
def test_a_lawful_town_is_clean_in_words_and_in_json(house, question):
    for form in [[], ["--json"]]:
        done = ask(house, "barnstorm_bench_town", *question, *form)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "VIOLATION" not in done.stdout
    answer = json.loads(done.stdout.splitlines()[0])
    assert answer.get("violations", 0) in (0, []) and answer.get("findings", []) == []


def test_the_town_holds_what_the_audits_are_about(house):
    """Nothing is clean for want of anything to look at."""
    town = Database(url(house, "barnstorm_bench_town"))
    for table in ["ledger", "session", "act", "consent", "receipt", "settlement", "registration"]:
        assert int(town.value(f"SELECT count(*) FROM {table}")) > 0, table
    assert int(town.value("SELECT count(*) FROM attempt WHERE verdict = 2")) > 3


@pytest.mark.parametrize("question, rule, deed", PLANTED, ids=[f"{q}-{r}" for q, r, _ in PLANTED])
def test_the_one_planted_violation_is_found(house, copy, question, rule, deed):
    Database(url(house, copy)).psql(
        f"BEGIN; SET LOCAL session_replication_role = replica; {deed}; COMMIT")
    words = ask(house, copy, question)
    assert words.returncode == 1, words.stdout + words.stderr
    assert rule in words.stdout
    found = ask(house, copy, question, "--json")
    assert found.returncode == 1
    assert count(json.loads(found.stdout.splitlines()[0])) == 1
    for other in {q for q, _, _ in PLANTED} - {question}:
        done = ask(house, copy, other)
        assert done.returncode == 0, (other, done.stdout)


def count(answer):
    """How many violations an answer's document tells."""
    for name in ["violations", "findings"]:
        if name in answer:
            found = answer[name]
            return found if isinstance(found, int) else len(found)
    return len([text for text in answer["texts"] if text["standing"] == "after"])


def test_a_providers_list_of_stops_is_compared_both_ways(house, copy, tmp_path):
    town = Database(url(house, copy))
    stopped = [row[0] for row in town.rows(
        "SELECT number FROM contact WHERE opted_out_at IS NOT NULL ORDER BY number")]
    texted = town.value("SELECT min(number) FROM contact WHERE opted_out_at IS NULL")
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("phone\n" + "\n".join(stopped) + "\n")
    same = ask(house, copy, "suppression-sync", "--list", str(theirs))
    assert same.returncode == 0 and "on_our_list_only 0" in same.stdout, same.stdout
    theirs.write_text("phone\n" + "\n".join([*stopped[1:], texted, "+12125550100"]) + "\n")
    other = ask(house, copy, "suppression-sync", "--list", str(theirs), "--json")
    answer = json.loads(other.stdout.splitlines()[0])
    assert other.returncode == 1 and answer["violations"] == 1
    assert answer["findings"][0]["rule"] == "not_on_our_list"
    assert answer["counts"]["on_our_list_only"] == 1
    assert answer["counts"]["on_their_list_and_strangers"] == 1


def test_texts_belong_to_the_registration_of_their_moment(house, copy):
    """Renewed today: what left before keeps its old brand, campaign and token."""
    number = Database(url(house, copy)).value("SELECT min(number) FROM sender")
    settings = at(house, copy)
    done = house.command(
        "sender", "register", number, "--registration", "brand=BENCH", "--registration",
        "campaign=CNEW", "--registration", "token=cv|secret|1234", "--registration-expires",
        "2030-01-31", settings=settings)
    assert done.returncode == 0, done.stderr
    answer = json.loads(ask(house, copy, "registration", "--json").stdout.splitlines()[0])
    rows = [dict(zip(answer["columns"], row)) for row in answer["rows"]]
    assert {row["campaign"] for row in rows if row["number"] == number} == {"CBENCH"}
    changed = ask(house, copy, "config").stdout
    assert "sender registered" in changed and "CNEW" in changed and "secret" not in changed


def test_seeding_refuses_a_disk_without_twice_the_room(house):
    done = house.command(
        "bench", "seed", "--database", "barnstorm_bench_too_large", "--texts", "100000000000")
    assert done.returncode == 69, done.stdout + done.stderr
    assert "twice that must be free" in done.stderr
    assert Database(house.postgres.url).value(
        "SELECT count(*) FROM pg_database WHERE datname = 'barnstorm_bench_too_large'") == "0"

"""What `serve` does by itself, day by day: anchoring heads outside the house, taking away what is over
its time; and that it does so as a user of the database who owns nothing."""

import json
import pathlib
import socketserver
import subprocess
import sys
import threading
import time

import pytest

from database import Database
from house import House, wait_until

VERIFIER = pathlib.Path(__file__).resolve().parents[2] / "ops/verify_bundle.py"


class Sink(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it gets: RFC 5321, just enough for one client."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Peer)
        self.mails = []
        self.refuses = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}?from=texts@example.org"


class Peer(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 sink")
        to = ""
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line[:4].upper()
            if verb == "RCPT":
                to = line
                self.say("550 no" if self.server.refuses else "250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                words = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    words += part
                self.server.mails.append((to, words))
                self.say("250 kept")
            elif verb == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")

    def say(self, words):
        self.wfile.write(words.encode() + b"\r\n")


@pytest.fixture
def sink():
    with Sink() as one:
        yield one
        one.shutdown()


@pytest.fixture
def town():
    with House("nights") as house:
        house.run("organisation", "add", "Riverside Neighbors", "--country", "US")
        house.db.psql("SELECT ledger_append(1, 'setting', NULL, jsonb_build_object('setting', g))"
                      " FROM generate_series(1, 1500) g")
        yield house


def serve(house, **more):
    return house.start("worker", "serve", "--only", "worker", **more)


def anchors(house):
    path = house.scratch / "anchors/ledger-1.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_heads_are_anchored_daily_by_file_and_by_mail(town, sink):
    (town.scratch / "anchors").mkdir()
    places = {
        "BARNSTORM_ANCHOR_DIR": str(town.scratch / "anchors"),
        "BARNSTORM_ANCHOR_MAIL": "officer@example.org, counsel@example.org",
        "BARNSTORM_SMTP_URL": sink.url,
    }
    serve(town, **places)
    wait_until(lambda: anchors(town) and len(sink.mails) == 2, 60, "a head in the file and by mail")
    wait_until(lambda: town.db.value("SELECT count(*) FROM tree_head WHERE anchored @> "
                                     "'[{\"where\": \"file\"}, {\"where\": \"mail\"}]'") == "1",
               20, "a note of where it went")
    assert [to for to, _ in sink.mails] == ["RCPT TO:<officer@example.org>",
                                            "RCPT TO:<counsel@example.org>"]
    told = town.command("doctor", settings={**town.settings, **places}).stdout
    assert "ok     anchors: Every log" in told and "ok     retention" in told
    # Started again the same day, it has nothing to do; a day later it anchors anew.
    town.kill("worker")
    serve(town, **places)
    wait_until(lambda: town.db.value("SELECT count(*) FROM worker") == "2", 30, "a second start")
    time.sleep(2)  # its first look comes at once
    town.kill("worker")
    assert len(anchors(town)) == 1
    town.db.psql("BEGIN; SET LOCAL session_replication_role = replica; "
                 "UPDATE tree_head SET signed_at = signed_at - interval '24 hours'; COMMIT")
    town.db.psql("UPDATE organisation SET created_at = now() - interval '9 days'; "
                 "BEGIN; SET LOCAL session_replication_role = replica; "
                 "UPDATE tree_head SET signed_at = signed_at - interval '3 days'; COMMIT")
    told = town.command("doctor", settings={**town.settings, **places}).stdout
    assert "WRONG  anchors: 1 log(s) had no head taken out" in told
    serve(town, **places)
    wait_until(lambda: len(anchors(town)) == 2, 60, "the next day's head")
    town.kill("worker")
    town.db.psql("BEGIN; SET LOCAL session_replication_role = replica; "
                 "UPDATE tree_head SET signed_at = signed_at + interval '4 days' "
                 "WHERE signed_at = (SELECT min(signed_at) FROM tree_head); COMMIT")

    mail = town.scratch / "head.eml"
    mail.write_bytes(sink.mails[0][1])
    town.run("audit", "verify", "--anchors", str(town.scratch / "anchors"))
    town.run("audit", "verify", "--anchors", str(mail))
    rewrite(town)
    town.run("audit", "verify")  # by itself the forged log is sound
    for kept in [town.scratch / "anchors", mail]:
        found = town.run("audit", "verify", "--anchors", str(kept), code=1)
        assert "are not those of the head" in found


def log(house):
    return (house.scratch / "worker.log").read_text()


def rewrite(house):
    """Somebody with all rights writes the whole log anew, hashes and heads and all."""
    house.db.psql("""
        BEGIN;
        SET LOCAL session_replication_role = replica;
        DELETE FROM ledger; DELETE FROM tree_head; DELETE FROM ledger_node;
        UPDATE chain_head SET seq = 0, hash = sha256('barnstorm ledger, version 1'::bytea);
        SELECT ledger_append(1, 'setting', NULL, jsonb_build_object('setting', g + 1))
            FROM generate_series(1, 1600) g;
        COMMIT""")


def test_a_mail_server_that_refuses_keeps_no_head_from_the_file(town, sink):
    sink.refuses = True
    (town.scratch / "anchors").mkdir()
    serve(town, BARNSTORM_ANCHOR_DIR=str(town.scratch / "anchors"),
          BARNSTORM_ANCHOR_MAIL="officer@example.org", BARNSTORM_SMTP_URL=sink.url)
    wait_until(lambda: "was not mailed" in log(town), 60, "a warning")
    assert len(anchors(town)) == 1
    assert "mail" not in town.db.value("SELECT anchored FROM tree_head")


def test_mail_without_a_server_is_wrong_usage(town):
    done = town.command("serve", "--only", "worker", settings={
        **town.settings, "BARNSTORM_ANCHOR_MAIL": "officer@example.org"})
    assert done.returncode == 64 and "BARNSTORM_SMTP_URL" in done.stderr


def test_what_is_over_its_time_goes_by_night_with_a_certificate(town):
    # Two texts of last month, one under a hold; migrations made that month's partition.
    town.db.psql("""
        INSERT INTO contact (organisation_id, id, number, number_hash, created_at)
        SELECT 1, ('01900000-0000-7000-8001-00000000000' || g)::uuid, '+1212555010' || g,
            sha256(g::text::bytea), now() - interval '20 days' FROM generate_series(1, 2) g;
        INSERT INTO message (organisation_id, id, kind, contact_id, body, segments, created_at)
        SELECT 1, (substr(uuid_at(now() - interval '20 days')::text, 1, 18)
            || '-8000-00000000000' || g)::uuid, 2, ('01900000-0000-7000-8001-00000000000' || g)::uuid,
            'private words ' || g, 1, now() - interval '20 days' FROM generate_series(1, 2) g""")
    town.run("audit", "hold", "add", "--person", "+12125550102", "--reason", "claim",
             "--reference", "7 C 12/26")
    town.run("retention", "set", "words", "--days", "10")
    preview = town.json("retention", "preview")
    words = [part for kind in preview if kind["kind"] == "words" for part in kind["parts"]]
    assert [(part["due"], part["held"]) for part in words] == [(1, 1)]
    assert town.db.value("SELECT count(*) FROM message WHERE body <> ''") == "2"

    serve(town)
    wait_until(lambda: town.db.value("SELECT count(*) FROM deletion WHERE line IS NOT NULL") == "1",
               60, "a round that ended")
    wait_until(lambda: town.db.value("SELECT count(*) FROM tree_head") == "1", 20, "a signed head")
    town.kill("worker")

    assert town.db.value("SELECT string_agg(body, ',') FROM message WHERE body <> ''") \
        == "private words 2"
    [round_] = town.json("retention", "list")["rounds"]
    assert round_["removed"] == {"texts": 1, "notes": 0, "answers": 0, "conversations": 0}
    assert round_["held"] == 1
    out = town.scratch / "certificate"
    told = town.run("retention", "certificate", round_["id"], "--out", str(out))
    assert "Rows that went: 1" in told and "Rows that legal holds kept: 1" in told
    done = subprocess.run(
        [sys.executable, "-I", "-B", str(VERIFIER), str(out),
         town.run("audit", "key").strip()], capture_output=True, text=True, timeout=60, env={})
    assert done.returncode == 0, done.stdout
    assert round_["digest"] in (out / "lines.jsonl").read_text()
    town.run("audit", "verify")
    assert town.json("retention", "run") == []


def test_it_serves_as_a_user_who_owns_nothing(town):
    """The user of the database URL may be a plain one: then even RESET ROLE opens nothing."""
    town.db.psql("""
        CREATE ROLE plain LOGIN;
        GRANT barnstorm_web, barnstorm_worker, barnstorm_ingress TO plain;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain""")
    town.url = town.url.replace("user=postgres", "user=plain")
    town.start("web", "serve", "--only", "web")
    town.wait_for_web()
    serve(town)
    wait_until(lambda: town.db.value(
        "SELECT count(*) FROM worker WHERE heartbeat_at > now() - interval '5 s'") == "1", 30,
        "a worker that lives")
    for statement in ["UPDATE ledger SET entry = ''", "DELETE FROM ledger", "TRUNCATE ledger",
                      "ALTER TABLE ledger DISABLE TRIGGER ALL",
                      "SET session_replication_role = replica"]:
        with pytest.raises(RuntimeError, match="must be owner|permission denied"):
            Database(town.url).psql(statement)

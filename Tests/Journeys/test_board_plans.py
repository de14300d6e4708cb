"""What an organiser's pages make PostgreSQL do, over a seeded database: its own plans, as executed.

The seed is small here (BARNSTORM_FULL=1: a hundred thousand people); `bench board` asks the same of a
million. No table that grows with people or texts may be read whole by a page that stays open all day.
"""

import base64
import json
import re
import secrets
import urllib.request

import pytest

from database import Database
from house import IS_FULL

PEOPLE = 100_000 if IS_FULL else 20_000
# A partition's name begins with its parent's.
GROWING = ("message", "attempt", "outcome", "receipt", "contact", "recipient", "outbox",
           "conversation", "settlement", "consent", "inbound_raw")


class Watched:
    """A seeded database whose server writes down how it ran each statement, and a web over it."""

    def __init__(self, house):
        self.house = house
        self.seed = house.json("bench", "seed", "--people", str(PEOPLE))
        self.db = Database(self.seed["url"])
        for setting in ("session_preload_libraries = 'auto_explain'",
                        "auto_explain.log_min_duration = 0", "auto_explain.log_format = 'json'",
                        "auto_explain.log_analyze = on", "auto_explain.log_timing = off"):
            self.db.psql(f"ALTER DATABASE {self.seed['database']} SET {setting}")
        house.start("web", "serve", "--only", "web", BARNSTORM_DATABASE_URL=self.seed["url"])
        house.wait_for_web()
        token = secrets.token_bytes(32)
        self.db.psql(f"""
            INSERT INTO sign_in (token_hash, organisation_id, member_id, expires_at, strength)
            SELECT sha256('\\x{token.hex()}'::bytea), organisation_id, id,
                now() + interval '1 day', 'full'
            FROM member WHERE role = 'owner'""")
        self.cookie = base64.urlsafe_b64encode(token).rstrip(b"=").decode()
        self.log = house.scratch / "pg" / "data" / "server.log"

    def open(self, path):
        """Reads a page; gives the plans of what was run meanwhile."""
        begin = self.log.stat().st_size
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.house.web_port}{path}",
            headers={"Cookie": f"sid={self.cookie}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200, path
        return self.plans(begin)

    def plans(self, begin):
        with open(self.log, encoding="utf-8") as file:
            file.seek(begin)
            text = file.read()
        found = re.findall(r"plan:\n((?:\t.*\n)+)", text)
        return [json.loads(re.sub(r"(?m)^\t", "", plan)) for plan in found]


# A page shows fifty rows at most; who reads more than some hundreds one after the other looks for them.
ROWS_MAX = 500


def whole_tables(plans):
    """Growing tables that were read from end to end, with the statement."""
    found = []
    for plan in plans:
        nodes = [plan["Plan"]]
        while nodes:
            node = nodes.pop()
            nodes += node.get("Plans", [])
            name = node.get("Relation Name", "")
            rows = (node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)) \
                * node.get("Actual Loops", 1)
            if node["Node Type"] == "Seq Scan" and name.startswith(GROWING) and rows > ROWS_MAX:
                found.append((name, " ".join(plan["Query Text"].split())[:300]))
    return found


@pytest.fixture
def watched(house):
    yield Watched(house)


def test_pages_of_organisers_read_no_table_whole(house, watched):
    campaign = watched.seed["campaign"]
    report = house.json("bench", "board", "--looks", "20", "--pages", "2")
    print("board", report)
    assert report["people"] == PEOPLE and report["sequential_scans"] == []

    # Not the proof before a resume and not the health of numbers: those count facts, up to a bound.
    pages = ["/o", "/o?sort=waiting", f"/o/c/{campaign}", f"/o/c/{campaign}/texters",
             f"/o/c/{campaign}/export", "/o/replies", f"/o/replies?show=flagged&campaign={campaign}",
             f"/o/replies?show=all&campaign={campaign}"]
    wrong = []
    for path in pages:
        plans = watched.open(path)
        assert plans, f"{path}: the server wrote down no plan"
        wrong += [(path, *found) for found in whole_tables(plans)]
    assert wrong == [], "\n".join(map(str, wrong))

    # Both checks can fail: without the indexes that serve who waits, a board reads conversations
    # whole, and each of them says so.
    watched.db.psql(
        "DROP INDEX conversation_board, conversation_waiting, conversation_flagged, "
        "conversation_campaign, conversation_assignee")
    begin = watched.log.stat().st_size
    done = house.command("bench", "board", "--looks", "5", "--pages", "0", "--json")
    assert done.returncode == 1, done.stderr
    assert "waiting" in json.loads(done.stdout)["sequential_scans"]
    assert "conversation" in {name for name, _ in whole_tables(watched.plans(begin))}

"""Organisers watch and steer: a held first slice, pause and resume, a suspended texter, an export."""

import csv
import io
import re
import time

import pytest

from checks import IS_FULL, faults, views
from town import wait_until


def make_live(town, people, **columns):
    """A paced campaign of some of the town's people, live; gives its id.

    The carrier blocks some people for good, drawn anew with each town's numbers: that must not hold
    the campaign. Opt-outs, which each test makes itself, still do.
    """
    campaign, lane, plan = (town.new_id() for _ in range(3))
    more = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    canary = columns.get("canary", "NULL")
    town.sql(f"""
        UPDATE organisation SET paced_allowed = true, frequency_cap = 8;
        INSERT INTO campaign (organisation_id, id, name, mode, state, code, script_version,
            launched_at, settings{more})
        VALUES (1, '{campaign}', 'Blast {campaign[:8]}', 'paced', 'draft', '{campaign[:8]}', 1,
            now(), '{{"hold_blocked_percent": "100", "hold_failed_percent": "100"}}'{values});
        INSERT INTO script (organisation_id, campaign_id, version, body)
        VALUES (1, '{campaign}', 1, 'Blast {campaign[:8]}. Reply STOP to opt out.');
        INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
            consent_source, state, done_at)
        VALUES (1, '{plan}', '{campaign}', 'people.csv', '\\x00', 1, 'members', 'done', now());
        INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size, canary_end)
        SELECT 1, '{lane}', '{campaign}', '{plan}', zone_set, {people}, {canary} FROM lane LIMIT 1;
        INSERT INTO recipient
            (organisation_id, contact_id, campaign_id, lane_id, position, message_id)
        SELECT 1, id, '{campaign}', '{lane}', row_number() OVER (ORDER BY id),
            (substr(uuid_at(now())::text, 1, 15) || substr(gen_random_uuid()::text, 16))::uuid
        FROM (SELECT id FROM contact ORDER BY id LIMIT {people}) c;
        UPDATE campaign SET state = 'live' WHERE id = '{campaign}';
    """)
    return campaign


def state(town, campaign):
    return town.sql(f"SELECT state FROM campaign WHERE id = '{campaign}'")


def sent(town, campaign):
    """Numbers to which the carrier took a text of this campaign, one for each text."""
    words = f"Blast {campaign[:8]}"
    return [each.to for each in town.carrier_log().accepted if each.body.startswith(words)]


def test_pause_and_resume_text_nobody_twice(signed_in, town):
    town.sql("UPDATE sender SET segments_per_second = 10")
    ana = signed_in("organiser", "Ana", width=1280, scripts=False)
    campaign = make_live(town, 120)
    ana.open(f"/o/c/{campaign}")
    wait_until(lambda: len(sent(town, campaign)) >= 10, 30, "the first texts")
    ana.page.click("text=PAUSE EVERYTHING")
    assert "Stopped at" in ana.page.inner_text("main")
    assert "already with the carrier" in ana.page.inner_text("main")
    ana.picture("board-paused")
    # What was in flight lands; then nothing more leaves.
    time.sleep(4)
    stopped = len(sent(town, campaign))
    time.sleep(2)
    assert len(sent(town, campaign)) == stopped < 120
    ana.page.click("text=Look and resume")
    assert "0 people will get a second copy." in ana.page.inner_text("main")
    ana.picture("board-resume")
    ana.page.click("button.act")
    assert state(town, campaign) == "live"
    wait_until(lambda: len(sent(town, campaign)) >= 120, 60, "all the texts")
    time.sleep(1)
    numbers = sent(town, campaign)
    assert len(numbers) == len(set(numbers)) == 120


def test_pause_now(signed_in, town):
    """Two seconds after a pause is saved nothing arrives any more, by the carrier's log.

    The instant of the pause is read from the database, before its commit; that of an arrival is the
    carrier's, on the same machine: the span is longer than what the gateway needs.
    """
    town.sql("UPDATE sender SET segments_per_second = 100")
    rounds = 20 if IS_FULL else 3
    ana = signed_in("organiser", "Ana", width=390, scripts=False)
    spans = []
    for _ in range(5 * rounds):
        town.sql("UPDATE contact SET texted_at = '{}'")  # nobody is over their cap
        campaign = make_live(town, 200)
        ana.open(f"/o/c/{campaign}")
        wait_until(lambda c=campaign: len(sent(town, c)) >= 10, 30, "texts that flow")
        ana.page.click("text=PAUSE EVERYTHING")
        assert state(town, campaign) == "paused"
        time.sleep(3.5)  # what comes later than two seconds must have had the time to come
        if len(sent(town, campaign)) == 200:
            continue  # on a busy machine all had left before the press, which proves nothing
        saved = float(town.sql(
            f"SELECT extract(epoch FROM paused_at) FROM campaign WHERE id = '{campaign}'"))
        last = max(each.wall_us for each in town.carrier_log().accepted
                   if each.body.startswith(f"Blast {campaign[:8]}")) / 1e6
        spans.append(last - saved)
        if len(spans) == rounds:
            break
    print("last arrival after a pause:", [f"{span:.2f} s" for span in spans])
    assert len(spans) == rounds
    assert max(spans) <= 2.0


def test_a_bad_first_slice_holds_itself(signed_in, town):
    town.sql("UPDATE sender SET segments_per_second = 50")
    campaign = make_live(town, 60, canary=20)
    wait_until(lambda: len(sent(town, campaign)) == 20, 30, "the first slice")
    # As few as hold it: with more, it might be held before the last of them.
    for number in sent(town, campaign)[:3]:
        town.inbound(number, "STOP")
    wait_until(lambda: state(town, campaign) == "held", 30, "the hold")
    ana = signed_in("organiser", "Ana", width=390)
    ana.open(f"/o/c/{campaign}")
    words = ana.page.inner_text("main").replace("\u00a0", " ")
    assert re.search(r"15 % opted out, of .?20.? texts", re.sub("[\u2068\u2069]", "", words)), words
    ana.picture("board-held")
    assert faults(ana.page) == []
    assert len(sent(town, campaign)) == 20
    ana.page.click("text=Look and resume")
    ana.page.click("button.act")
    wait_until(lambda: len(sent(town, campaign)) > 20, 30, "the others")
    town.sql("UPDATE contact SET opted_out_at = NULL")


def test_suspending_a_texter_returns_everything(signed_in, town):
    sam = signed_in("texter", "Sam")
    town.sql(f"""INSERT INTO participation (organisation_id, member_id, campaign_id)
        VALUES (1, '{sam.who}', '{town.campaign}') ON CONFLICT DO NOTHING""")
    sam.open("/send")
    held = f"SELECT count(*) FROM lease WHERE member_id = '{sam.who}'"
    assert int(town.sql(held)) > 0
    ana = signed_in("organiser", "Ana", width=1280)
    ana.open(f"/o/c/{town.campaign}/texters")
    ana.picture("board-texters")
    ana.page.click(f"button[name=suspend][value='{sam.who}']")
    assert "is suspended and signed out" in ana.page.inner_text("main")
    assert town.sql(held) == "0"
    assert town.sql(f"SELECT count(*) FROM sign_in WHERE member_id = '{sam.who}'") == "0"
    sam.open("/send")
    assert not sam.page.url.endswith("/send")


def test_an_export_runs_no_formula(signed_in, town):
    evil = ["=HYPERLINK(1)", "+1+1", "-1", "@SUM(A1)", "\tx"]
    for place, name in enumerate(evil):
        town.sql(f"""UPDATE contact SET name = '{name}' WHERE id = (
            SELECT contact_id FROM recipient WHERE campaign_id = '{town.campaign}'
            AND position = {place + 1})""")
    ana = signed_in("owner", "Ana", width=1280, scripts=False, accept_downloads=True)
    ana.open(f"/o/c/{town.campaign}/export")
    ana.picture("board-export")
    ana.page.check("[name=numbers]")
    with ana.page.expect_download() as download:
        ana.page.click("button.act")
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        content = file.read()
    rows = list(csv.reader(io.StringIO(content)))
    assert len(rows) == town.people + 1
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r\n" and cell]
    assert {"'" + name for name in evil} <= set(cells)
    assert town.sql("SELECT count(*) FROM ledger WHERE kind = 'export'") == "1"


@pytest.mark.parametrize("scheme,language,width", views(0))
def test_every_page_of_the_board(signed_in, town, scheme, language, width):
    ana = signed_in("organiser", "Ana", width=width, color_scheme=scheme, reduced_motion="reduce")
    town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{ana.who}'")
    found = []
    board = f"/o/c/{town.campaign}"
    for path in [board, f"{board}/resume", f"{board}/texters", f"{board}/export", "/o/numbers",
                 "/o/replies", "/o/replies?show=all"]:
        ana.open(path)
        ana.picture(f"{path.replace(town.campaign, 'ID').strip('/').replace('/', '-').replace('?', '-')}"
                    f"-{scheme}-{language}-{width}")
        found += faults(ana.page, path)
    assert found == []

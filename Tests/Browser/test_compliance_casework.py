"""Casework in a browser: undoing with two people, old stops, the person's own page, requests."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

from checks import VIEWS, faults
from test_reply import send_one
from town import wait_until


@pytest.fixture(scope="module")
def people(chromium, town):
    """Two people who were texted; one said STOP, one asked for help and got a link."""
    from phone import Phone
    phone = Phone(chromium, town)
    member = phone.join("Nia")
    persons = {}
    for words in ["STOP", "HELP"]:
        send_one(phone, town)
        persons[words] = town.reply(member, words)
    phone.close()
    wait_until(lambda: stopped(town, persons["STOP"]), 15, "a stop")
    number = town.sql(f"SELECT number FROM contact WHERE id = '{persons['HELP']}'")

    def link():
        for text in town.carrier_texts(number):
            found = re.search(r"/w/[A-Za-z0-9_-]{16}", text)
            if found:
                return found.group()
    persons["link"] = wait_until(link, 20, "an answer to HELP with a link")
    return persons


def stopped(town, person):
    return town.sql(f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'") == "t"


def test_undo_a_stop_with_a_second_person(signed_in, town, people):
    first = signed_in("compliance", name="Ana", width=1280)
    first.open(f"/k/p/{people['STOP']}")
    first.page.fill("#undo-reason", "called us: pressed STOP by mistake")
    first.page.click("text=Ask to take the stop back")
    assert first.page.is_visible("text=You asked for this one")
    assert first.page.locator("[name=grant]").count() == 0, "one person alone cannot"
    first.picture("compliance-undo-asked")
    assert stopped(town, people["STOP"])
    second = signed_in("owner", name="Ben", width=390)
    second.open("/k/undo")
    second.picture("compliance-undo")
    assert faults(second.page) == []
    second.page.click("[name=grant]")
    assert second.page.is_visible("text=Taken back")
    assert not stopped(town, people["STOP"])
    assert town.sql("SELECT count(*) FROM ledger WHERE kind = 'stop'") != "0", "the stop stays"
    assert town.sql("""SELECT entry::jsonb #>> '{details,asked_by}'
        <> entry::jsonb #>> '{details,member}' FROM ledger WHERE kind = 'start'""") == "t"


def test_import_old_stops(signed_in, town, people):
    """By plain forms, a file and a paste: no script."""
    phone = signed_in("compliance", scripts=False, width=390)
    page = phone.page
    phone.open("/k/list")
    phone.picture("compliance-list-empty")
    page.fill("#file-source", "export of our former tool, 3 March 2026, by Ana")
    page.set_input_files("#file", {
        "name": "old stops (2026).csv", "mimeType": "text/csv", "buffer":
        b"name,mobile\nA,+14155559901\nB,(415) 555-9902\nB again,4155559902\nC,nonsense\n"})
    page.click("text=Stop everybody in the file")
    assert "2 people stopped" in page.inner_text(".banner")
    phone.picture("compliance-list")
    assert town.sql("""SELECT count(*) FROM ledger WHERE kind = 'stop'
        AND entry::jsonb #>> '{details,source}' = 'list'
        AND entry::jsonb #>> '{details,reason}' LIKE 'export of our former tool%'""") == "2"
    assert town.sql("""SELECT entry::jsonb #>> '{details,file}' FROM ledger
        WHERE kind = 'import' AND entry::jsonb #>> '{details,what}' = 'opt-outs'""") \
        == "old stops (2026).csv"
    page.click("text=Or paste the list")
    page.fill("#source", "the same again")
    page.fill("#list", "mobile\n+14155559901\n")
    page.click("text=Stop everybody on it")
    assert "1 had stopped before" in page.inner_text(".banner")
    page.click("text=Or paste the list")
    page.fill("#source", "nothing")
    page.fill("#list", "name\nAna\n")
    page.click("text=Stop everybody on it")
    assert page.is_visible("text=nothing has changed")
    assert page.input_value("#list") == "name\nAna", "what was pasted is still there"
    assert town.sql("SELECT count(*) FROM ledger WHERE kind = 'import'") == "2"


def test_help_leads_to_a_page_of_ones_own(phones, signed_in, town, people):
    """Without sign-in and without script: who, whence, what, stop, complain."""
    phone = phones(scripts=False)
    page = phone.page
    phone.open(people["link"])
    phone.picture("why")
    text = page.inner_text("main")
    assert "Example Campaign" in text and "knock doors" in text
    number = town.sql(f"SELECT number FROM contact WHERE id = '{people['HELP']}'")
    assert number not in page.content()
    page.fill("#words", "I never gave you my number.")
    page.fill("#address", "me@example.org")
    page.click("text=Send the complaint")
    assert page.is_visible("text=We answer by")
    assert town.sql("""SELECT count(*) FROM request WHERE kind = 'complaint' AND channel = 'page'
        AND due_at - received_at > interval '29 days'""") == "1"
    assert "never gave" not in town.sql("SELECT entry FROM ledger ORDER BY seq DESC LIMIT 1")
    page.click("text=Stop all texts to me")
    assert page.is_visible("text=Done. You get no more texts from us.")
    assert stopped(town, people["HELP"])
    assert town.sql("""SELECT count(*) FROM ledger WHERE kind = 'stop'
        AND entry::jsonb #>> '{details,source}' = 'page'""") == "1"
    assert phone.open("/w/AAAAAAAAAAAAAAAA").status == 404
    staff = signed_in("compliance", width=1280)
    staff.open("/k/requests")
    staff.picture("compliance-requests")
    staff.page.click("text=Complaint")
    staff.page.click("text=Show what they said")
    assert "I never gave you my number." in staff.page.inner_text("main")
    staff.page.click("text=Acknowledge it")
    phone.open(people["link"])
    assert page.is_visible("text=A person has read it")


def test_a_stop_by_letter_holds_at_once_and_is_closed(signed_in, town, people):
    phone = signed_in("compliance", width=1280)
    page = phone.page
    phone.open("/k/requests")
    page.select_option("#kind", "opt_out")
    page.select_option("#channel", "post")
    page.click("text=Write it down")
    assert page.is_visible("text=needs the number"), "a stop of nobody would be lost"
    page.select_option("#kind", "opt_out")
    page.select_option("#channel", "post")
    page.fill("#number", "+14155559977")
    page.fill("#words", "Please leave me alone.")
    page.click("text=Write it down")
    assert "business day" in page.inner_text("main")
    assert town.sql("SELECT opted_out_at IS NOT NULL FROM contact WHERE number = '+14155559977'") == "t"
    page.fill("#outcome", "stopped on the day the letter came")
    page.click("text=Close it")
    assert page.is_visible("text=Closed, with its outcome")
    assert town.sql("SELECT outcome FROM request WHERE channel = 'post'").startswith("stopped on")


def test_a_proof_holds_outside_the_house(signed_in, town, people, tmp_path):
    """The file of a person's lines, verified by the stand-alone script; one flipped byte is found."""
    phone = signed_in("compliance", width=1280)
    page = phone.page
    phone.open(f"/k/p/{people['STOP']}")
    with page.expect_download() as download:
        page.click("text=Proof file")
    bundle = tmp_path / "proof.json"
    download.value.save_as(bundle)
    held = json.loads(bundle.read_text())
    assert any(people["STOP"] in line["entry"] for line in held["lines"])
    script = pathlib.Path(__file__).parents[2] / "ops/verify_bundle.py"

    def verdict():
        return subprocess.run(
            [sys.executable, script, bundle, held["public_key"]],
            capture_output=True, text=True, timeout=60, check=False)
    assert verdict().returncode == 0, verdict().stderr
    held["lines"][0]["entry"] = held["lines"][0]["entry"].replace("stop", "stoq", 1)
    bundle.write_text(json.dumps(held))
    assert verdict().returncode != 0


def test_whose_law_applies_is_set_with_a_reason(signed_in, town, people):
    phone = signed_in("compliance", width=390, scripts=False)
    page = phone.page
    phone.open("/k/rules")
    phone.picture("compliance-rules")
    page.fill("#countries", "US, nowhere")
    page.fill("#reason", "a try")
    page.click("main form button")
    assert page.is_visible("text=two-letter codes such as")
    page.fill("#countries", "US, GB, CA")
    page.fill("#reason", "we open an office in Toronto")
    page.click("main form button")
    assert page.is_visible("text=Saved, with a line")
    assert town.sql("SELECT countries FROM organisation WHERE id = 1") == "{US,GB,CA}"
    assert "Toronto" in town.sql("SELECT entry FROM ledger WHERE kind = 'setting' ORDER BY seq DESC LIMIT 1")
    lines = int(town.sql("SELECT count(*) FROM ledger WHERE kind = 'setting'"))
    page.fill("#imprint", "Promoted by A. Example, 1 High Street, Cardiff")
    page.check("[name=strict]")
    page.fill("#reason", "the election is called")
    page.click("main form button")
    assert page.is_visible("text=Saved, with a line")
    assert int(town.sql("SELECT count(*) FROM ledger WHERE kind = 'setting'")) == lines + 2
    assert town.sql("SELECT profile ->> 'strict_sales' FROM organisation WHERE id = 1") == "true"
    assert page.input_value("#imprint").startswith("Promoted by A. Example")
    page.fill("#imprint", "")
    page.uncheck("[name=strict]")
    page.fill("#reason", "the election is over")
    page.click("main form button")
    assert town.sql("SELECT profile ->> 'strict_sales' FROM organisation WHERE id = 1") == "false"


def test_a_hold_beats_erasure_and_both_are_logged(signed_in, town, people):
    phone = signed_in("compliance", width=1280)
    page = phone.page
    person = people["HELP"]
    number = town.sql(f"SELECT number FROM contact WHERE id = '{person}'")
    phone.open("/k/holds")
    page.fill("#number", number)
    page.fill("#reason", "claim announced")
    page.click("main form >> text=Place the hold")
    phone.picture("compliance-holds")
    phone.open(f"/k/p/{person}/erase")
    page.fill("#reason", "asked by letter")
    page.check("[name=sure]")
    page.click("button.stop")
    assert page.is_visible("text=Not erased")
    phone.open("/k/holds")
    page.fill("article input[name=reason]", "claim withdrawn")
    page.click("article button")
    phone.open(f"/k/p/{person}/erase")
    phone.picture("compliance-erase")
    page.fill("#reason", "asked by letter")
    page.check("[name=sure]")
    page.click("button.stop")
    assert "Erased at" in page.inner_text(".answer")
    assert town.sql(f"SELECT number IS NULL AND opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'") == "t"
    assert phone.open(people["link"]).status == 200, "the link still says that they are stopped"


def test_what_goes_tonight_is_shown_and_what_went_is_certified(signed_in, town, people, tmp_path):
    """Preview, a round by the command, the certificate on screen and on paper, its proof outside."""
    town.sql("""
        INSERT INTO note (organisation_id, id, conversation_id, body, created_at)
        SELECT 1, uuid_at(now() - interval '40 days'), id, 'private', now() - interval '40 days'
        FROM conversation ORDER BY id LIMIT 1""")
    phone = signed_in("compliance", width=1280, scripts=False)
    page = phone.page
    phone.open("/k/holds")
    page.fill("#keep-words", "30")
    page.click("form:has(#keep-words) button")
    assert "6 years at least" in page.inner_text("main"), "by the strictest of the countries"
    page.click("main >> text=What goes, what went")
    assert page.is_visible("text=Tonight 1 row goes.")
    row = page.locator("#kind-words ~ table tbody tr")
    assert row.count() == 1 and "Notes" in row.inner_text()
    phone.picture("compliance-deletions")
    town.run("retention", "run")
    phone.open("/k/deletions")
    assert page.is_visible("text=Nothing goes tonight.")
    page.click("table.ledger a")
    text = page.inner_text("main")
    assert "1 row went." in text and "No head covers the line yet" in text
    with page.expect_download() as download:
        page.click("button:has-text('Proof file')")
    bundle = tmp_path / "proof.json"
    download.value.save_as(bundle)
    held = json.loads(bundle.read_text())
    assert subprocess.run(
        [sys.executable, pathlib.Path(__file__).parents[2] / "ops/verify_bundle.py", bundle,
         held["public_key"]], capture_output=True, timeout=60, check=False).returncode == 0
    page.reload()
    assert "Root" in page.inner_text("main"), "now a head covers it"
    phone.picture("compliance-certificate")
    # What looks at the page needs script, which the page does not.
    looker = signed_in("compliance", width=1280, bypass_csp=True)
    looker.page.goto(page.url)
    assert faults(looker.page) == []
    page.emulate_media(media="print")
    assert page.is_visible(".letterhead") and page.locator("button:visible").count() == 0
    phone.picture("compliance-certificate-print")


@pytest.mark.parametrize("scheme,language,width", VIEWS)
def test_every_page_of_casework_is_accessible(signed_in, town, people, scheme, language, width):
    phone = signed_in("compliance", width=width, color_scheme=scheme, bypass_csp=True,
                      reduced_motion="reduce")
    town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{phone.who}'")
    phone.context.add_cookies([{"name": "lang", "value": language, "url": town.base}])
    found = []
    case = town.sql("SELECT id FROM request ORDER BY id LIMIT 1")
    for name, path in [("undo", "/k/undo"), ("list", "/k/list"), ("requests", "/k/requests?all=1"),
                       ("request", f"/k/requests/{case}"), ("holds", "/k/holds"), ("rules", "/k/rules"),
                       ("deletions", "/k/deletions"),
                       ("erase", f"/k/p/{people['STOP']}/erase"), ("why", people["link"])]:
        if name == "request" and not case:
            continue
        phone.open(path)
        phone.picture(f"compliance-{name}-{language}-{scheme}-{width}")
        found += [f"{path}: {line}" for line in faults(phone.page)]
    assert found == []

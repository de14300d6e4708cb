"""Compliance in a browser: why a person was texted, the review queue, the log and its export."""

import csv
import io

import pytest

from checks import VIEWS, faults
from test_reply import send_one
from town import wait_until


@pytest.fixture(scope="module")
def people(chromium, town):
    """Three people: one said STOP, two what may be a slip of it."""
    from phone import Phone
    phone = Phone(chromium, town)
    member = phone.join("Nia")
    persons = {}
    for words in ["STOP", "output", "remote"]:
        send_one(phone, town)
        persons[words] = town.reply(member, words)
    phone.close()
    stopped = persons["STOP"]
    wait_until(lambda: town.sql(
        f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{stopped}'") == "t", 15, "a stop")
    return persons


def number_of(town, person):
    return town.sql(f"SELECT number FROM contact WHERE id = '{person}'")


def lines(town, kind):
    return int(town.sql(f"SELECT count(*) FROM ledger WHERE kind = '{kind}'"))


def test_find_a_number_and_read_its_history(signed_in, town, people):
    phone = signed_in("compliance", width=1280)
    page = phone.page
    number = number_of(town, people["STOP"])
    phone.open("/k/number")
    page.fill("#number", number)
    page.click("main form button")
    assert number not in page.url and people["STOP"] in page.url
    answer = page.inner_text(".answer")
    assert "Texted 1 time" in answer and "Stopped at" in answer
    assert "Nothing was sent since but the one confirmation" in answer
    assert number not in page.inner_text("main")
    revealed = lines(town, "reveal")
    page.click("text=Reveal the number")
    assert number in page.inner_text("main")
    assert lines(town, "reveal") == revealed + 1
    phone.open(f"/k/p/{people['STOP']}")
    assert number not in page.inner_text("main"), "read again, it is hidden again"
    phone.picture("compliance-history")
    assert faults(page) == []


def test_a_history_prints_for_a_court(signed_in, town, people):
    phone = signed_in("owner", width=1280, color_scheme="dark")
    page = phone.page
    phone.open(f"/k/p/{people['STOP']}")
    page.emulate_media(media="print")
    assert page.is_visible(".letterhead")
    assert "Example Campaign" in page.inner_text(".letterhead")
    assert page.is_visible(".seal"), "it ends with the head of the log"
    assert page.locator("button:visible").count() == 0
    ink = page.evaluate("getComputedStyle(document.body).color + getComputedStyle(document.documentElement).backgroundColor")
    assert ink == "rgb(0, 0, 0)rgb(255, 255, 255)"
    phone.picture("compliance-history-print")


def test_the_ledger_is_searched_by_its_address_and_exported(signed_in, town, people):
    phone = signed_in("compliance", width=1280)
    page = phone.page
    phone.open("/k/ledger?kind=stop&source=text")
    assert page.locator("tbody tr").count() == 1
    assert people["STOP"] in page.inner_html("tbody")
    phone.picture("compliance-ledger")
    assert faults(page) == []
    with page.expect_download() as download:
        page.click("text=As a table (CSV)")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [row["kind"] for row in rows] == ["stop"]
    assert rows[0]["contact"] == people["STOP"] and float(rows[0]["honoured_seconds"]) < 60
    assert number_of(town, people["STOP"]) not in str(rows)
    assert lines(town, "export") == 1


def test_clear_the_review_queue(signed_in, town, people):
    """By plain forms: no script."""
    phone = signed_in("compliance", scripts=False)
    page = phone.page
    phone.open("/k/review")
    cases = page.locator("article.case")
    assert cases.count() >= 1
    while cases.count():
        first = "article.case >> nth=0 >> "
        if "remote" in cases.first.inner_text():
            page.click(first + "[value=opt_out]")
        else:
            page.click(first + "summary")
            page.click(first + "[value=none]")
            assert page.is_visible(".error"), "overruling the rules takes a reason"
            page.fill(first + "input[name=reason]", "asked about the list, not to stop")
            page.click(first + "[value=none]")
    assert page.is_visible("text=Nothing waits")
    assert town.sql("SELECT count(*) FROM review WHERE decided_at IS NULL") == "0"
    reason = town.sql("""SELECT count(*) FROM ledger WHERE kind = 'review'
        AND entry::jsonb #>> '{details,reason}' LIKE 'asked about%'
        AND entry::jsonb #>> '{details,version}' <> ''""")
    assert int(reason) >= 1


@pytest.mark.parametrize("role", ["texter", "lead", "organiser"])
def test_nobody_else_reaches_it(signed_in, town, people, role):
    phone = signed_in(role)
    for path in ["/k", "/k/ledger", "/k/number", "/k/review", f"/k/p/{people['STOP']}"]:
        assert phone.open(path).status == 404


@pytest.mark.parametrize("scheme,language,width", VIEWS)
def test_every_page_of_compliance_is_accessible(signed_in, town, people, scheme, language, width):
    phone = signed_in("compliance", width=width, color_scheme=scheme, bypass_csp=True,
                      reduced_motion="reduce")
    town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{phone.who}'")
    found = []
    for name, path in [("start", "/k"), ("number", "/k/number"), ("ledger", "/k/ledger"),
                       ("none", "/k/ledger?kind=erasure"), ("review", "/k/review"),
                       ("history", f"/k/p/{people['STOP']}")]:
        phone.open(path)
        phone.picture(f"compliance-{name}-{language}-{scheme}-{width}")
        found += [f"{path}: {line}" for line in faults(phone.page)]
    assert found == []

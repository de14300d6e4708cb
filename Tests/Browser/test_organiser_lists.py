"""Lists and words: pasted rows, double rows to download, faults in the page's own language, and what
the page of the first text says about its cost."""

import csv
import io

import pytest

from checks import faults
from test_organiser_wizard import figures, organiser, start, upload  # noqa: F401
from town import wait_until
from workbook import write_workbook

ROWS = "\n".join([
    "First name\tCell phone\tTown", "Aisha\t+14155556001\tCardiff", "Rhys\t+14155556002\t",
    "Omar\t+14155556002\tCardiff", "Aisha\t+14155556001\tCardiff", "Siân\t+14155556003\tBarry",
    "Tom\tno number\tBarry"])


def table(one, selector):
    """The rows of a downloaded table, without its heading."""
    with one.page.expect_download() as download:
        one.page.click(selector)
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(io.StringIO(file.read())))[1:]


@pytest.mark.parametrize("scripts", [True, False])
def test_rows_are_pasted_and_double_ones_told(organiser, town, scripts):  # noqa: F811
    one = organiser(width=1280 if scripts else 390, scripts=scripts, accept_downloads=True)
    start(one, f"Pasted {scripts}")
    one.page.click("summary:has-text('Paste rows')")
    one.page.fill("#rows", ROWS)
    one.picture(f"paste-{scripts}")
    one.page.click("text=Look at the columns")
    one.page.wait_for_selector("#source")
    assert one.page.input_value("#role_1") == "number_1"
    one.page.fill("#source", "signed up at the town fair")
    one.tap("button.act")
    one.page.wait_for_selector("dl.figures", timeout=60_000)
    counts = figures(one)
    assert (counts["Rows read"], counts["Will be asked"], counts["Double"]) == ("6", "3", "2")
    assert table(one, "text=/Download .?2.? double rows/") == [
        ["3", "Shares its number with somebody in another row", "2"],
        ["4", "The same number in another row", "1"]]
    assert table(one, "text=/Download .?1.? row with/") == [
        ["6", "Not a phone number", "no number"]]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_workbook_is_read_and_shouted_names_calmed(
        organiser, town, tmp_path, scripts):  # noqa: F811
    write_workbook(tmp_path / "people.xlsx", [
        ["First name", "Cell phone", "Town"], ["SHANTEL", 4155557001, "Cardiff"],
        ["Rhys", "+1 415 555 7002", "Barry"]])
    one = organiser(width=390, scripts=scripts)
    campaign = start(one, f"Workbook {scripts}")
    upload(one, (tmp_path / "people.xlsx").read_bytes(), "people.xlsx")
    one.page.wait_for_selector("#source", timeout=60_000)
    assert one.page.input_value("#role_1") == "number_1"
    said = one.page.inner_text("label:has([name=calm])").replace("\u2068", "").replace("\u2069", "")
    assert "Write SHANTEL as Shantel" in said
    one.picture(f"workbook-{scripts}")
    assert not scripts or faults(one.page) == []
    one.page.fill("#source", "signed up at the town fair")
    one.page.check("[name=calm]")
    one.tap("button.act")
    one.page.wait_for_selector("dl.figures", timeout=60_000)
    counts = figures(one)
    assert (counts["Rows read"], counts["Will be asked"]) == ("2", "2")
    assert town.sql(
        "SELECT string_agg(fields->>'first_name', ',' ORDER BY fields->>'first_name') FROM recipient "
        f"WHERE campaign_id = '{campaign}'") == "Rhys,Shantel"


@pytest.mark.parametrize("language,body,words", [
    ("es", b"First name,Cell phone\nAisha,\x00\x00\n", "está dañada"),
    ("cy", b"PK\x03\x04\x14\x00\x06\x00\x08", "llyfr gwaith"),
    ("es", b"Name,Cell phone\n\"Aisha,+14155551111\n", "se abre una comilla"),
])
def test_faults_speak_the_pages_language(organiser, town, language, body, words):  # noqa: F811
    one = organiser(width=390)
    campaign = start(one, f"Fault {language} {len(body)}")
    town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{one.who}'")
    one.open(f"/o/c/{campaign}/who")
    upload(one, body, "people.csv")
    one.page.wait_for_selector("[role=alert], #source")
    if one.page.query_selector("[role=alert]") is None:
        one.page.fill("#source", "miembros")
        one.page.click("button.act")
        one.page.wait_for_selector("[role=alert]", timeout=30_000)
    said = one.page.inner_text("[role=alert]")
    assert words in said and "The file" not in said and "record" not in said.lower()
    one.open(f"/o/c/{campaign}/say")
    one.page.fill("#body", "Hola {first name")
    one.tap("button[name=on]")
    said = one.page.inner_text("[role=alert]")
    assert "character" not in said and "brace" not in said
    assert faults(one.page) == []


def test_the_page_of_the_first_text_says_what_costs(organiser, town):  # noqa: F811
    one = organiser(width=1280)
    campaign = start(one, "What costs")
    one.page.click("summary:has-text('Paste rows')")
    one.page.fill("#rows", ROWS)
    one.page.click("text=Look at the columns")
    one.page.wait_for_selector("#source")
    one.page.fill("#source", "members")
    one.tap("button.act")
    one.page.wait_for_selector("dl.figures", timeout=60_000)
    one.open(f"/o/c/{campaign}/say")
    words = ("Hi {first_name}, Dana here with Example Campaign. Is “Saturday” in {town} good for "
             "you – at 11 in the library? We talk about buses, schools and the long list of things "
             "that matter here. Reply STOP to opt out.")
    one.page.fill("#body", words)
    # Saved before the page is loaded anew: a click does not wait for its answer.
    with one.page.expect_navigation():
        one.page.click("form[data-writing] button:not([name])")
    def counted():
        one.page.reload()
        return one.page.query_selector("text=/no value/")
    wait_until(counted, 60, "the count")
    said = one.page.inner_text("main").replace("\u2068", "").replace("\u2069", "")
    assert "{town}: 1 person has no value" in said
    assert "begins at" in said
    assert faults(one.page) == []
    one.picture("say-costs-1280")
    with one.page.expect_navigation():
        one.page.click("text=Use the plain ones")
    plain = one.page.input_value("#body")
    assert '"Saturday"' in plain and "you - at" in plain and "“" not in plain
    assert town.sql(f"SELECT count(*) FROM script WHERE campaign_id = '{campaign}'") == "1"

"""From a list to a launch: the five steps, two editors, broken files."""

import csv
import io
import os
import re
import socket
import time

import pytest
from playwright.sync_api import Error

from checks import IS_FULL, faults, look_at
from town import noon_zone, wait_until

WORDS = ("Hi {first_name|there}, Dana here from Example Campaign. Can you join us on Saturday at "
         "11? Reply STOP to opt out.")


def people(count, start=1000):
    """A list as an organiser has it: some rows double, shared, bad."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["First name", "Cell phone", "Time zone", "Town"])
    zone = noon_zone()
    for index in range(count):
        writer.writerow([
            ["Aisha", "Rhys", "Siân", "Tom"][index % 4], f"+1415555{start + index:04d}", zone,
            "Cardiff, South"])
    writer.writerow(["Aisha", f"+1415555{start:04d}", zone, "twice"])
    writer.writerow(["Omar", f"+1415555{start + 1:04d}", zone, "shares a number"])
    for bad in ["", "12", "no number", "=1+1"]:
        writer.writerow(["Bad", bad, zone, "row"])
    return out.getvalue().encode()


@pytest.fixture
def organiser(signed_in, town):
    """Makes an organiser whose own mobile is known."""

    def make(**more):
        one = signed_in("organiser", "Ana", **more)
        town.sql(f"UPDATE member SET number = '{one.number}' WHERE id = '{one.who}'")
        return one

    return make


def start(one, name, **more):
    """A draft with that name; gives its id."""
    one.open("/o/new")
    one.page.fill("#name", name)
    one.tap("button.big")
    one.page.wait_for_url("**/who")
    return one.page.url.split("/")[-2]


def upload(one, body, name="people.csv"):
    """Chooses a file and waits for its columns."""
    one.page.set_input_files(
        "#file", files=[{"name": name, "mimeType": "text/csv", "buffer": body}])
    one.tap("form[enctype] button")


def add_people(one, body):
    upload(one, body)
    one.page.wait_for_selector("#source")
    one.page.fill("#source", "signed up at the town fair")
    one.tap("button.act")
    one.page.wait_for_selector("dl.figures", timeout=60_000)


def figures(one):
    """The report of the list by its labels."""
    rows = one.page.query_selector_all("dl.figures .figure")
    return {row.query_selector("dt").inner_text(): row.query_selector("dd").inner_text()
            for row in rows}


@pytest.mark.parametrize("scripts", [True, False])
def test_list_to_launch(organiser, town, scripts):
    """The whole way in clicks, whose time is measured; nothing of it needs script."""
    begun = time.monotonic()
    one = organiser(width=1280, scripts=scripts)
    name = f"Journey {'with' if scripts else 'without'} script"
    one.open("/o")
    one.tap("a[href='/o/new']")
    one.page.fill("#name", name)
    one.tap("button.big")
    one.page.wait_for_url("**/who")
    campaign = one.page.url.split("/")[-2]
    add_people(one, people(60, 2000 if scripts else 3000))
    counts = figures(one)
    assert counts["Rows read"] == "66" and counts["Will be asked"] == "60"
    assert counts["Double"] == "2" and counts["Left out"] == "4"
    assert counts["Shared numbers"] == "2"

    one.page.click("text=Next: Say")
    one.page.fill("#body", WORDS)
    one.tap("button[name=on]")
    one.page.wait_for_url("**/answer")
    form = "details[open] "
    one.page.fill(form + "[name=label]", "Yes: lift?")
    one.page.fill(form + "[name=body]", "Great! Do you need a lift?")
    one.page.fill(form + "[name=question]", "Coming")
    one.page.fill(form + "[name=value]", "Yes")
    one.page.click(form + "button.act")
    one.page.wait_for_selector("details.answer")
    one.page.click("text=Next: When")
    one.page.fill("#people_needed", "20")
    one.tap("button[name=on]")
    one.page.wait_for_url("**/check")
    one.picture(f"check-{scripts}")

    one.page.click("button[name=test]")
    one.page.wait_for_selector(".checks")
    text = wait_until(lambda: town.carrier_texts(one.number), 15, "the test text")[-1]
    assert "Dana here from Example Campaign" in text and "{" not in text
    assert one.page.query_selector("#people") is None
    wait_until(lambda: accept_all(one), 20, "nothing left to accept")
    one.page.fill("#people", "59")
    one.tap("button.big")
    one.page.wait_for_selector("[role=alert]")
    one.page.fill("#people", "60")
    one.tap("button.big")
    one.page.wait_for_url("**/launch")
    one.picture(f"countdown-{scripts}")
    wait_until(
        lambda: town.sql(f"SELECT state FROM campaign WHERE id = '{campaign}'") == "live", 30,
        "the launch")
    spent = time.monotonic() - begun
    print(f"list to launch in {spent:.1f} s, {one.taps} counted clicks, scripts={scripts}")
    line = town.sql(f"SELECT entry FROM ledger WHERE entry LIKE '%campaign launched%{campaign}%' "
                    f"OR entry LIKE '%{campaign}%campaign launched%'")
    assert one.who in line


def accept_all(one):
    """Accepts what may be accepted, one press at a time; true once the launch is offered."""
    one.page.reload()
    while one.page.query_selector("button[name=accept]"):
        one.page.click("button[name=accept]")
        one.page.wait_for_load_state()
    return one.page.query_selector("#people") is not None


def test_launch_can_be_called_off(organiser, town):
    one = organiser()
    campaign = start(one, "Called off")
    add_people(one, people(5, 4000))
    one.open(f"/o/c/{campaign}/say")
    one.page.fill("#body", WORDS)
    one.tap("button[name=on]")
    one.page.wait_for_url("**/answer")
    one.open(f"/o/c/{campaign}/check")
    one.page.click("button[name=test]")
    one.page.wait_for_selector(".checks")
    wait_until(lambda: accept_all(one), 20, "nothing left to accept")
    one.page.fill("#people", "5")
    one.tap("button.big")
    one.page.wait_for_url("**/launch")
    one.page.click("text=Stop, do not launch")
    one.page.wait_for_url("**/check")
    assert town.sql(f"SELECT launch_at IS NULL FROM campaign WHERE id = '{campaign}'") == "t"
    time.sleep(11)  # beyond the countdown: nothing may happen any more
    assert town.sql(f"SELECT state FROM campaign WHERE id = '{campaign}'") == "draft"


def test_two_editors_lose_nothing(organiser, town):
    ana, ben = organiser(width=1280), organiser(width=1280)
    campaign = start(ana, "Two editors")
    for one in (ana, ben):
        one.open(f"/o/c/{campaign}/say")
    ana.page.fill("#body", "Ana's words, Example Campaign. STOP to opt out.")
    ana.page.click("form[data-writing] button:not([name])")
    ana.page.wait_for_selector("text=/Version .?1/")
    ben.page.fill("#body", "Ben's words, Example Campaign. STOP to opt out.")
    ben.page.click("form[data-writing] button:not([name])")
    ben.page.wait_for_selector("text=Save mine over it")
    shown = ben.page.inner_text("main")
    assert "Ana's words" in shown and "Ben's words" in shown
    assert faults(ben.page) == []
    ben.picture("conflict")
    assert "Ana's words" in town.sql(
        f"SELECT body FROM script WHERE campaign_id = '{campaign}' ORDER BY version DESC LIMIT 1")
    ben.page.click("text=Save mine over it")
    ben.page.wait_for_selector("text=/Version .?2/")
    # Another step is nobody's business: editing it side by side is no conflict.
    ana.open(f"/o/c/{campaign}/when")
    ben.page.fill("#body", "Ben again, Example Campaign. STOP to opt out.")
    ben.page.click("form[data-writing] button:not([name])")
    ben.page.wait_for_selector("text=/Version .?3/")
    ana.page.fill("#people_needed", "7")
    ana.page.click("form.loose button:not([name])")
    ana.page.wait_for_load_state()
    assert town.sql(f"SELECT people_needed FROM campaign WHERE id = '{campaign}'") == "7"
    assert int(town.sql(f"SELECT count(*) FROM script WHERE campaign_id = '{campaign}'")) == 3


def test_a_preview_never_touches_the_form(organiser, town):
    one = organiser(width=1280)
    campaign = start(one, "Preview")
    add_people(one, people(8, 4100))
    one.open(f"/o/c/{campaign}/say")
    one.page.locator("#body").press_sequentially("Hi {first_name}, ")
    one.page.wait_for_selector("[data-preview] >> text=not saved yet")
    one.page.wait_for_selector("[data-preview] .bubble >> text=/Hi (Aisha|Rhys|Siân|Tom)/")
    one.page.locator("#body").press_sequentially("Siân ŵ")
    one.page.wait_for_selector("[data-preview] >> text=These make it dearer")
    assert one.page.input_value("#body") == "Hi {first_name}, Siân ŵ"
    assert town.sql(f"SELECT count(*) FROM script WHERE campaign_id = '{campaign}'") == "0"


@pytest.mark.parametrize("body,words", [
    (b"First name,Cell phone\nAisha,\x00\x00\n", "damaged"),
    (b"", "Choose a file first"),
    (b"just some words\nand more\n", "No column"),
    (b"Name,Cell phone\n\"Aisha,+14155551111\n", ""),
])
def test_a_broken_file_leaves_nothing(organiser, town, body, words):
    one = organiser()
    campaign = start(one, f"Broken {len(body)}")
    before = town.sql("SELECT count(*) FROM contact")
    upload(one, body, "broken.csv")
    one.page.wait_for_selector("[role=alert], #source")
    if one.page.query_selector("[role=alert]") is None:
        one.page.fill("#source", "members")
        one.page.click("button.act")
        one.page.wait_for_selector("[role=alert]", timeout=30_000)
    assert words in one.page.inner_text("main")
    assert faults(one.page) == []
    nothing_left(town, campaign, before)
    if one.page.query_selector("button[name=drop]"):
        one.page.click("button[name=drop]")
        one.page.wait_for_url("**/who")
    wait_until(lambda: not uploads(town), 5, "the file gone")


def uploads(town):
    """Files of uploads that this town's pages keep below the temporary folder."""
    import glob
    import tempfile
    return glob.glob(f"{tempfile.gettempdir()}/barnstorm-uploads-{town.children['web'].pid}/*")


def nothing_left(town, campaign, contacts):
    assert town.sql("SELECT count(*) FROM contact") == contacts
    assert town.sql(f"SELECT count(*) FROM recipient WHERE campaign_id = '{campaign}'") == "0"
    assert town.sql(f"SELECT count(*) FROM lane WHERE campaign_id = '{campaign}'") == "0"
    assert town.sql("SELECT count(*) FROM pg_class WHERE relname ~ '^(stage|merge)_'") == "0"


def test_an_upload_that_breaks_off_leaves_nothing(organiser, town):
    one = organiser()
    campaign = start(one, "Broken off")
    before = town.sql("SELECT count(*) FROM contact")
    token = next(c["value"] for c in one.context.cookies() if c["name"] == "sid")
    host, port = re.match(r"http://([\d.]+):(\d+)", town.base).groups()
    with socket.create_connection((host, int(port))) as line:
        line.sendall(
            f"POST /o/c/{campaign}/who/upload HTTP/1.1\r\nHost: {host}\r\nCookie: sid={token}\r\n"
            "Sec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            "Content-Length: 1000000\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; "
            "filename=\"a.csv\"\r\n\r\nName,Phone\nA,+14155551234\n".encode())
        wait_until(lambda: uploads(town), 10, "the beginning of the file")
    wait_until(lambda: not uploads(town), 10, "the file gone")
    nothing_left(town, campaign, before)


def test_rejected_rows_are_right_to_the_row(organiser, town):
    one = organiser()
    start(one, "Rejects")
    add_people(one, people(30, 4200))
    with one.page.expect_download() as waiting:
        one.page.click("a[download]")
    with open(waiting.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Row", "Reason", "What stood there"]
    assert [row[0] for row in rows[1:]] == ["33", "34", "35", "36"]
    assert [row[2] for row in rows[1:]] == ["", "12", "no number", "'=1+1"]


def test_pages_are_fit_for_all(organiser, town, drafted):
    one = organiser()

    def speak(language):
        town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{one.who}'")

    pages = {
        "list": "/o", "drafts": "/o?shelf=drafts", "nothing": "/o?shelf=past&find=x",
        "new": "/o/new", "people": "/o/people", "me": "/o/me", "person": f"/o/people/{one.who}",
        "sign-in": "/o/sign-in"}
    for step in ("who", "say", "answer", "when", "check"):
        pages[step] = f"/o/c/{drafted}/{step}"
    assert look_at(one, pages, speak, "organiser-") == []


@pytest.fixture(scope="module")
def drafted(chromium, town):
    """A draft with everything in it."""
    from phone import Phone
    one = Phone(chromium, town, width=1280)
    member = town.member("organiser", "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff")
    one.sign_in(member)
    campaign = start(one, "Doorstep on the second Saturday, with a name as long as names may be")
    add_people(one, people(40, 5000))
    one.open(f"/o/c/{campaign}/say")
    one.page.fill("#body", WORDS + " Croeso, ŵyn!")
    one.tap("button[name=on]")
    one.page.wait_for_url("**/answer")
    for label in ("Yes: lift?", "No thanks", "عائشة"):
        form = "main > .halves details:last-of-type "
        if one.page.query_selector(form + "[name=label]:visible") is None:
            one.page.click(form + "summary")
        one.page.fill(form + "[name=label]", label)
        one.page.fill(form + "[name=body]", "Great! Do you need a lift?")
        one.page.click(form + "button.act")
        one.page.wait_for_load_state()
    yield campaign
    one.close()


def memory(town, process, what):
    """A figure of a process's memory, in MB."""
    with open(f"/proc/{town.children[process].pid}/status") as file:
        return int(re.search(rf"{what}:\s+(\d+) kB", file.read()).group(1)) / 1024


ROWS = int(os.environ.get("BARNSTORM_UPLOAD_ROWS", 1_000_000 if IS_FULL else 20_000))
# A row of the file in 997 holds no number: the list of them must be right to the row.
BAD_EVERY = 997


def write_big(path, rows, ending="", start=2_132_000_000):
    """A list of so many rows; gives the places of the bad ones, counted from 1."""
    zone, bad = noon_zone(), []
    with open(path, "w", encoding="utf-8") as file:
        file.write("first_name,cell,zone,town\n")
        for index in range(1, rows + 1):
            number = f"+1{start + index * 7 % 7_900_000}"
            if index % BAD_EVERY == 0:
                number = f"x{index}"
                bad.append(index)
            file.write(f"Person {index},{number},{zone},Cardiff\n")
        file.write(ending)
    return bad


def choose(one, path):
    """Uploads a big file; gives the seconds until its columns are shown."""
    one.page.set_input_files("#file", path)
    begun = time.monotonic()
    one.page.click("form[enctype] button", timeout=300_000)
    one.page.wait_for_selector("#source", timeout=300_000)
    spent = time.monotonic() - begun
    one.page.fill("#source", "members")
    return spent


def follow(one, until):
    """Presses and follows the bar until a selector is there; gives the steps that were shown."""
    one.tap("button.act")
    one.page.wait_for_selector(f"progress, {until}", timeout=300_000)
    one.picture("progress")
    steps, end = [], time.monotonic() + 2400
    while not one.page.is_visible(until):
        assert time.monotonic() < end
        try:
            step = one.page.inner_text("label[for=progress]", timeout=500)
        except Error:  # the page is being loaded anew, or the import is over
            continue
        if step not in steps[-1:]:
            steps.append(step)
        one.page.wait_for_timeout(250)
    return steps


@pytest.mark.timeout(3600 if IS_FULL else 900)
def test_a_big_list_arrives_with_flat_memory(organiser, town, tmp_path):
    """A million rows under BARNSTORM_FULL=1, else twenty thousand; time and memory are printed."""
    path = tmp_path / "big.csv"
    bad = write_big(path, ROWS)
    one = organiser(width=1280)
    start(one, "A big list")
    before = {name: memory(town, name, "VmRSS") for name in ("web", "worker")}
    begun = time.monotonic()
    received = choose(one, path)
    steps = follow(one, "dl.figures")
    spent = time.monotonic() - begun
    peak = {name: memory(town, name, "VmHWM") for name in before}
    counts = figures(one)
    print(f"{ROWS} rows, {path.stat().st_size / 1e6:.0f} MB: received in {received:.1f} s, in all "
          f"{spent:.1f} s; {len(steps)} steps of the bar seen; MB before "
          + ", ".join(f"{name} {before[name]:.0f}, peak {peak[name]:.0f}" for name in before)
          + f"; {counts}")
    assert counts["Rows read"].replace(",", "") == str(ROWS)
    assert counts["Left out"].replace(",", "") == str(len(bad))
    assert len(steps) >= (5 if IS_FULL else 0)
    with one.page.expect_download(timeout=120_000) as waiting:
        one.page.click("a[download]")
    with open(waiting.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert [(int(row[0]), row[2]) for row in rows] == [(place, f"x{place}") for place in bad]
    # Four batches of a quarter megabyte and their staged forms, whatever the size of the file.
    assert peak["web"] - before["web"] < 150
    assert peak["worker"] - before["worker"] < 60


@pytest.mark.timeout(3600 if IS_FULL else 900)
def test_a_big_list_that_breaks_at_its_end_leaves_nothing(organiser, town, tmp_path):
    """All rows but the last are good; nobody of them may be there afterwards."""
    path = tmp_path / "broken.csv"
    write_big(path, ROWS, ending='"Nobody,+1', start=3_102_000_000)
    one = organiser()
    campaign = start(one, "A big list that breaks")
    contacts = town.sql("SELECT count(*) FROM contact")
    begun = time.monotonic()
    choose(one, path)
    follow(one, "[role=alert]")
    print(f"{ROWS} rows and a broken one: refused after {time.monotonic() - begun:.1f} s")
    nothing_left(town, campaign, contacts)

"""At the end of a shift: one thing to fix, told to whoever leads, seen once, kept for good."""

from checks import faults, look_at


def test_one_thing_to_fix_reaches_the_lead(signed_in, town):
    """All by plain forms: told on a phone, read and put away on the board, kept on its own page."""
    sam = signed_in("texter", "Sam", scripts=False)
    sam.open("/done")
    assert "Tell Ana one thing we should fix" in sam.page.inner_text("main").replace(
        "\u2068", "").replace("\u2069", "")
    sam.page.click("#fix button")
    assert "a few words are enough" in sam.page.inner_text(".error")
    sam.picture("debrief-empty")
    sam.page.fill("#fix-words", "The second answer is <b>too long</b>. 🎉")
    sam.page.click("#fix button")
    assert sam.page.url.endswith("/done?said=told#fix")
    assert "with those who lead" in sam.page.inner_text("#fix [role=status]")
    assert sam.page.input_value("#fix-words") == ""

    board = f"/o/c/{town.campaign}"
    lead = signed_in(member=town.lead, scripts=False)
    lead.open(board)
    unread = lead.page.locator("#b-fixes li")
    assert unread.count() == 1
    said = unread.inner_text()
    assert "The second answer is <b>too long</b>. 🎉" in said and "Sam" in said
    lead.page.click("#b-fixes li button")
    assert lead.page.url.endswith(board + "#b-fixes") and unread.count() == 0
    lead.page.click("nav >> text=What volunteers say")
    assert "too long" in lead.page.inner_text(".fix .words")
    assert "seen by" in lead.page.inner_text(".fix")
    assert lead.page.query_selector("[name=seen]") is None
    assert town.sql("SELECT count(*) FROM suggestion WHERE seen_by IS NOT NULL") == "1"

    # Texters have no such page, and cannot put away what was told.
    sam.open(f"{board}/fixes")
    assert "There is nothing here" in sam.page.inner_text("main")


def test_a_day_has_room_for_five(signed_in, town):
    sam = signed_in("texter", "Sam")
    for place in range(5):
        sam.open("/done")
        sam.page.fill("#fix-words", f"Thing {place}")
        sam.page.click("#fix button")
        sam.page.wait_for_selector("#fix [role=status]")
    sam.open("/done")
    sam.page.fill("#fix-words", "Thing 6")
    sam.page.click("#fix button")
    assert "Tell more tomorrow" in sam.page.inner_text(".error")
    assert faults(sam.page) == []
    assert sam.page.input_value("#fix-words") == "Thing 6"
    assert town.sql(f"SELECT count(*) FROM suggestion WHERE member_id = '{sam.who}'") == "5"


def test_an_open_board_says_that_something_came(signed_in, town):
    lead = signed_in(member=town.lead, width=1280)
    lead.open(f"/o/c/{town.campaign}")
    assert not lead.page.is_visible("[data-moved]")
    sam = signed_in("texter", "Sam", scripts=False)
    sam.open("/done")
    sam.page.fill("#fix-words", "Nobody told us where to meet")
    sam.page.click("#fix button")
    lead.page.wait_for_selector("[data-moved]:not([hidden])")
    lead.page.click("[data-moved] a")
    lead.page.wait_for_selector("#b-fixes >> text=Nobody told us where to meet")


def test_the_pages_of_what_volunteers_say(signed_in, town):
    sam = signed_in("texter", "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff the Third")
    for words in ("نحتاج إلى وقت أطول 🎉", "word" * 60 + "\n\nand a second line"):
        sam.open("/done")
        sam.page.fill("#fix-words", words)
        sam.page.click("#fix button")
        sam.page.wait_for_selector("#fix [role=status]")
    campaign = town.new_id()
    town.sql("INSERT INTO campaign (organisation_id, id, name, state, code, script_version) "
             f"VALUES (1, '{campaign}', 'Quiet', 'live', '{campaign}', 1)")
    organiser = signed_in("organiser", "Olga")

    def speak(language):
        town.sql(f"UPDATE member SET language = '{language}' "
                 f"WHERE id IN ('{organiser.who}', '{sam.who}')")

    pages = {"fixes": f"/o/c/{town.campaign}/fixes", "fixes-none": f"/o/c/{campaign}/fixes",
             "board-fixes": f"/o/c/{town.campaign}"}
    assert look_at(organiser, pages, speak) == []
    assert look_at(sam, {"debrief": "/done", "debrief-told": "/done?said=told"}, speak) == []

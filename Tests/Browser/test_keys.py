"""The keyboard: every key of the list on /help#keys, pressed."""

import pytest

from checks import faults
from test_reply import conversation
from town import wait_until


@pytest.fixture
def keyed(signed_in, town):
    """Makes browsers of members who have switched their keys on."""

    def make(role="texter", **more):
        phone = signed_in(role, width=1280, **more)
        town.sql(f"UPDATE member SET settings = settings || '{{\"keys\": \"on\"}}' "
                 f"WHERE id = '{phone.who}'")
        return phone

    return make


def texts_of(town, member):
    return int(town.sql(f"SELECT count(*) FROM message WHERE kind = 1 AND author_id = '{member}'"))


def outbox_is_empty(page):
    return page.evaluate("(localStorage.outbox ?? '[]') === '[]'")


def wrote_back(town, phone, count):
    """So many people answer a texter; gives the conversations, longest waiting first."""
    for _ in range(count):
        before = texts_of(town, phone.who)
        phone.open("/send")
        phone.page.click("[data-press] [data-send]")
        wait_until(lambda b=before: texts_of(town, phone.who) == b + 1, 10, "a text")
        person = town.reply(phone.who, "who is this")
        wait_until(lambda p=person: conversation(town, p), 10, "a conversation")
    return town.sql(
        f"SELECT id FROM conversation WHERE assignee_id = '{phone.who}' "
        "ORDER BY needs_reply_since, id").split()


def test_keys_do_nothing_until_switched_on(signed_in):
    phone = signed_in(width=1280)
    page = phone.page
    phone.open("/inbox")
    for key in "?gs2":
        page.keyboard.press(key)
    assert page.url.endswith("/inbox")
    phone.open("/help")
    page.click("#keys button")
    page.wait_for_url("**/help#keys")
    phone.open("/inbox")
    page.keyboard.press("?")
    page.wait_for_url("**/help#keys")
    assert "pauses" in page.inner_text("main")


def test_keys_lead_everywhere(keyed):
    lead = keyed("lead")
    lead.open("/help")
    for key, place in (("s", "/send"), ("i", "/inbox"), ("o", "/o"), ("h", "/help")):
        lead.page.keyboard.press("g")
        lead.page.keyboard.press(key)
        lead.page.wait_for_url(f"**{place}")
    # The second key alone is none.
    lead.page.keyboard.press("s")
    assert lead.page.url.endswith("/help")


def test_keys_of_the_send_queue(keyed, town):
    phone = keyed()
    page = phone.page
    phone.open("/send")
    phone.wait_for_cards()
    for turn, key in enumerate([";", "Enter", "Space"], 1):
        page.keyboard.press(key)
        wait_until(lambda n=turn: texts_of(town, phone.who) == n, 10, f"a text by {key}")
        # One deliberate act: the next is far enough from the last.
        page.wait_for_timeout(300)
    # A key that is held is one press, however often it repeats.
    for _ in range(20):
        page.keyboard.down(";")
        page.wait_for_timeout(50)
    page.keyboard.up(";")
    wait_until(lambda: outbox_is_empty(page), 10, "an empty outbox")
    assert texts_of(town, phone.who) == 4

    message = page.input_value("[data-press] [name=message]")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.value") == "language"
    page.keyboard.press("Escape")
    assert not page.is_visible("[data-skip-menu] form")
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-skip-undo]:not([hidden])")
    wait_until(
        lambda: town.sql(f"SELECT count(*) FROM skip WHERE message_id = '{message}'") == "1", 5,
        "the skip")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert town.sql(f"SELECT member_id FROM lease WHERE message_id = '{message}'") == phone.who
    page.keyboard.press("i")
    page.wait_for_url("**/inbox")


def test_keys_of_the_inbox(keyed, town):
    phone = keyed()
    page = phone.page
    first, second = wrote_back(town, phone, 2)
    phone.open("/inbox")

    def here():
        return page.evaluate("document.activeElement.getAttribute('href')")

    for key, talk in [
            ("j", first), ("j", second), ("j", second), ("k", first), ("ArrowDown", second),
            ("ArrowUp", first)]:
        page.keyboard.press(key)
        assert here() == f"/c/{talk}", key
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/c/{first}")
    phone.open("/inbox")
    for key, bucket in (("2", "waiting"), ("3", "done"), ("4", "handed"), ("1", "needs")):
        page.keyboard.press(key)
        page.wait_for_selector(f"[data-bucket={bucket}][aria-current]")
        page.wait_for_load_state()  # keys work once the page's script does
    page.keyboard.press("/")
    page.keyboard.type("2jg")
    assert page.input_value("#find") == "2jg"
    assert page.get_attribute("[data-bucket][aria-current]", "data-bucket") == "needs"


def test_keys_of_a_conversation(keyed, town):
    phone = keyed()
    page = phone.page
    first, second = wrote_back(town, phone, 2)
    phone.open(f"/c/{first}")
    chips = page.query_selector_all(".dock [data-chip]")
    assert len(chips) == 5
    for place, chip in enumerate(chips, 1):
        page.keyboard.press(str(place))
        assert page.input_value("#body") == chip.get_attribute("data-text")
    # In the field a digit is a digit.
    page.fill("#body", "at ")
    page.focus("#body")
    page.keyboard.type("11 oh")
    assert page.input_value("#body") == "at 11 oh"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-send-undo]:not([hidden])")
    page.click("h1")
    page.keyboard.press("z")
    assert page.input_value("#body") == "at 11 oh"
    page.keyboard.press("Control+.")
    page.wait_for_url(f"**/c/{second}")
    page.keyboard.press("Control+,")
    page.wait_for_url(f"**/c/{first}")
    page.keyboard.press("h")
    assert page.evaluate("document.activeElement.id") == "to"

    person = town.sql(f"SELECT contact_id FROM conversation WHERE id = '{first}'")
    out = f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'"
    page.click("h1")
    page.keyboard.press("o")
    wait_until(lambda: town.sql(out) == "t", 5, "the stop")
    page.wait_for_url("**said=stopped")
    page.hover(".undo:not([hidden])")  # which holds its six seconds
    page.keyboard.press("z")
    wait_until(lambda: town.sql(out) == "f", 5, "the stop taken back")
    # A menu closes first; then the way back is open.
    page.wait_for_selector("[data-reply]")
    page.wait_for_load_state()
    page.click("[data-menu] summary")
    page.keyboard.press("Escape")
    assert page.url.split("?")[0].endswith(f"/c/{first}")
    page.keyboard.press("Escape")
    page.wait_for_url("**/inbox")


def test_keys_of_a_board(keyed, town):
    lead = keyed("lead")
    page = lead.page
    state = f"SELECT state FROM campaign WHERE id = '{town.campaign}'"
    try:
        lead.open(f"/o/c/{town.campaign}")
        # Once is none, nor is twice with another key between.
        for key in "pxpx":
            page.keyboard.press(key)
        assert page.is_visible("[data-key=pp]")
        assert town.sql(state) == "live"
        for key in "pp":
            page.keyboard.press(key)
        wait_until(lambda: town.sql(state) == "paused", 5, "the pause")
    finally:
        town.sql("UPDATE campaign SET state = 'live', state_reason = NULL, paused_at = NULL")
    lead.open(f"/o/c/{town.campaign}")
    page.keyboard.press("r")
    page.wait_for_url("**/o/replies*")


def test_keys_of_ones_own(keyed, town):
    """A key of one's own does what ours did, and ours nothing; wrong ones are told and kept."""
    phone = keyed()
    page = phone.page
    phone.open("/keys")
    page.fill("#key_skip", "x")
    page.fill("#key_send", "x")
    page.click("main form .act")
    assert "Two things" in page.inner_text("[role=alert]")
    assert page.input_value("#key_send") == "x"
    assert page.locator("[aria-invalid=true]").count() == 2
    # Two keys that change places, and one that is new.
    for name, key in (("send", "n"), ("skip", ";"), ("inbox", "q")):
        page.fill(f"#key_{name}", key)
    page.click("main form .act")
    page.wait_for_selector("[role=status]")
    phone.picture("keys-own")
    assert faults(page) == []

    phone.open("/send")
    page.keyboard.press("i")
    page.keyboard.press(";")
    assert page.evaluate("document.activeElement.value") == "language"
    page.keyboard.press("Escape")
    assert texts_of(town, phone.who) == 0
    page.keyboard.press("n")
    wait_until(lambda: texts_of(town, phone.who) == 1, 15, "a text by n")
    page.keyboard.press("q")
    page.wait_for_url("**/inbox")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/send")
    phone.open("/keys")
    page.click("[name=reset]")
    page.wait_for_url("**/keys?said=saved")
    assert page.input_value("#key_send") == ";"

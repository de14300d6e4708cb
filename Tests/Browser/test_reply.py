"""Answers that land."""

import time

import pytest

from town import wait_until


@pytest.fixture
def texter(phone, town):
    """Somebody who has sent one text."""
    phone.join()
    send_one(phone, town)
    return phone


def send_one(phone, town):
    count = f"SELECT count(*) FROM message WHERE kind = 1 AND author_id = '{phone.member}'"
    before = int(town.sql(count))
    phone.page.wait_for_timeout(300)  # a press soon after the last is taken for a bounce
    phone.page.click("[data-press] [data-send]")
    wait_until(lambda: int(town.sql(count)) == before + 1, 30, "a text")


def conversation(town, person):
    return town.sql(f"SELECT id FROM conversation WHERE contact_id = '{person}'")


def test_journey_reply(texter, town):
    """Inbound to inbox within two seconds, two taps with a chip, answer and tag recorded."""
    texter.open("/inbox")
    began = time.monotonic()
    person = town.reply(texter.member, "Yes! what time?")
    wait_until(lambda: conversation(town, person), 10, "a conversation")
    saved = time.monotonic()
    texter.page.wait_for_selector("a.person")
    shown = time.monotonic()
    print(f"reply saved after {saved - began:.2f} s, on the screen {shown - saved:.2f} s later")
    texter.page.click("a.person")
    texter.page.wait_for_selector("[data-chip]")
    texter.taps = 0
    texter.tap("text=Yes: lift?")
    texter.tap("[data-reply] [data-send]")
    assert texter.taps == 2
    identity = conversation(town, person)
    wait_until(
        lambda: town.sql(f"SELECT body FROM message WHERE conversation_id = '{identity}' AND kind = 2"),
        12, "the reply after its five seconds")
    facts = town.sql(f"SELECT answers->>'Coming', tags[1], needs_reply_since IS NULL "
                     f"FROM conversation WHERE id = '{identity}'")
    assert facts == "Yes|lift asked|t"


def test_a_reply_can_be_undone(texter, town):
    person = town.reply(texter.member, "maybe")
    identity = wait_until(lambda: conversation(town, person), 10, "a conversation")
    texter.open(f"/c/{identity}")
    texter.page.click("[data-chip]:has-text('Thank you')")
    texter.page.click("[data-reply] [data-send]")
    texter.page.click("[data-send-undo] button")
    assert texter.page.input_value("#body") == "Thank you! Have a good evening."
    texter.page.wait_for_timeout(6000)
    assert town.sql(
        f"SELECT count(*) FROM message WHERE conversation_id = '{identity}' AND kind = 2") == "0"


def test_opt_out_is_one_tap_and_can_be_taken_back(texter, town):
    person = town.reply(texter.member, "hmm no idea")
    identity = wait_until(lambda: conversation(town, person), 10, "a conversation")
    texter.open(f"/c/{identity}")
    texter.taps = 0
    texter.tap("[data-stop]")
    assert texter.taps == 1
    out = f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'"
    wait_until(lambda: town.sql(out) == "t", 5, "the stop")
    texter.page.click(".undo:not([hidden]) button")
    wait_until(lambda: town.sql(out) == "f", 5, "the stop taken back")
    texter.open(f"/c/{identity}")
    texter.tap("[data-stop]")
    wait_until(lambda: town.sql(out) == "t", 5, "the second stop")
    number = town.sql(f"SELECT number FROM contact WHERE id = '{person}'")
    wait_until(
        lambda: any("no more texts" in body for body in town.carrier_texts(number)), 25,
        "one confirmation")
    texter.page.wait_for_timeout(3000)
    assert sum("no more texts" in body for body in town.carrier_texts(number)) == 1


def test_an_opt_out_that_fails_is_told(texter, town):
    """Without signal the tap is not swallowed: the page says that they are not opted out yet."""
    person = town.reply(texter.member, "hm")
    identity = wait_until(lambda: conversation(town, person), 10, "a conversation")
    texter.open(f"/c/{identity}")
    texter.context.set_offline(True)
    texter.tap("[data-stop]")
    texter.page.wait_for_selector("[data-news]:not([hidden]) >> text=Not opted out yet")
    out = f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'"
    assert town.sql(out) == "f"
    texter.context.set_offline(False)
    texter.tap("[data-stop]")
    wait_until(lambda: town.sql(out) == "t", 10, "the stop")


def test_pinned_thread(texter, town):
    """An open conversation stays; what comes in is announced and the draft is kept."""
    person = town.reply(texter.member, "who is this")
    identity = wait_until(lambda: conversation(town, person), 10, "a conversation")
    texter.open(f"/c/{identity}")
    texter.wait_for_news()
    texter.page.click("text=Time and place")
    number = town.sql(f"SELECT number FROM contact WHERE id = '{person}'")
    town.inbound(number, "hello??")
    texter.page.wait_for_selector("[data-news]:not([hidden])")
    assert texter.page.url.endswith(identity)
    assert "11:00" in texter.page.input_value("#body")


def test_form_untouched(texter, town):
    """A live event never changes a form under somebody's hands."""
    person = town.reply(texter.member, "first")
    identity = wait_until(lambda: conversation(town, person), 10, "a conversation")
    texter.open(f"/c/{identity}")
    texter.page.click("#hand summary")
    texter.page.fill("#reason", "speaks Welsh")
    texter.page.focus("#reason")
    texter.wait_for_news()
    town.inbound(town.sql(f"SELECT number FROM contact WHERE id = '{person}'"), "second")
    texter.page.wait_for_selector("[data-news]:not([hidden])")
    texter.page.wait_for_timeout(1000)
    assert texter.page.input_value("#reason") == "speaks Welsh"
    assert texter.page.evaluate("document.activeElement.id") == "reason"


def test_two_tabs_share_one_stream(texter, town):
    second = texter.watched(texter.context.new_page())
    requests = []
    for page in (texter.page, second):
        page.on("request", lambda request: request.url.endswith("/events") and requests.append(1))
    texter.open("/inbox")
    second.goto(town.base + "/inbox")
    wait_until(lambda: second.wait_for_timeout(100) or requests, 10, "a stream")
    texter.wait_for_news()
    second.wait_for_timeout(1500)  # what a second stream would have had the time to begin in
    assert len(requests) == 1
    town.reply(texter.member, "both see me")
    for page in (texter.page, second):
        page.wait_for_selector("a.person")


def test_an_old_page_is_not_believed(texter, town, phones):
    """Who answers after somebody else did reads first; the words are kept."""
    person = town.reply(texter.member, "question")
    identity = wait_until(lambda: conversation(town, person), 10, "a conversation")
    texter.open(f"/c/{identity}")
    town.inbound(town.sql(f"SELECT number FROM contact WHERE id = '{person}'"), "another question")
    wait_until(
        lambda: town.sql(f"SELECT count(*) FROM message WHERE kind = 6 AND contact_id = '{person}'") == "2",
        10, "the second text")
    texter.page.click("text=Time and place")
    texter.page.click("[data-reply] [data-send]")
    # The five seconds, then the answer: the words come back.
    texter.wait_for("document.querySelector('#body').value !== ''", "the words kept")
    assert "11:00" in texter.page.input_value("#body")
    assert "wrote again meanwhile" in texter.page.inner_text("[data-news]")
    assert town.sql(f"SELECT count(*) FROM message WHERE kind = 2 AND contact_id = '{person}'") == "0"

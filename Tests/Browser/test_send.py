"""From a link to texts that were sent once."""

import random
import signal
import time

from town import wait_until


def texts_of(town, member):
    return int(town.sql(f"SELECT count(*) FROM message WHERE kind = 1 AND author_id = '{member}'"))


def test_journey_texter(phone, town):
    """Link to first text: two screens before it, one tap for it; the time is measured."""
    began = time.monotonic()
    member = phone.join()
    screens, phone.taps = phone.screens, 0
    name = phone.page.inner_text("[data-name]")
    phone.tap("[data-press] [data-send]")
    wait_until(lambda: texts_of(town, member) == 1, 10, "the first text")
    seconds = time.monotonic() - began
    print(f"link to first text: {seconds:.1f} s")
    assert screens == 2
    assert phone.taps == 1
    assert phone.page.inner_text("[data-name]") != "" and name
    number = town.sql(
        f"SELECT c.number FROM message m JOIN contact c ON c.id = m.contact_id "
        f"WHERE m.kind = 1 AND m.author_id = '{member}'")
    wait_until(lambda: len(town.carrier_texts(number)) == 1, 15, "the text at the carrier")


def test_next_card_comes_at_once(phone, town):
    """Press to next card under 100 ms, whatever the network: measured and printed."""
    phone.join()
    phone.wait_for_cards()
    for _ in range(4):
        phone.tap("[data-press] [data-send]")
        phone.page.wait_for_timeout(400)  # a press soon after the last is none
    spans = phone.page.evaluate(
        "performance.getEntriesByName('press to next card').map((entry) => entry.duration)")
    print("press to next card:", [round(span, 1) for span in spans], "ms")
    assert len(spans) == 4


def test_no_double(phone, town):
    """Nervous fingers, held keys, reloads and dead zones: one text for each person."""
    member = phone.join()
    chance = random.Random(seed := random.randrange(10**6))
    print("seed", seed)
    page = phone.page
    phone.wait_for_cards()
    for turn in range(25):
        what = chance.randrange(6)
        if turn == 12:
            town.kill("web", signal.SIGKILL)
            page.click("[data-press] [data-send]")
            page.wait_for_timeout(300)
            town.start_web()
        if what == 0:
            page.evaluate("for (let i = 0; i < 10; i++) document.querySelector('[data-send]').click()")
        elif what == 1:
            phone.context.set_offline(True)
            page.click("[data-press] [data-send]")
            page.wait_for_timeout(300)
            phone.context.set_offline(False)
        elif what == 2:
            page.reload()
        elif what == 3:
            page.focus("[data-press] [data-send]")
            page.keyboard.down("Enter")
            for _ in range(5):
                page.keyboard.down("Enter")
            page.keyboard.up("Enter")
        else:
            page.click("[data-press] [data-send]")
        page.wait_for_timeout(chance.randrange(50, 350))
    page.wait_for_timeout(1500)
    wait_until(lambda: page.evaluate("(localStorage.outbox ?? '[]') === '[]'"), 20, "an empty outbox")
    doubled = town.sql(
        "SELECT count(*) FROM (SELECT contact_id FROM message WHERE kind = 1 "
        "GROUP BY contact_id HAVING count(*) > 1) d")
    assert doubled == "0"
    assert texts_of(town, member) > 5


def test_presses_without_signal_wait_and_go_once(phone, town):
    member = phone.join()
    page = phone.page
    phone.wait_for_cards()
    before = texts_of(town, member)
    phone.context.set_offline(True)
    for _ in range(4):
        page.click("[data-press] [data-send]")
        page.wait_for_timeout(350)
    page.wait_for_selector("[data-signal]:not([hidden]) >> text=4")
    phone.context.set_offline(False)
    wait_until(lambda: texts_of(town, member) == before + 4, 20, "four texts")
    page.wait_for_timeout(500)
    assert texts_of(town, member) == before + 4


def test_a_press_with_nobody_on_the_screen_is_refused(phone, town):
    """Where further cards are late the button is off; what was pressed then is not swallowed."""
    member = phone.join()
    page, held = phone.page, []

    def hold(route):
        late = route.request.resource_type == "fetch" and route.request.method == "GET"
        held.append(route) if late else route.continue_()

    def seen(condition):
        page.wait_for_timeout(50)  # lets the routes pass
        return condition()

    page.route("**/send", hold)
    page.reload()
    wait_until(lambda: seen(lambda: held), 15, "the page to ask for cards")
    page.click("[data-press] [data-send]")
    wait_until(lambda: seen(lambda: texts_of(town, member) == 1), 15, "the first text")
    assert page.is_disabled("[data-press] [data-send]")
    page.wait_for_timeout(300)  # a faster finger is taken for a bounce
    for route in held:
        route.continue_()
    page.unroute("**/send")
    page.click("[data-press] [data-send]")
    wait_until(lambda: texts_of(town, member) == 2, 15, "the second text")


def test_cards_come_back_after_a_dead_zone(phone, town):
    """All cards pressed without signal: with signal the texts go and the next person appears."""
    member = phone.join()
    page = phone.page
    phone.wait_for_cards()
    phone.context.set_offline(True)
    presses = 0
    while page.is_enabled("[data-press] [data-send]"):
        page.click("[data-press] [data-send]")
        presses += 1
        page.wait_for_timeout(300)  # a faster finger is taken for a bounce
        assert presses < 20
    phone.context.set_offline(False)
    page.wait_for_selector("[data-press] [data-send]:enabled")
    wait_until(lambda: texts_of(town, member) == presses, 30, "the texts of the dead zone")


def test_stop_wins(phone, town):
    """Who opts out between lease and press is not texted; the texter is told kindly."""
    member = phone.join()
    page = phone.page
    name = page.inner_text("[data-name]")
    message = page.input_value("[data-press] [name=message]")
    person = town.sql(f"SELECT contact_id FROM lease WHERE message_id = '{message}'")
    town.sql(f"UPDATE contact SET opted_out_at = now() WHERE id = '{person}'")
    phone.tap("[data-press] [data-send]")
    page.wait_for_selector("[data-refusal]:not([hidden])")
    said = page.inner_text("[data-refusal] p")
    assert "opted out" in said and name.split()[0] in said
    assert town.sql(
        f"SELECT body FROM message WHERE contact_id = '{person}' AND author_id = '{member}'") == ""


def test_pause_now(phone, town):
    """A pause reaches an open page, which says why; within two seconds, which is measured."""
    phone.join()
    page = phone.page
    phone.wait_for_news()
    try:
        town.sql(
            "UPDATE campaign SET state = 'paused', state_reason = 'checking a link', paused_at = now()")
        began = time.monotonic()
        page.wait_for_selector("[data-nothing]")
        print(f"pause on the page after {time.monotonic() - began:.1f} s")
        assert "checking a link" in page.inner_text("[data-nothing]")
    finally:
        town.sql("UPDATE campaign SET state = 'live', state_reason = NULL")
    page.wait_for_selector("[data-press]")


def test_not_this_one(phone, town):
    """A skipped person goes to others; six seconds to think again."""
    member = phone.join()
    page = phone.page
    phone.wait_for_cards()
    message = page.input_value("[data-press] [name=message]")
    page.click("[data-skip-menu] summary")
    page.click("[data-skip-menu] [value=known]")
    page.hover("[data-skip-undo]")  # which holds its six seconds
    wait_until(
        lambda: town.sql(f"SELECT reason FROM skip WHERE message_id = '{message}'") == "known", 5,
        "the reason")
    with page.expect_navigation():
        page.click("[data-skip-undo] button")
    wait_until(
        lambda: town.sql(f"SELECT member_id FROM lease WHERE message_id = '{message}'") == member, 5,
        "the person back")

"""Small things that make a shift kind: to the hand, to the eye, to whoever has had enough."""

from checks import faults
from test_flows import talk  # noqa: F401 (a fixture)
from town import wait_until


def test_no_message_please(signed_in, town, talk):  # noqa: F811
    """After the tap: the opt-out stands, the confirmation does not leave."""
    sam = signed_in()
    person, identity = talk(sam, "hm no")
    number = town.sql(f"SELECT number FROM contact WHERE id = '{person}'")
    sam.open(f"/c/{identity}")
    sam.page.click("[data-stop]")
    sam.picture("stopped")
    sam.page.click("text=No message, please")
    assert "no message leaves" in sam.page.inner_text("main")
    assert town.sql(f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'") == "t"
    wait_until(
        lambda: town.sql("SELECT reason FROM attempt a JOIN message m ON m.id = a.message_id "
                         f"WHERE m.kind = 3 AND m.contact_id = '{person}'") == "no_message_wished",
        5, "the confirmation closed")
    assert town.sql("SELECT count(*) FROM outbox WHERE kind = 3") == "0"
    assert not any("no more texts" in body for body in town.carrier_texts(number))


def test_hard_words_can_be_passed_on_unread(signed_in, town, talk):  # noqa: F811
    sam = signed_in()
    person, identity = talk(sam, "you bitch")
    sam.open(f"/c/{identity}")
    sam.picture("hard-words")
    assert faults(sam.page) == []
    sam.page.click(".thread >> text=Pass it on")
    assert sam.page.evaluate("document.activeElement.id") == "to"
    sam.picture("hard-words-passed-on", full_page=False)
    assert faults(sam.page) == []
    sam.page.click(".thread >> text=Opt out and close")
    assert not sam.page.is_visible("text=bitch")
    assert town.sql(f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'") == "t"


def test_send_moves_to_the_hand_that_holds_the_phone(signed_in):
    sam = signed_in()
    page = sam.page

    def middle():
        box = page.query_selector("[data-press] [data-send]").bounding_box()
        return box["x"] + box["width"] / 2

    sam.open("/send")
    assert abs(middle() - 195) < 10
    for hand, is_there in (("left", lambda x: x < 150), ("right", lambda x: x > 240)):
        sam.open("/help")
        page.click(f"[name=hand][value={hand}]")
        sam.open("/send")
        assert is_there(middle()), hand
        sam.picture(f"hand-{hand}")
        assert faults(page, hand) == []


def test_a_note_to_rest_after_three_hundred(signed_in, town):
    sam = signed_in()
    for sent, is_shown in ((299, False), (300, True), (330, False)):
        town.sql(f"UPDATE participation SET sent_today = {sent}, sent_on = current_date "
                 f"WHERE member_id = '{sam.who}'")
        sam.open("/send")
        assert ("rest your hand" in sam.page.inner_text("[data-mine]")) == is_shown, sent


def test_the_promise_is_told(signed_in, town, talk):  # noqa: F811
    sam = signed_in()
    _, identity = talk(sam, "when?")
    sam.open("/inbox")
    assert "nobody here has waited longer" in sam.page.inner_text("main")
    town.sql("UPDATE conversation SET needs_reply_since = now() - interval '21 min' "
             f"WHERE id = '{identity}'")
    sam.open("/inbox")
    assert "1 person has waited longer" in sam.page.inner_text("main")


def test_the_next_person_is_one_press_away(signed_in, town, talk):  # noqa: F811
    sam = signed_in()
    _, first = talk(sam, "one")
    _, second = talk(sam, "two")
    sam.open(f"/c/{first}")
    sam.page.click("[rel=next]")
    assert sam.page.url.endswith(second)
    sam.page.click("[rel=next]")
    assert sam.page.url.endswith("/inbox")


def test_a_link_opened_at_night_says_so(phone, town):
    zone = "UPDATE campaign SET opens_minute = {}, closes_minute = {}"
    try:
        town.sql(zone.format(18 * 60, 20 * 60))
        phone.open("/j/doorstep")
        assert "is asleep" in phone.page.inner_text("main")
        phone.picture("join-asleep")
        assert faults(phone.page) == []
    finally:
        town.sql(zone.format("NULL", "NULL"))


def test_a_shift_ends_with_what_it_came_to(signed_in, town, talk):  # noqa: F811
    sam = signed_in()
    _, identity = talk(sam, "count me in")
    sam.open(f"/c/{identity}")
    sam.page.click("[data-chip]:has-text('Yes: lift?')")
    sam.page.click("[data-reply] [data-send]")
    wait_until(
        lambda: town.sql(f"SELECT answers->>'Coming' FROM conversation WHERE id = '{identity}'") == "Yes",
        12, "the answer")
    sam.open("/done")
    assert "Coming: Yes" in sam.page.inner_text("main")
    assert sam.page.is_visible(".square svg")
    sam.picture("done")
    assert faults(sam.page) == []


def test_the_inbox_narrowed_to_questions(signed_in, town, talk):  # noqa: F811
    """By plain links; what comes in while a filter is chosen must fit it, too."""
    sam = signed_in(scripts=False)
    _, asks = talk(sam, "where is it?")
    person, _ = talk(sam, "count me in")
    sam.open("/inbox")
    sam.page.click(".narrowing a:has-text('Question')")
    assert sam.page.is_visible(f"[data-id='{asks}']")
    assert len(sam.page.query_selector_all("[data-people] > li")) == 1
    sam.open("/inbox?only=stop")
    sam.page.click("main a.act:has-text('Show all')")
    assert len(sam.page.query_selector_all("[data-people] > li")) == 2
    live = signed_in(member=sam.who)
    live.open("/inbox?only=question")
    assert faults(live.page) == []
    town.inbound(town.sql(f"SELECT number FROM contact WHERE id = '{person}'"), "or is it Sunday?")
    live.page.wait_for_selector("[data-people] > li:nth-child(2)")
    town.inbound(town.sql(f"SELECT number FROM contact WHERE id = '{person}'"), "fine by me")
    live.page.wait_for_selector("[data-new]:not([hidden])")


def test_a_quiet_shift_offers_its_end(signed_in, town):
    """Without script, so that no open page keeps the shift awake."""
    sam = signed_in(scripts=False)
    sam.open("/send")
    sam.page.click("[data-press] [data-send]")
    for path in ("/send", "/inbox"):
        town.sql("UPDATE participation SET last_at = now() - interval '21 min' "
                 f"WHERE member_id = '{sam.who}'")
        sam.open(path)
        sam.picture(f"quiet{path.replace('/', '-')}")
        assert sam.page.is_visible("[data-quiet]")
    seen = signed_in(member=sam.who)
    town.sql("UPDATE participation SET last_at = now() - interval '21 min' "
             f"WHERE member_id = '{sam.who}'")
    seen.open("/send")
    assert faults(seen.page) == []
    seen.page.click("[data-quiet] a")
    assert seen.page.url.endswith("/done")

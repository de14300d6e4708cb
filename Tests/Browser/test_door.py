"""Before somebody joins: trying it first, and a code that nobody has."""

import re

from checks import faults, look_at

# What a page may have kept of somebody: everything but the files of the house.
KEPT = ("SELECT (SELECT count(*) FROM member) || ' ' || (SELECT count(*) FROM participation) || ' ' "
        "|| (SELECT count(*) FROM sign_in) || ' ' || (SELECT count(*) FROM proof) || ' ' "
        "|| (SELECT count(*) FROM join_request) || ' ' || (SELECT count(*) FROM message) || ' ' "
        "|| (SELECT count(*) FROM lease)")


def test_practising_without_joining(phones, town):
    """By plain links and forms, from the join page through everybody and back to it."""
    one = phones(scripts=False)
    before = town.sql(KEPT)
    one.open("/j/doorstep")
    one.page.click("text=Rather practise first?")
    assert one.page.url.endswith("/j/doorstep/practice")
    thread = one.page.inner_text(".thread")
    assert "Hi Aisha, a volunteer here from Example Campaign" in thread and "what time?" in thread
    one.picture("practice-door")
    # The campaign's ready answers are for those who joined.
    assert "Roath" not in one.page.content() and "Yes: lift?" not in one.page.content()
    one.page.click("[value=stop]")
    assert one.page.is_visible(".banner.warn")
    right = ["answer", "stop", "ask", "ask", "wrong", "stop", "stop", "stop", "ask", "hand", "stop"]
    for place, choice in enumerate(right):
        one.page.click(f"[name=choice][value={choice}]")
        assert one.page.is_visible(".banner.good"), place
        if place + 1 < len(right):
            one.page.click("text=Next person")
    assert "That was everybody" in one.page.inner_text("main")
    assert "unlock" not in one.page.inner_text("main").lower()
    one.picture("practice-door-end")
    one.page.click("main a.act")
    assert one.page.url.endswith("/j/doorstep") and one.page.is_visible("#login")
    assert town.sql(KEPT) == before
    assert [each["name"] for each in one.context.cookies()] == []


def test_the_practice_room_at_the_door(phones, town):
    one = phones()

    def speak(language):
        one.context.add_cookies([{"name": "lang", "value": language, "url": town.base}])

    pages = {"door-join": "/j/doorstep", "door-practice": "/j/doorstep/practice",
             "door-practice-last": "/j/doorstep/practice?n=10"}
    assert look_at(one, pages, speak) == []
    one.open("/j/doorstep/practice")
    one.page.click("[value=stop]")
    assert faults(one.page) == []
    speak("en")
    one.open("/j/nothing/practice")
    assert "We do not know this link" in one.page.inner_text("main")


def test_a_mistyped_code_suggests_what_one_can_join(phones, signed_in, town):
    """Nothing before an organiser says that anyone may find it; then the likely one first."""
    one = phones(scripts=False)
    one.open("/j/dorstep")
    assert "Doorstep Saturday" not in one.page.content() and "Join" not in one.page.inner_text("main")

    olga = signed_in("organiser", "Olga", width=1280)
    olga.open(f"/o/c/{town.campaign}/when")
    assert faults(olga.page) == []
    olga.page.check("[name=findable]")
    olga.picture("when-findable")
    olga.page.click("button:has-text('Save'):not([name=on])")
    olga.page.wait_for_selector("[name=findable]:checked")

    # Others that anyone may find, launched later; the last one sleeps, and none of them is a slip.
    for place, name in enumerate(("Alpha", "Beta", "Gamma")):
        campaign = town.new_id()
        town.sql(f"""
            INSERT INTO campaign (organisation_id, id, name, state, code, script_version, findable,
                launched_at) VALUES (1, '{campaign}', '{name}', '{"live" if place else "paused"}',
                '{name.lower()}-{campaign[:6]}', 1, true, now() + interval '{place} min');
            INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size)
            SELECT 1, '{town.new_id()}', '{campaign}', import_id, zone_set, 9 FROM lane LIMIT 1""")
    one.open("/j/dorstep")
    names = [each.inner_text() for each in one.page.query_selector_all("h3")]
    assert names == ["Doorstep Saturday", "Gamma", "Beta"]
    assert "Did you mean this?" in one.page.inner_text("main li:first-child")
    assert len(one.page.query_selector_all("text=Did you mean this?")) == 1
    one.picture("unknown-sessions")
    one.open("/j/nothing")
    names = [each.inner_text() for each in one.page.query_selector_all("h3")]
    assert names == ["Gamma", "Beta", "Doorstep Saturday"]
    try:
        town.sql("UPDATE campaign SET opens_minute = 1080, closes_minute = 1200 WHERE name = 'Gamma'")
        one.open("/j/nothing")
        names = [each.inner_text() for each in one.page.query_selector_all("h3")]
        assert names == ["Beta", "Doorstep Saturday", "Gamma"]
        assert "Opens in" in one.page.inner_text("main li:last-child")
        seen = phones()

        def speak(language):
            seen.context.add_cookies([{"name": "lang", "value": language, "url": town.base}])

        assert look_at(seen, {"unknown": "/j/dorstep"}, speak) == []
        one.open("/j/dorstep")
        one.page.click("main li:first-child a.act")
        assert one.page.url.endswith("/j/doorstep")
    finally:
        town.sql("UPDATE campaign SET state = 'ended', ended_at = now() "
                 "WHERE name IN ('Alpha', 'Beta', 'Gamma')")


def send_code(one, name):
    one.open("/j/doorstep")
    one.page.fill("#name", name)
    one.page.fill("#login", one.number)
    one.page.click("button.big")
    one.page.wait_for_selector("#code")


def test_the_lesson_is_had_once(phones, town):
    """Three seconds of it the first time, then never again on that phone; nobody else's name stays."""
    one = phones()
    send_code(one, "Sam")
    assert one.page.is_visible(".lesson")
    button = one.page.locator("button.big")
    assert button.get_attribute("data-after") == "3"
    # On a busy machine the three seconds may be over by now.
    assert one.page.evaluate(
        "document.querySelector('button.big').disabled || performance.now() > 3000")
    one.picture("lesson-first")
    assert "Not Sam?" in re.sub("[\u2068\u2069]", "", one.page.inner_text("main"))
    one.page.wait_for_selector("button.big:enabled")
    assert faults(one.page) == []
    one.page.fill("#code", town.code_for(one.number))
    button.click()
    one.page.wait_for_url("**/send")
    assert town.sql(f"SELECT settings->>'lesson' FROM member WHERE id = '{one.member}'") == "1"

    # A shared tablet: Sam's name leads out and back to the same link.
    one.open("/j/doorstep")
    one.page.click("button:has-text('Not')")
    one.page.wait_for_selector("#login")
    assert one.page.url.endswith("/j/doorstep")
    send_code(one, "Sam")
    assert not one.page.is_visible(".lesson") and one.page.is_visible("button.big")
    one.picture("lesson-again")
    assert faults(one.page) == []
    # Somebody else on it, whose number it does not know, has the lesson.
    one.number = one.number[:-1] + ("1" if one.number[-1] != "1" else "2")
    send_code(one, "Nia")
    assert one.page.is_visible(".lesson")
    one.page.click("a:has-text('Not')")
    assert one.page.url.endswith("/j/doorstep") and one.page.input_value("#name") == ""


def test_without_a_code_there_is_still_a_lesson(phones, town):
    """Join mode "open", by plain forms: the card, then the texts; never the card again."""
    town.sql(f"UPDATE campaign SET join_mode = 'open' WHERE id = '{town.campaign}'")
    try:
        one = phones(scripts=False)
        one.open("/j/doorstep")
        one.page.fill("#name", "Ifan")
        one.page.fill("#login", one.number)
        one.page.click("button.big")
        assert one.page.is_visible(".lesson") and not one.page.is_visible("#code")
        one.picture("lesson-open")
        one.page.click("button.big")
        assert one.page.url.endswith("/send")
        one.open("/lesson")
        assert one.page.url.endswith("/send")
        other = phones()
        other.open("/j/doorstep")
        other.page.fill("#name", "Elin")
        other.page.fill("#login", other.number)
        other.page.click("button.big")
        other.page.wait_for_selector("button.big:enabled")
        assert faults(other.page) == []
        other.page.click("button:has-text('Not')")
        other.page.wait_for_selector("#login")
        assert other.page.url.endswith("/j/doorstep")
    finally:
        town.sql(f"UPDATE campaign SET join_mode = 'code' WHERE id = '{town.campaign}'")


def test_who_cannot_begin_now_is_noted(phones, town):
    """Full, finished, or just not now: one press, one row, and a word that it is one text."""
    states = {
        "full": "texters_max = 1", "finished": "state = 'finished', texters_max = NULL",
        "now": "state = 'live', texters_max = NULL"}
    texter = town.member("texter", "Busy")
    town.sql(f"UPDATE participation SET last_at = now() WHERE member_id = '{texter}'")
    try:
        for name, change in states.items():
            town.sql(f"UPDATE campaign SET {change} WHERE id = '{town.campaign}'")
            one = phones(scripts=False)
            one.open("/j/doorstep")
            one.picture(f"remind-{name}")
            one.page.fill("#name", "Sam")
            one.page.fill("#login", one.number)
            one.page.click("[name=remind]")
            assert "We write once" in one.page.inner_text("main"), name
            due = town.sql("SELECT due_at > now() + interval '2 hours' FROM join_request "
                           f"WHERE kind = 'reminder' AND login = '{one.number}'")
            assert due == ("t" if name == "now" else "f"), name
        one = phones()
        one.open("/j/doorstep")
        one.page.fill("#name", "Sam")
        one.page.fill("#login", "sam@example.org")
        one.page.click("[name=remind]")
        one.page.wait_for_selector(".error")
        assert "cannot send e-mail" in one.page.inner_text(".error")
        assert faults(one.page) == []
    finally:
        town.sql(f"UPDATE campaign SET state = 'live', texters_max = NULL "
                 f"WHERE id = '{town.campaign}'")
        town.sql("DELETE FROM join_request")

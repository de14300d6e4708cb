"""Before somebody joins: trying it first, and a code that nobody has."""

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

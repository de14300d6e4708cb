"""Every page: accessible, light, and working without script."""

import pytest

from checks import faults, look_at, violations
from test_reply import conversation, send_one
from town import wait_until


LONG = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff the Third"


@pytest.fixture(scope="module")
def settled(chromium, town):
    """Somebody with conversations of several kinds; gives the member and the pages to visit."""
    from phone import Phone
    phone = Phone(chromium, town)
    member = phone.join(LONG)
    pages = {}
    for kind, words in [("plain", "Yes! what time?"), ("stop", "please no more of this"),
                        ("arabic", "مرحبا، متى نلتقي؟ 🎉"), ("abuse", "you bitch")]:
        send_one(phone, town)
        person = town.reply(member, words)
        talk = wait_until(lambda p=person: conversation(town, p), 10, "a conversation")
        pages[f"talk-{kind}"] = f"/c/{talk}"
    town.sql(f"""
        UPDATE contact SET name = '{LONG}' WHERE id IN (
            SELECT contact_id FROM lease WHERE member_id = '{member}' UNION
            SELECT contact_id FROM conversation WHERE id = '{pages["talk-plain"][3:]}')""")
    town.sql(f"""
        INSERT INTO note (organisation_id, id, conversation_id, author_id, kind, body)
        VALUES (1, '{town.new_id()}', '{pages["talk-arabic"][3:]}', '{town.lead}', 'note',
            'Prefers to be written to in Arabic, in the evening.')""")
    pages |= {
        "inbox": "/inbox", "inbox-done": "/inbox?bucket=done", "inbox-find": "/inbox?find=zzz",
        "inbox-question": "/inbox?only=question", "inbox-nobody": "/inbox?only=no",
        "send": "/send", "done": "/done", "practice": "/practice", "help": "/help", "keys": "/keys",
        "raise": f"/help?about={pages['talk-plain'][3:]}", "join-again": "/j/doorstep",
        "missing": "/nowhere", "pieces": "/pieces",
    }
    phone.close()
    return member, pages


def test_axe_matrix(signed_in, town, settled):
    """Every page of somebody signed in, in each scheme, language and width."""
    member, pages = settled

    def speak(language):
        town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{member}'")

    assert look_at(signed_in(member=member), pages, speak) == []


def test_axe_matrix_at_the_door(phone, town):
    """The pages of who is not signed in, and what a form says that is wrong."""

    def speak(language):
        phone.context.add_cookies([{"name": "lang", "value": language, "url": town.base}])

    pages = {"front": "/", "join": "/j/doorstep", "join-unknown": "/j/nothing", "help-out": "/help"}
    found = look_at(phone, pages, speak)
    phone.open("/j/doorstep")
    phone.page.fill("#login", "12")
    phone.page.click("button.big")
    phone.picture("join-wrong")
    found += faults(phone.page, "a wrong form")
    phone.page.fill("#name", "Sam")
    phone.page.fill("#login", phone.number)
    phone.page.click("button.big")
    phone.page.wait_for_selector("#code")
    phone.picture("lesson")
    found += faults(phone.page, "lesson")
    phone.page.fill("#code", "000000")
    phone.page.click("button.big")
    phone.picture("lesson-wrong")
    assert found + faults(phone.page, "wrong code") == []


def test_axe_sees_what_is_bad(phones):
    """The negative control: a dead checker would pass everything."""
    page = phones().page
    page.set_content("<p style='color:#bbb'>pale</p><img src='data:,'><input>")
    found = {line.split(":")[0] for line in violations(page)}
    assert {"color-contrast", "document-title", "html-has-lang", "image-alt", "label"} <= found


def test_no_script(phones, town):
    """Join, send, skip, answer, opt out, hand over: all by plain forms."""
    phone = phones(scripts=False)
    page = phone.page
    member = phone.join("Nia")
    page.click("[data-press] button")
    count = f"SELECT count(*) FROM message WHERE kind = 1 AND author_id = '{member}'"
    assert town.sql(count) == "1"
    page.go_back()
    page.reload()
    page.click("[data-skip-menu] summary")
    page.click("[data-skip-menu] [value=language]")
    assert page.is_visible("[data-undo]")
    person = town.reply(member, "Yes please")
    talk = wait_until(lambda: conversation(town, person), 10, "a conversation")
    phone.open("/inbox")
    page.click("a.person")
    assert page.url.endswith(talk)
    page.click("text=Time and place")
    assert "11:00" in page.input_value("#body")
    page.click("[data-send]")
    assert town.sql(f"SELECT body FROM message WHERE conversation_id = '{talk}' AND kind = 2")
    page.reload()
    page.click("#note summary")
    page.fill("#note-text", "prefers evenings")
    page.click("#note button")
    assert "prefers evenings" in page.inner_text("main")
    page.click("[data-stop]")
    assert town.sql(f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'") == "t"
    page.click(".undo button")
    assert town.sql(f"SELECT opted_out_at IS NOT NULL FROM contact WHERE id = '{person}'") == "f"
    page.click("#hand summary")
    page.fill("#reason", "speaks Spanish")
    page.click("#hand button")
    assert town.sql(f"SELECT assignee_id IS NULL FROM conversation WHERE id = '{talk}'") == "t"
    phone.open("/done")
    page.click("main form button.act")
    assert town.sql(f"SELECT count(*) FROM lease WHERE member_id = '{member}'") == "0"


def test_practice_unlocks_own_words(phones, town):
    """The campaign's own answers first; three right ones unlock words of one's own."""
    phone = phones()
    member = phone.join("Ifan")
    phone.open("/practice")
    phone.page.click("text=Maybe")
    assert phone.page.is_visible(".banner.warn")
    for choice in ["Time and place", "Yes: lift?", "Thank you"]:
        phone.page.click(f"main form >> text={choice}")
        phone.picture(f"practice-{choice[:4].strip()}")
        phone.page.click("main a.button.act")
    assert town.sql(f"SELECT free_text FROM member WHERE id = '{member}'") == "t"
    phone.open("/practice?n=6")
    phone.page.click("[value=stop]")
    phone.page.click("text=Next person")


def test_budgets(phones, town):
    """First load under 100 kB on the wire; paint under the slow profile is measured."""
    phone = phones()
    session = phone.context.new_cdp_session(phone.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000})
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    phone.open("/j/doorstep")
    phone.page.wait_for_load_state("networkidle")
    first = "performance.getEntriesByName('first-contentful-paint')[0]"
    phone.wait_for(f"{first} !== undefined", "the first paint")
    size = phone.page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".reduce((sum, entry) => sum + entry.transferSize, 0)")
    paint = phone.page.evaluate(f"{first}.startTime")
    print(f"first load: {size} bytes, first paint {paint:.0f} ms at 400 kbit/s, 400 ms, CPU / 4")
    assert 1_000 < size < 100_000


def test_a_push_is_shown(phones, town):
    """The worker's own handler, fed by the browser's debugger: no push service is needed."""
    phone = phones()
    phone.context.grant_permissions(["notifications"], origin=town.base)
    phone.open("/help")
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    session = phone.context.new_cdp_session(phone.page)
    registrations = []
    session.on("ServiceWorker.workerRegistrationUpdated",
               lambda event: registrations.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    wait_until(lambda: phone.page.wait_for_timeout(100) or registrations, 5, "a registration")
    session.send("ServiceWorker.deliverPushMessage", {
        "origin": town.base, "registrationId": registrations[0]["registrationId"],
        "data": '{"title": "Aisha answered", "body": "", "to": "/inbox"}'})
    titles = wait_until(
        lambda: phone.page.evaluate(
            "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())"
            ".then((all) => all.map((one) => one.title))"), 5, "a notification")
    assert titles == ["Aisha answered"]

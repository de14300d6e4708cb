"""Every page: accessible, light, and working without script."""

import pytest

from checks import MATRIX, faults, violations
from test_reply import conversation, send_one
from town import wait_until


@pytest.fixture(scope="module")
def settled(chromium, town):
    """Somebody with conversations of several kinds; gives their cookies and the pages to visit."""
    from phone import Phone
    phone = Phone(chromium, town)
    member = phone.join("Hubert Blaine Wolfeschlegelsteinhausenbergerdorff the Third")
    talks = []
    for words in ["Yes! what time?", "please no more of this", "مرحبا، متى نلتقي؟ 🎉"]:
        send_one(phone, town)
        person = town.reply(member, words)
        talks.append(wait_until(lambda p=person: conversation(town, p), 10, "a conversation"))
    pages = ["/", "/j/doorstep", "/j/nothing", "/send", "/inbox", "/inbox?bucket=done", "/help",
             "/practice", "/done", "/pieces", "/nowhere"] + [f"/c/{talk}" for talk in talks]
    yield member, phone.context.storage_state(), pages
    phone.close()


@pytest.mark.parametrize("scheme,language,width", MATRIX)
def test_axe_matrix(phones, town, settled, scheme, language, width):
    member, cookies, pages = settled
    town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{member}'")
    phone = phones(
        width=width, color_scheme=scheme, storage_state=cookies, reduced_motion="reduce")
    found = []
    for path in pages:
        phone.open(path)
        phone.picture(f"{name_of(path)}-{scheme}-{language}-{width}")
        found += faults(phone.page, path)
    assert found == []


def name_of(path):
    return path[:12].strip("/").replace("/", "-").replace("?", "-") or "front"


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
    phone = phones()
    member = phone.join("Ifan")
    phone.open("/practice")
    for choice in ["answer", "stop", "ask"]:
        phone.page.click(f"[value={choice}]")
        phone.page.click("main a.button.act")
    assert town.sql(f"SELECT free_text FROM member WHERE id = '{member}'") == "t"


def test_budgets(phones, town):
    """First load under 100 kB on the wire; paint under the slow profile is measured."""
    phone = phones()
    session = phone.context.new_cdp_session(phone.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000})
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    phone.open("/j/doorstep")
    phone.page.wait_for_timeout(1500)
    size = phone.page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".reduce((sum, entry) => sum + entry.transferSize, 0)")
    paint = phone.page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"first load: {size} bytes, first paint {paint:.0f} ms at 400 kbit/s, 400 ms, CPU / 4")
    assert 1_000 < size < 100_000


def test_a_push_is_shown(phones, town):
    """The worker's own handler, fed by the browser's debugger: no push service is needed."""
    phone = phones()
    phone.context.grant_permissions(["notifications"], origin=town.base)
    phone.open("/")
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
    phone.page.wait_for_timeout(800)
    titles = phone.page.evaluate(
        "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())"
        ".then((all) => all.map((one) => one.title))")
    assert titles == ["Aisha answered"]

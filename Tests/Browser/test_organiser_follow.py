"""Asking again: whom the carrier refused, who did not answer, who gave an answer. The carrier's log
says who was texted; nobody is texted twice by accident."""

import collections
import time

from checks import faults, look_at
from test_organiser_wizard import accept_all, organiser  # noqa: F401
from town import wait_until

UNREACHABLE, LANDLINE = "+15005550002", "+15005550009"  # the carrier refuses these numbers
SECRET = "Example Campaign asks {word}. Reply STOP to opt out."


def numbers(town, word):
    """To whom the carrier took a text with these words, with how often."""
    words = SECRET.format(word=word)
    return collections.Counter(
        each.to for each in town.carrier_log().accepted if each.body == words and each.to.startswith("+1"))  # not the organiser's test text


def blast(town, word, people):
    """A paced campaign of the first people of the town; gives its id when all texts are closed."""
    campaign, lane, plan = (town.new_id() for _ in range(3))
    town.sql(f"""
        UPDATE organisation SET paced_allowed = true, frequency_cap = 8;
        UPDATE sender SET registration = '{{"campaign": "C1"}}';
        INSERT INTO campaign (organisation_id, id, name, mode, state, code, script_version,
            launched_at)
        VALUES (1, '{campaign}', 'Ask {word}', 'paced', 'draft', '{campaign[:8]}', 1, now());
        INSERT INTO script (organisation_id, campaign_id, version, body)
        VALUES (1, '{campaign}', 1, '{SECRET.format(word=word)}');
        INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes, mapping,
            consent_source, state, done_at)
        VALUES (1, '{plan}', '{campaign}', 'people.csv', '\\x00', 1,
            '{{"fields": ["town", "cell"], "numbers": [1], "hasHeader": true}}', 'members', 'done',
            now());
        INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size)
        SELECT 1, '{lane}', '{campaign}', '{plan}', zone_set, {people} FROM lane LIMIT 1;
        INSERT INTO recipient (organisation_id, contact_id, campaign_id, lane_id, position,
            message_id, fields)
        SELECT 1, id, '{campaign}', '{lane}', row_number() OVER (ORDER BY id),
            (substr(uuid_at(now())::text, 1, 15) || substr(gen_random_uuid()::text, 16))::uuid,
            '{{"town": "Cardiff"}}'
        FROM (SELECT id FROM contact WHERE number LIKE '+1%' ORDER BY id LIMIT {people}) c;
        UPDATE campaign SET state = 'live' WHERE id = '{campaign}';
    """)
    wait_until(lambda: town.sql(f"""
        SELECT count(*) FROM message m JOIN outcome o ON o.message_id = m.id AND o.result <> 3
        WHERE m.campaign_id = '{campaign}'""") == str(people), 60, "all texts closed")
    return campaign


def make(one, path, word, people):
    """From a choice to a live campaign with other words, by its page; gives its id."""
    one.open(path)
    assert one.page.inner_text(".lead").replace("\u2068", "").split()[0] == str(people)
    assert faults(one.page) == []
    one.tap("button.big")
    one.page.wait_for_url("**/who")
    campaign = one.page.url.split("/")[-2]
    assert one.page.inner_text("p.lead strong") == str(people)
    one.open(f"/o/c/{campaign}/say")
    one.page.fill("#body", SECRET.format(word=word))
    one.tap("button[name=on]")
    one.page.wait_for_url("**/answer")
    one.open(f"/o/c/{campaign}/when")
    one.page.fill("[name=canary]", "")
    one.page.click("form.loose button:not([name])")
    one.open(f"/o/c/{campaign}/check")
    one.page.click("button[name=test]")
    one.page.wait_for_selector(".checks")
    wait_until(lambda: accept_all(one), 20, "nothing left to accept")
    return campaign


def launch(one, town, campaign, people):
    one.page.fill("#people", str(people))
    one.tap("button.big")
    wait_until(
        lambda: town.sql(f"SELECT state FROM campaign WHERE id = '{campaign}'")
        in ("live", "finished"), 30, "the launch")


def test_asking_again_texts_nobody_twice(organiser, town):  # noqa: F811
    ids = town.sql("SELECT string_agg(id::text, ',') FROM (SELECT id FROM contact WHERE number "
                   "LIKE '+1415%' ORDER BY id LIMIT 12) c").split(",")
    for place, number in ((0, UNREACHABLE), (1, LANDLINE)):
        town.sql(f"UPDATE contact SET number = '{number}' WHERE id = '{ids[place]}'")
    doubtful = town.sql(f"SELECT number FROM contact WHERE id = '{ids[2]}'")
    town.turn({"faults": {"script": [{"to": doubtful, "fault": "reset_after"}]}})
    source = blast(town, "first", 12)
    asked = numbers(town, "first")
    assert set(asked.values()) == {1} and len(asked) == 10
    chatty, stopped = list(asked)[3], list(asked)[4]
    town.inbound(chatty, "Yes, I come")
    town.inbound(stopped, "STOP")
    wait_until(lambda: town.sql(
        f"SELECT count(*) FROM conversation WHERE campaign_id = '{source}'") == "2", 20, "replies")
    # From here on nothing of the first campaign changes by itself.
    wait_until(
        lambda: town.sql("SELECT count(*) FROM settlement") == "1", 60, "the doubt settled")
    town.carrier_is_idle()

    ana = organiser(width=1280)
    ana.open(f"/o/c/{source}")
    ana.page.click("text=Ask again")
    assert faults(ana.page) == []
    ana.picture("follow-1280")

    # The organiser has found out that the number takes texts now.
    town.sql(f"UPDATE contact SET number = '+14155557777' WHERE id = '{ids[0]}'")
    retry = make(ana, f"/o/c/{source}/follow?who=refused", "retry", 1)
    launch(ana, town, retry, 1)
    wait_until(lambda: numbers(town, "retry"), 30, "the second try")
    assert numbers(town, "retry") == {"+14155557777": 1}
    assert not set(numbers(town, "retry")) & set(asked)
    ana.open(f"/o/c/{source}/follow?who=refused")
    said = ana.page.inner_text("main")
    assert "0 people" in said.replace("\u2068", "").replace("\u2069", "")
    assert "on such a list already" in said and "takes no texts" in said
    ana.picture("follow-one-1280")
    assert "nobody left to ask" in said and ana.page.query_selector("button.big") is None
    answer = ana.page.request.post(  # pressed all the same, on an old page
        f"{town.base}/o/c/{source}/follow", form={"who": "refused", "name": "Once more"},
        headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 422
    assert town.sql("SELECT count(*) FROM campaign WHERE name = 'Once more'") == "0"

    # Ten got it, or may have; who wrote back and who stopped are not asked, nor is a doubt.
    silent = int(town.sql(f"""
        SELECT count(*) FROM recipient r JOIN message m ON m.id = r.message_id
        LEFT JOIN outcome o ON o.message_id = m.id AND o.result = 1
        LEFT JOIN settlement s ON s.message_id = m.id AND s.result = 1
        WHERE r.campaign_id = '{source}' AND (o.message_id IS NOT NULL OR s.message_id IS NOT NULL)
            AND NOT EXISTS (SELECT FROM conversation v WHERE v.contact_id = r.contact_id
                AND v.last_inbound_at IS NOT NULL)
            AND NOT EXISTS (SELECT FROM receipt q WHERE q.message_id = m.id
                AND q.status IN (5, 6))"""))
    again = make(ana, f"/o/c/{source}/follow?who=unanswered", "again", silent)
    listed = set(town.sql(f"""SELECT c.number FROM recipient r JOIN contact c ON c.id = r.contact_id
        WHERE r.campaign_id = '{again}'""").split())
    assert listed <= set(asked) - {chatty, stopped}
    late = sorted(listed)[0]
    town.inbound(late, "Sorry, yes!")  # between the list and the launch
    wait_until(lambda: town.sql(f"""SELECT count(*) FROM conversation v JOIN contact c
        ON c.id = v.contact_id WHERE c.number = '{late}'""") == "1", 20, "the late answer")
    launch(ana, town, again, silent)
    wait_until(lambda: len(numbers(town, "again")) == silent - 1, 40, "the reminders")
    time.sleep(2)
    assert set(numbers(town, "again")) == listed - {late}
    assert set(numbers(town, "again").values()) == {1}

    # Who gave an answer, by a list that names it.
    maybes = sorted(set(asked) - {stopped})[:3] + [stopped]
    for number in maybes:
        town.sql(f"""
            INSERT INTO recorded_answer (organisation_id, id, campaign_id, contact_id,
                conversation_id, question, value)
            SELECT 1, '{town.new_id()}', '{source}', id, gen_random_uuid(), 'Coming', 'Maybe'
            FROM contact WHERE number = '{number}';
            INSERT INTO answer_tally (organisation_id, campaign_id, question, value, slot, people)
            VALUES (1, '{source}', 'Coming', 'Maybe', 0, 1)
            ON CONFLICT (organisation_id, campaign_id, question, value, slot)
            DO UPDATE SET people = answer_tally.people + 1""")
    ana.open(f"/o/c/{source}/follow")
    ana.page.click("text=Coming: Maybe")
    assert "1 who opted out" in ana.page.inner_text("main").replace("\u2068", "").replace(
        "\u2069", "")
    third = make(ana, ana.page.url.replace(town.base, ""), "maybe", 3)
    launch(ana, town, third, 3)
    wait_until(lambda: len(numbers(town, "maybe")) == 3, 30, "the third campaign")
    assert set(numbers(town, "maybe")) == set(maybes[:3])
    assert numbers(town, "maybe").most_common(1)[0][1] == 1
    sources = town.sql(f"SELECT consent_source FROM import WHERE campaign_id = '{third}'")
    assert "Ask first" in sources and sources.endswith("members")
    assert stopped not in {each.to for each in town.carrier_log().accepted
                           if "retry" in each.body or "again" in each.body or "maybe" in each.body}


def test_the_pages_of_asking_again(organiser, town):  # noqa: F811
    ana = organiser(width=390)

    def speak(language):
        town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{ana.who}'")

    base = f"/o/c/{town.campaign}/follow"
    assert look_at(ana, {
        "follow": base, "follow-unanswered": f"{base}?who=unanswered",
        "follow-refused": f"{base}?who=refused", "follow-unreached": f"{base}?who=unreached",
    }, speak) == []

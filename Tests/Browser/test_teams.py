"""Teams: a conversation is handed to a team, waits in its queue, and only its texters see it."""

from checks import faults, look_at
from town import wait_until


def talk(town, member, number, words):
    """Somebody of the campaign writes to this member; gives the conversation's id."""
    town.inbound(number, words)
    found = wait_until(lambda: town.sql(f"""
        SELECT v.id FROM conversation v JOIN contact c ON c.id = v.contact_id
        WHERE c.number = '{number}' AND v.needs_reply_since IS NOT NULL"""), 20, "the reply")
    town.sql(f"UPDATE conversation SET assignee_id = '{member}', campaign_id = '{town.campaign}' "
             f"WHERE id = '{found}'")
    return found


def test_a_team_has_its_own_queue(signed_in, town):
    sam, lena, tom = (signed_in("texter", name) for name in ("Sam", "Lena", "Tom"))
    ana = signed_in("organiser", "Ana", width=1280)
    ana.open("/o/replies")
    ana.page.click("text=Teams")
    ana.page.fill("#name", "Spanish speakers")
    ana.page.click("text=Make the team")
    ana.page.check(f"[name='in-{lena.who}']")
    ana.page.click("text=Save who is in it")
    assert "Saved." in ana.page.inner_text("main")
    assert faults(ana.page) == []
    ana.picture("team-1280")
    ana.open("/o/teams")
    ana.page.fill("#name", "spanish SPEAKERS")
    ana.page.click("text=Make the team")
    assert "Another team has that name" in ana.page.inner_text("main")

    number = "+14155550050"
    conversation = talk(town, sam.who, number, "¿Hablas español?")
    sam.open(f"/c/{conversation}")
    sam.page.click("#hand summary")
    sam.page.select_option("#to", label="Spanish speakers")
    sam.page.fill("#reason", "speaks Spanish")
    sam.page.click("#hand button.act")
    sam.page.wait_for_url("**/inbox**")

    # Texters of the campaign who are not in the team neither see nor get it.
    tom.open("/inbox")
    assert "Spanish speakers" not in tom.page.inner_text("main")
    tom.open(f"/c/{conversation}")
    assert tom.page.query_selector("textarea#body") is None
    answer = tom.page.request.post(f"{town.base}/inbox/take", headers={
        "Sec-Fetch-Site": "same-origin"})
    assert answer.ok
    team = town.sql("SELECT id FROM team")
    answer = tom.page.request.post(f"{town.base}/inbox/take", form={"team": team}, headers={
        "Sec-Fetch-Site": "same-origin"})
    assert town.sql(f"SELECT assignee_id IS NULL FROM conversation WHERE id = '{conversation}'") \
        == "t"

    lena.open("/inbox")
    lena.picture("team-inbox-390")
    assert "Spanish speakers" in lena.page.inner_text("main")
    assert faults(lena.page) == []
    lena.page.click("form.banner:has-text('Spanish speakers') button")
    assert town.sql(f"SELECT assignee_id FROM conversation WHERE id = '{conversation}'") == lena.who
    lena.open(f"/c/{conversation}")
    assert "speaks Spanish" in lena.page.inner_text("main")
    lena.page.click("#tags summary")
    lena.page.fill("#tag", "needs lift")
    lena.page.click("#tags button:not([name])")
    assert town.sql(f"SELECT tags FROM conversation WHERE id = '{conversation}'") == "{\"needs lift\"}"
    lena.page.click("#tags summary")
    lena.page.click("#tags button[name=off]")
    assert town.sql(f"SELECT tags FROM conversation WHERE id = '{conversation}'") == "{}"

    # Who goes home leaves it to the team, not to everybody.
    town.sql(f"UPDATE member SET present_until = now() - interval '1 min' WHERE id = '{lena.who}'")
    ana.open(f"/o/replies?texter=team:{team}")
    assert ana.page.query_selector(f"a[href='/c/{conversation}']")
    tom.open(f"/c/{conversation}")
    assert tom.page.query_selector("textarea#body") is None
    # An ended team's conversations are everybody's.
    ana.open(f"/o/teams/{team}")
    ana.page.click("summary:has-text('End this team')")
    ana.page.click("button[name=retire]")
    assert town.sql(f"SELECT team_id IS NULL FROM conversation WHERE id = '{conversation}'") == "t"


def test_a_lead_hands_many_to_a_team(signed_in, town):
    sam = signed_in("texter", "Sam")
    lead = signed_in("lead", "Lea", width=390)
    town.sql(f"INSERT INTO team (organisation_id, id, name) VALUES (1, '{town.new_id()}', 'Night')")
    talks = [talk(town, sam.who, f"+141555500{61 + place}", "what time?") for place in range(3)]
    lead.open("/o/replies")
    for one in talks:
        lead.page.check(f"[name='t-{one}']")
    lead.page.click("summary:has-text('More to do')")
    lead.page.click("button[value=team]")
    lead.page.wait_for_selector("[role=status]")
    assert town.sql(f"""SELECT count(*) FROM conversation v JOIN team t ON t.id = v.team_id
        WHERE t.name = 'Night' AND v.assignee_id IS NULL""") == "3"
    lead.picture("team-replies-390")

    # A stop by a lead's tap counts towards the limit at which a campaign holds itself.
    stops = f"SELECT coalesce(sum(amount), 0) FROM tally WHERE kind = 31 AND campaign_id = '{town.campaign}'"
    before = int(town.sql(stops))
    lead.open("/o/replies?texter=team:" + town.sql("SELECT id FROM team WHERE name = 'Night'"))
    lead.page.check(f"[name='t-{talks[0]}']")
    lead.page.click("button[value=stop]")
    lead.page.wait_for_selector("[role=status]")
    assert int(town.sql(stops)) == before + 1


def test_the_pages_of_teams(signed_in, town):
    ana = signed_in("organiser", "Ana")
    team = town.sql("SELECT id FROM team WHERE retired_at IS NULL LIMIT 1")

    def speak(language):
        town.sql(f"UPDATE member SET language = '{language}' WHERE id = '{ana.who}'")

    pages = {"teams": "/o/teams", "replies-teams": "/o/replies"}
    if team:
        pages["team"] = f"/o/teams/{team}"
    assert look_at(ana, pages, speak) == []

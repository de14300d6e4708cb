"""The ways in, for real: links of commands, mailed invitations, mailed sign-in links, the second
factor, and the link that `up` prints."""

import base64
import hashlib
import hmac
import os
import re
import struct
import subprocess
import time

import pytest

from checks import faults
from house import PROGRAM, free_port
from mail_server import MailServer
from town import Town, wait_until

PASSWORD = "correct horse battery staple lamp"


def totp(secret, at=None):
    """Six digits of RFC 6238 for a secret in base32."""
    key = base64.b32decode(re.sub(r"\s", "", secret) + "=" * (-len(re.sub(r"\s", "", secret)) % 8))
    step = struct.pack(">Q", int((at or time.time()) // 30))
    digest = hmac.new(key, step, hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place:place + 4])[0] & 0x7FFFFFFF) % 10 ** 6:06d}"


@pytest.fixture(scope="module")
def mails():
    with MailServer() as one:
        yield one


@pytest.fixture(scope="module")
def town(mails):
    class MailTown(Town):
        @property
        def settings(self):
            return {**super().settings, "BARNSTORM_SMTP_URL": mails.url}

    with MailTown(people=40) as one:  # more than the tests lease: a reminder needs some left
        yield one


def local(town, link):
    """The path of a link, which must be one of this house."""
    assert link.startswith(town.base), link
    return link[len(town.base):]


def set_up(one):
    """From an invitation's page to the campaigns: password, authenticator, recovery codes."""
    one.page.fill("#password", PASSWORD)
    one.picture("way-in-invitation")
    one.tap("form button.act")
    one.page.wait_for_selector("#code")
    one.picture("way-in-authenticator")
    if one.page.query_selector("details summary"):
        one.page.click("text=Type the secret instead")
    secret = one.page.inner_text(".secret")
    one.page.fill("#code", totp(secret))
    one.tap("form button.act")
    one.page.wait_for_selector(".codes")
    one.picture("way-in-codes")
    codes = [each.inner_text() for each in one.page.query_selector_all(".codes li")]
    assert len(codes) >= 8
    one.page.click("text=I have kept them")
    return secret, codes


def test_a_command_adds_an_organiser_who_signs_in_again(town, phones):
    added = town.json("member", "add", "Olga", "--email", "olga@example.org", "--role",
                      "organiser", "--organisation", "Example Campaign")
    one = phones(width=390)
    one.open(local(town, added["link"]))
    assert faults(one.page) == []
    assert town.sql("SELECT count(*) FROM proof WHERE used_at IS NOT NULL") == "0"
    secret, codes = set_up(one)
    one.page.wait_for_url("**/o")
    assert one.page.inner_text("h1") == "Campaigns"
    # The link served once.
    other = phones()
    other.open(local(town, added["link"]))
    assert "used, or is too old" in other.page.inner_text("main")

    again = phones(width=1280, scripts=False)
    again.open("/o/numbers")
    again.page.fill("#login", "olga@example.org")
    again.page.fill("#password", "not her password at all")
    again.tap("form button.act")
    assert "do not belong together" in again.page.inner_text("main")
    again.page.fill("#login", "olga@example.org")
    again.page.fill("#password", PASSWORD)
    again.tap("form button.act")
    again.page.wait_for_selector("#code")
    # The code of enrolment is spent; the next one, or a recovery code, serves.
    again.page.fill("#code", codes[0])
    again.tap("form button.act")
    again.page.wait_for_url("**/o/numbers")


def test_a_link_of_the_machine_lets_a_member_in_once(town, phones):
    member = town.member("owner", "Wanda")
    made = town.json("member", "link", "Wanda", "--organisation", "Example Campaign")
    one = phones(width=1280)
    one.open(local(town, made["link"]))
    one.picture("way-in-link")
    one.tap("form button.act")
    one.page.wait_for_url("**/o")
    assert town.sql(f"SELECT count(*) FROM sign_in WHERE member_id = '{member}'") == "1"
    line = town.sql("SELECT entry FROM ledger WHERE entry LIKE '%link made%' ORDER BY seq DESC LIMIT 1")
    assert member in line
    other = phones()
    other.open(local(town, made["link"]))
    assert "used, or is too old" in other.page.inner_text("main")


def test_a_mailed_invitation_brings_a_texter_in(town, phones, signed_in, mails):
    ana = signed_in("owner", "Ana", width=1280)
    ana.open("/o/people")
    ana.page.click("text=Invite somebody")
    ana.page.fill("#name", "Tess")
    ana.page.fill("#login", "tess@example.org")
    ana.page.select_option("#role", "texter")
    ana.page.click("text=Make a link")
    ana.page.wait_for_selector("#address")
    ana.picture("way-in-invited")
    shown = ana.page.input_value("#address")
    mailed = wait_until(lambda: mails.link("tess@example.org"), 10, "the mail")
    assert mailed == shown
    assert "mailed it as well" in ana.page.inner_text("main")
    tess = phones()
    tess.open(local(town, mailed))
    tess.tap("form button.act")
    tess.page.wait_for_url("**/send")
    # A new link for somebody who lost theirs ends the old one.
    person = town.sql("SELECT id FROM member WHERE email = 'tess@example.org'")
    ana.open(f"/o/people/{person}")
    ana.page.click("text=Make a new link")
    ana.page.wait_for_selector("#address")
    assert ana.page.input_value("#address") != shown


def test_a_mailed_sign_in_link_needs_one_press(town, phones, mails):
    member = town.member("texter", "Sam")
    address = town.sql(f"SELECT email FROM member WHERE id = '{member}'")
    one = phones()
    one.open("/")
    one.page.fill("#login", address.upper())
    one.tap("form button.act, form button.big")
    one.page.wait_for_selector("#code")
    link = wait_until(lambda: mails.link(address), 10, "the mail")
    # Opened elsewhere, as mail is read on another device; opening it signs nobody in.
    other = phones(scripts=False)
    other.open(local(town, link))
    assert town.sql(f"SELECT count(*) FROM sign_in WHERE member_id = '{member}'") == "0"
    assert re.fullmatch(r"\d{6}", other.page.input_value("#code"))
    other.picture("way-in-mailed")
    other.tap("form button.act, form button.big")
    other.page.wait_for_url("**/send")
    third = phones(scripts=False)
    third.open(local(town, link))
    third.tap("form button.act, form button.big")
    assert "/send" not in third.page.url
    # Nobody of that address: the same page, and no mail.
    before = len(mails.mails)
    one.open("/")
    one.page.fill("#login", "nobody@example.org")
    one.tap("form button.act, form button.big")
    one.page.wait_for_selector("#code")
    assert len(mails.mails) == before


def test_a_reminder_asked_for_at_the_door_comes_once(town, phones, mails):
    """By mail, which goes at any hour; the hours of texts have tests of their own."""
    one = phones(scripts=False)
    one.open("/j/doorstep")
    one.page.fill("#name", "Rhys")
    one.page.fill("#login", "rhys@example.org")
    one.page.click("text=Not now, remind me")
    assert "We write once" in one.page.inner_text("main")
    assert mails.link("rhys@example.org") is None
    # Three hours later.
    town.sql("UPDATE join_request SET due_at = now() WHERE login = 'rhys@example.org'")
    link = wait_until(lambda: mails.link("rhys@example.org"), 40, "the reminder")
    one.open(local(town, link))
    assert one.page.is_visible("#login")
    assert town.sql("SELECT told_at IS NOT NULL FROM join_request "
                    "WHERE login = 'rhys@example.org'") == "t"


def test_the_owners_link_that_up_prints(chromium, tmp_path):
    """`barnstorm up` as the README has it, without the demo: its first link opens the campaigns."""
    from phone import Phone

    port = free_port()
    settings = {k: v for k, v in os.environ.items() if not k.startswith("BARNSTORM_")}
    settings["BARNSTORM_LISTEN"] = f"127.0.0.1:{port}"
    os.chmod(tmp_path, 0o755)
    with open(tmp_path / "up.log", "wb") as log:
        up = subprocess.Popen(
            [PROGRAM, "up", "--data", str(tmp_path / "data")], env=settings, stdout=log,
            stderr=log, stdin=subprocess.DEVNULL)
    try:
        def link():
            found = re.search(r"http://\S+/o/in/\S+", (tmp_path / "up.log").read_text())
            return found and found.group()
        address = wait_until(link, 90, "the link")

        class Here:
            base = f"http://127.0.0.1:{port}"

        one = Phone(chromium, Here, width=1280)
        wait_until(lambda: _answers(f"{Here.base}/readyz"), 60, "the pages")
        one.page.goto(address)
        one.tap("form button.act")
        one.page.wait_for_url("**/o")
        assert one.page.inner_text("h1") == "Campaigns"
        one.open("/o/me")
        assert "came in by a link" in one.page.inner_text("main")
        one.picture("way-in-up")
        assert one.complaints == []
        one.close()
    finally:
        up.terminate()
        up.wait(300)


def _answers(url):
    import urllib.error
    import urllib.request
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False

"""An installation with one campaign, as browser tests want it: small, quick, at noon.

Everything runs as the real program: web, worker and the simulated carrier. People live in the zone
where it is about noon now, so that the tests do not sleep when people do.
"""

import base64
import datetime
import json
import pathlib
import re
import secrets
import sys
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Journeys"))

from house import House, wait_until  # noqa: E402

CODE = "doorstep"
NAMES = [
    "Aisha", "Rhys", "Siân", "Tom", "Priya", "عائشة",
    "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff the Third", "🎉 Jo",
]
ANSWERS = [
    ("Time and place", "11:00 on Saturday, Roath library. See you there!", None, None, None, False),
    ("Yes: lift?", "Great! Do you need a lift?", "Coming", "Yes", "lift asked", False),
    ("Thank you", "Thank you! Have a good evening.", None, None, None, False),
    ("No thanks", "Thanks for telling us.", "Coming", "No", None, True),
    ("Maybe", "No problem, I will ask again on Friday.", "Coming", "Maybe", None, False),
]


def noon_zone():
    """A zone of fixed offset in which it is about noon now (its sign is POSIX's)."""
    offset = 12 - datetime.datetime.now(datetime.timezone.utc).hour
    return "Etc/GMT" if offset == 0 else f"Etc/GMT{'-' if offset > 0 else '+'}{abs(offset)}"


def text(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


class Town(House):
    """A house with people in it; `base` is what volunteers open."""

    def __init__(self, people=200):
        super().__init__("browser")
        self.people = people

    def __enter__(self):
        super().__enter__()
        try:
            self.start_web()
            self.furnish()
            self.start_carrier(
                "--inbound-url", f"{self.base}/hooks/{self.hook}/inbound",
                # Nobody acts, and nobody is out of reach, by chance: tests say who does.
                knobs={"people": {"replies": 0, "stops": 0}, "receipts": {"delivered": 1}})
            self.start_worker()
            self.warm_up()
        except BaseException:
            self.__exit__(RuntimeError)
            raise
        return self

    def warm_up(self):
        """The first text that comes in may still wait for the tables of its rules."""
        self.inbound("+14155559999", "hello from a stranger")
        wait_until(
            lambda: self.sql("SELECT 1 FROM contact WHERE number = '+14155559999'"), 40,
            "a first text")

    @property
    def base(self):
        return f"http://127.0.0.1:{self.web_port}"

    def sql(self, statement):
        return self.db.psql(statement).strip()

    def furnish(self):
        """One organisation, one number, one live campaign, written as SQL: commands have tests of
        their own."""
        self.campaign, self.sender, lane, plan = (self.new_id() for _ in range(4))
        self.lead = self.new_id()
        zone = noon_zone()
        # `serve` brought the account of the environment in when it started.
        account, provider, secret = wait_until(
            lambda: self.sql("SELECT id, provider, hook FROM account ORDER BY id LIMIT 1"), 20,
            "an account").split("|")
        self.hook = f"{provider}/{secret}"
        names = ", ".join(text(name) for name in NAMES)
        answers = ", ".join(
            f"(1, '{self.campaign}', '{self.new_id()}', {place}, {text(label)}, {text(body)}, "
            f"{text(question)}, {text(value)}, {text(tag)}, {str(stops).lower()})"
            for place, (label, body, question, value, tag, stops) in enumerate(ANSWERS))
        self.sql(f"""
            INSERT INTO organisation (name, countries, frequency_cap)
            VALUES ('Example Campaign', '{{US,GB}}', 8), ('Other House', '{{US}}', 3);
            INSERT INTO sender (organisation_id, id, account_id, number, segments_per_second)
            VALUES (1, '{self.sender}', {account}, '+12135550100', 50);
            INSERT INTO member (organisation_id, id, name, email, role)
            VALUES (1, '{self.lead}', 'Ana', 'ana@example.org', 'lead');
            INSERT INTO campaign (organisation_id, id, name, state, code, script_version, lead_id,
                launched_at)
            VALUES (1, '{self.campaign}', 'Doorstep Saturday', 'live', '{CODE}', 1, '{self.lead}',
                now());
            INSERT INTO script (organisation_id, campaign_id, version, body)
            VALUES (1, '{self.campaign}', 1, 'Hi {{name|there}}, a volunteer here from Example '
                'Campaign. Can you join us on Saturday at 11 to knock doors? STOP to opt out.');
            INSERT INTO answer (organisation_id, campaign_id, id, position, label, body, question,
                value, tag, opts_out) VALUES {answers};
            INSERT INTO zone_set (zones) VALUES ('{zone}') ON CONFLICT DO NOTHING;
            INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
                consent_source, state, done_at)
            VALUES (1, '{plan}', '{self.campaign}', 'people.csv', '\\x00', 1, 'members', 'done',
                now());
            INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size)
            SELECT 1, '{lane}', '{self.campaign}', '{plan}', id, {self.people}
            FROM zone_set WHERE zones = '{zone}';
            INSERT INTO contact (organisation_id, id, number, number_hash, name, country, zone_set,
                zone_source)
            SELECT 1, ('01900000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'))::uuid,
                '+1415' || (5550000 + i), sha256(i::text::bytea),
                (ARRAY[{names}])[1 + (i - 1) % {len(NAMES)}], 'US', z.id, 'number'
            FROM generate_series(1, {self.people}) i, zone_set z WHERE z.zones = '{zone}';
            INSERT INTO recipient
                (organisation_id, contact_id, campaign_id, lane_id, position, message_id)
            SELECT 1, ('01900000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'))::uuid,
                '{self.campaign}', '{lane}', i,
                (substr(uuid_at(now())::text, 1, 15) || '111-8002-' || lpad(to_hex(i), 12, '0'))::uuid
            FROM generate_series(1, {self.people}) i;
        """)

    @staticmethod
    def new_id():
        return str(uuid.uuid4())

    def member(self, role="texter", name="Sam"):
        """Somebody with a role; texters and leads take part in the campaign. Gives the id."""
        identity = self.new_id()
        self.sql(f"""
            INSERT INTO member
                (organisation_id, id, name, email, role, free_text, proven_at, settings)
            VALUES (1, '{identity}', {text(name)}, '{identity}@example.org', '{role}', true, now(),
                '{{"replied": "1"}}');
            INSERT INTO participation (organisation_id, member_id, campaign_id)
            SELECT 1, '{identity}', '{self.campaign}' WHERE '{role}' IN ('texter', 'lead')""")
        return identity

    def session(self, member):
        """The cookie of a browser that is signed in as that member, by password and second factor."""
        token = secrets.token_bytes(32)
        self.sql(f"""
            INSERT INTO sign_in (token_hash, organisation_id, member_id, expires_at, strength)
            SELECT sha256('\\x{token.hex()}'::bytea), organisation_id, id,
                now() + interval '1 day', 'full'
            FROM member WHERE id = '{member}'""")
        return base64.urlsafe_b64encode(token).rstrip(b"=").decode()

    def code_for(self, number):
        """The six digits on their way to a number, read where the carrier got them."""
        def found():
            for entry in reversed(self.carrier_texts(number)):
                digits = re.search(r"\b\d{6}\b", entry)
                if digits:
                    return digits.group()
            return None
        return wait_until(found, 15, f"a code for {number}")

    def carrier_texts(self, number):
        """What the carrier was asked to send to a number, oldest first."""
        return [each.body for each in self.carrier_log().accepted if each.to == number]

    def reply(self, member, words, media=0):
        """Somebody whom a texter texted writes back; through the carrier's own webhook."""
        person, number = self.sql(f"""
            SELECT m.contact_id || ' ' || c.number FROM message m
            JOIN contact c ON c.organisation_id = 1 AND c.id = m.contact_id
            WHERE m.kind = 1 AND m.author_id = '{member}' AND NOT EXISTS (
                SELECT FROM message r WHERE r.kind = 6 AND r.contact_id = m.contact_id)
            ORDER BY m.id LIMIT 1""").split()
        # Nobody answers what has not come; a stop before it would rightly keep it from leaving.
        wait_until(lambda: self.carrier_texts(number), 40, f"the text to {number} at the carrier")
        self.inbound(number, words, media)
        return person

    def inbound(self, number, words, media=0):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.carrier_port}/_control/inbound", method="POST",
            data=json.dumps(
                {"from": number, "to": "+12135550100", "body": words, "media": media}).encode(),
            headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=60).close()

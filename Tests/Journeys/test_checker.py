"""The checker itself: a clean run passes, and each planted fault is found by its own check.

The rows are written by hand, as the gateway should have written them.
"""

import base64
import dataclasses
import time
import uuid

import pytest

import checker
from carrier_log import Accepted, CarrierLog, Inbound, attempt_of

OURS = "+15005550006"
PEOPLE = ["+16715550101", "+16715550102", "+16715550103"]


def uuid7(index):
    now = int(time.time() * 1000)
    return uuid.UUID(int=now << 80 | 7 << 76 | 2 << 62 | index)


class CleanRun:
    """Three people: one text each; the first is answered, the second stops and is confirmed."""

    def __init__(self, db):
        self.db = db
        self.log = CarrierLog([], [], {})
        self.texts = [uuid7(100 + i) for i in range(3)]
        self.contacts = [uuid7(200 + i) for i in range(3)]
        self.sender, self.campaign, self.lane = uuid7(1), uuid7(2), uuid7(3)
        self._tables()
        for index in range(3):
            self._first_text(index)
        self._reply(0, "Yes please", "SMreply0")
        self._stop()

    def _tables(self):
        self.db.psql(f"""
            INSERT INTO organisation (name, countries) VALUES ('Check', '{{US}}');
            INSERT INTO account (organisation_id, provider, name, credentials, hook, callback_key)
                VALUES (1, 'twilio', 'main', '\\x00', 'sixteen-characters', '\\x00');
            INSERT INTO sender (organisation_id, id, account_id, number, segments_per_second)
                VALUES (1, '{self.sender}', 1, '{OURS}', 0.9);
            INSERT INTO campaign (organisation_id, id, name) VALUES (1, '{self.campaign}', 'One');
            INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size,
                next_position) VALUES (1, '{self.lane}', '{self.campaign}', '{uuid7(4)}', 1, 3, 4);
            """)

    def _first_text(self, index):
        text, contact = self.texts[index], self.contacts[index]
        self.db.psql(f"""
            INSERT INTO contact (organisation_id, id, number, number_hash)
                VALUES (1, '{contact}', '{PEOPLE[index]}', '\\x0{index}');
            INSERT INTO recipient (organisation_id, contact_id, campaign_id, lane_id, position,
                message_id) VALUES (1, '{contact}', '{self.campaign}', '{self.lane}',
                {index + 1}, '{text}');
            """)
        self.text(text, contact, PEOPLE[index], f"Hello #{index}", kind=1)

    def text(self, text, contact, number, body, kind):
        sid = f"SM{len(self.log.accepted)}"
        self.db.psql(f"""
            INSERT INTO message (organisation_id, id, kind, contact_id, sender_id, body, segments)
                VALUES (1, '{text}', {kind}, '{contact}', '{self.sender}', '{body}', 1);
            INSERT INTO attempt VALUES (1, '{text}', 1, 1, NULL, '{self.sender}', '{uuid7(5)}', 1,
                now(), now());
            INSERT INTO outcome VALUES (1, '{text}', 1, 1, '{sid}');
            """)
        now = int(time.time() * 1e6)
        self.log.accepted.append(
            Accepted(sid, number, OURS, body, 1, len(self.log.accepted) * 1_200_000, now, text, 1))

    def _reply(self, index, body, sid):
        conversation = uuid7(300 + index)
        self.db.psql(f"""
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id)
                VALUES (1, '{conversation}', '{self.contacts[index]}', '{self.sender}');
            INSERT INTO message (organisation_id, id, kind, contact_id, conversation_id, body,
                segments, provider_id) VALUES (1, '{uuid7(400 + index)}', 6,
                '{self.contacts[index]}', '{conversation}', '{body}', 1, '{sid}');
            """)
        self.log.inbound.append(
            Inbound(sid, PEOPLE[index], OURS, body, "reply", int(time.time() * 1e6)))

    def _stop(self):
        self._reply(1, "STOP", "SMreply1")
        self.db.psql(f"""
            UPDATE contact SET opted_out_at = now() WHERE id = '{self.contacts[1]}';
            SELECT ledger_append(1, 'stop', '{self.contacts[1]}', '{{}}')
            """)
        self.text(uuid7(103), self.contacts[1], PEOPLE[1], "You will hear no more.", kind=3)

    def late_text(self, kind):
        """A text to who stopped, three seconds later."""
        index = len(self.log.accepted)
        self.text(uuid7(500 + index), self.contacts[1], PEOPLE[1], "Once more", kind)
        line = self.log.accepted[-1]
        self.log.accepted[-1] = dataclasses.replace(line, wall_us=line.wall_us + 3_000_000)


def twice(run):
    line = run.log.accepted[0]
    run.log.accepted.append(
        dataclasses.replace(line, sid="SMagain", boot_us=line.boot_us + 60_000_000))


def without_attempt(run):
    line = run.log.accepted[2]
    run.log.accepted[2] = dataclasses.replace(line, message=uuid7(999))


def false_accepted(run):
    run.log.accepted.pop(2)


def too_fast(run):
    line = run.log.accepted[1]
    run.log.accepted[1] = dataclasses.replace(line, boot_us=line.boot_us - 900_000)


def lost_reply(run):
    run.log.inbound.append(Inbound("SMlost", PEOPLE[2], OURS, "Hello?", "reply", 0))


def deaf(run):
    run.log.inbound.append(Inbound("SMdeaf", PEOPLE[2], OURS, " stop ", "opt_out", 0))


def vanished(run):
    run.db.psql(f"""
        INSERT INTO message (organisation_id, id, kind, contact_id, body, segments)
            VALUES (1, '{uuid7(600)}', 2, '{run.contacts[0]}', 'Gone', 1)""")


def skipped(run):
    run.db.psql(f"UPDATE lane SET next_position = 3 WHERE id = '{run.lane}'")


def rewritten(run):
    run.db.psql("""
        ALTER TABLE ledger DISABLE TRIGGER USER;
        UPDATE ledger SET entry = replace(entry, 'stop', 'start');
        ALTER TABLE ledger ENABLE TRIGGER USER""")


FAULTS = {
    "text_twice": twice,
    "sent_without_attempt": without_attempt,
    "accepted_without_text": false_accepted,
    "texted_after_stop": lambda run: run.late_text(kind=1),
    "unheard_stop": deaf,
    "equation": skipped,
    "lost_text": vanished,
    "reply_lost": lost_reply,
    "chain_broken": rewritten,
    "rate_exceeded": too_fast,
}


@pytest.fixture
def run(server):
    """A clean run in a database of its own."""
    return CleanRun(server.fresh())


def test_every_check_has_a_planted_fault():
    assert {one.__name__ for one in checker.CHECKS} == set(FAULTS)


def test_a_clean_run_passes(run):
    assert checker.check(run.log, run.db) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(run, name):
    FAULTS[name](run)

    found = checker.check(run.log, run.db)
    assert any(line.startswith(name + ":") for line in found), found


def test_a_second_confirmation_is_found(run):
    run.late_text(kind=3)

    assert checker.check(run.log, run.db) == ["texted_after_stop: one stop was confirmed 2 times"]


def test_the_status_that_a_command_prints_is_compared(run):
    found = checker.check(run.log, run.db, status=lambda _: {"accepted": 2, "recipients": 3})

    assert found == ["equation: One: status says accepted 2, the rows 3"]


def test_an_attempt_is_read_from_a_status_address():
    text = uuid7(7)
    token = base64.urlsafe_b64encode(
        (1).to_bytes(4, "big") + text.bytes + (2).to_bytes(2, "big") + b"\0" * 16)

    address = f"http://example.org/hooks/t/0123456789abcdef/status?a={token.decode().rstrip('=')}"

    assert attempt_of(address) == (text, 2)

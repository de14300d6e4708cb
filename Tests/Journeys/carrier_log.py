"""Reads the simulated carrier's append-only log; shares no code with the gateway."""

import base64
import json
import re
import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """A text that the carrier took: `boot_us` by the carrier's boot clock, `wall_us` since 1970."""

    sid: str
    to: str
    sender: str
    body: str
    segments: int
    boot_us: int  # when the last byte of its request had arrived, by the kernel
    wall_us: int
    message: uuid.UUID | None
    n: int | None


@dataclass(frozen=True)
class Inbound:
    """What somebody wrote to one of our numbers."""

    sid: str
    sender: str
    to: str
    body: str
    intent: str
    wall_us: int


@dataclass
class CarrierLog:
    accepted: list
    inbound: list
    events: dict

    @staticmethod
    def read(path):
        log = CarrierLog([], [], {})
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break  # still being written
                log.add(json.loads(line))
        return log

    def add(self, entry):
        event = entry["event"]
        self.events[event] = self.events.get(event, 0) + 1
        if event == "accepted":
            message, n = attempt_of(entry.get("status_callback") or "")
            self.accepted.append(Accepted(
                entry["sid"], entry["to"], entry["from"], entry["body"], entry["segments"],
                entry["arrived_boot_us"], entry["wall_us"], message, n))
        elif event == "inbound":
            self.inbound.append(Inbound(
                entry["sid"], entry["from"], entry["to"], entry["body"], entry["intent"],
                entry["wall_us"]))


def attempt_of(address):
    """Text and try that a status address names: organisation, text and try in network order, then
    16 bytes of proof, in base64url (51 characters)."""
    for token in re.findall(r"[A-Za-z0-9_-]{51}", address):
        raw = base64.urlsafe_b64decode(token + "=")
        if len(raw) == 38:
            return uuid.UUID(bytes=raw[4:20]), int.from_bytes(raw[20:22], "big")
    return None, None

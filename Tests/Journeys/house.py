"""A whole installation for one journey: PostgreSQL, carrier, web and workers, each a process.

Everything lives below one scratch directory and ends with the journey. The program is the one that
`ops/check` built, or BARNSTORM_PROGRAM.
"""

import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from carrier_log import CarrierLog
from database import Database

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("BARNSTORM_PROGRAM", str(ROOT / ".build/debug/barnstorm"))
IS_FULL = os.environ.get("BARNSTORM_FULL") == "1"
# How much longer than a quiet machine a busy one may take before a wait is in vain.
PATIENCE = 5
_given = set()


def free_port():
    """A port that is free and stays so until a process takes it: none from which the kernel gives
    connections their ports (32768 to 60999), and none twice."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port


def wait_until(condition, seconds, what):
    """Polls; a journey that waits in vain says for what.

    `seconds` are those that a quiet machine needs at most; a busy one is waited for longer.
    """
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"in {seconds} s: {what}")


class Postgres:
    """A private cluster that can be restarted in the middle of things."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.started = False

    def _bash(self, command):
        done = subprocess.run(
            ["bash", "-c", f". ops/lib/postgres.sh; {command}"], cwd=ROOT, capture_output=True,
            text=True, timeout=180, env={**os.environ, "PG_TEST": ""})
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self):
        self.url = self._bash(f"pg_start '{self.folder}' {self.port}")
        if not self.started:
            # The commit instant of a stop is read from the server, not from our own columns.
            Database(self.url).psql("ALTER SYSTEM SET track_commit_timestamp = on")
            Database(self.url).psql("ALTER SYSTEM SET max_wal_size = '4GB'")
            self.started = True
            self.stop()
            self.start()
        return self.url

    def stop(self):
        self._bash(f"pg_stop '{self.folder}'")

    def discard(self):
        """Stops at once, without writing back what nobody will read."""
        data = f"{self.folder}/data"
        self._bash(f"[ ! -f '{data}/postmaster.pid' ] || "
                   f'pg_as "$(pg_bin)/pg_ctl" -D \'{data}\' -m immediate -w stop >/dev/null')

    def create(self, name):
        Database(self.url).psql(f"CREATE DATABASE {name}")
        return self.url.replace("///postgres?", f"///{name}?")


class House:
    """One installation; use as a context manager."""

    def __init__(self, name="journey"):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="bsj-", dir="/tmp"))
        self.scratch.chmod(0o755)
        self.postgres = Postgres(self.scratch / "pg")
        self.children = {}
        self.web_port = free_port()
        self.carrier_port = free_port()
        self.log_path = self.scratch / "carrier.jsonl"
        self.name = name
        self.failed = False

    def __enter__(self):
        self.postgres.start()
        self.url = self.postgres.create(self.name)
        self.db = Database(self.url)
        self.run("migrate")
        return self

    def __exit__(self, kind, *_):
        for name in list(self.children):
            self.kill(name, signal.SIGKILL)
        self.postgres.discard()
        if kind is None and not self.failed and not os.environ.get("BARNSTORM_KEEP"):
            subprocess.run(["rm", "-rf", str(self.scratch)], check=False)
        else:
            print(f"kept for a look: {self.scratch}")

    @property
    def settings(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BARNSTORM_")}
        (self.scratch / "permits").mkdir(exist_ok=True)
        return {
            **kept,
            "BARNSTORM_DATABASE_URL": self.url,
            "BARNSTORM_LISTEN": f"127.0.0.1:{self.web_port}",
            "BARNSTORM_PUBLIC_URL": f"http://127.0.0.1:{self.web_port}",
            "BARNSTORM_SECRET_FILE": str(self.scratch / "secret"),
            "BARNSTORM_PERMIT_DIR": str(self.scratch / "permits"),
            "BARNSTORM_PROVIDER": "twilio",
            "BARNSTORM_TWILIO_ACCOUNT_SID": "AC5117a7ed0000000000000000000000cc",
            "BARNSTORM_TWILIO_AUTH_TOKEN": "simulated-carrier-token",
            "BARNSTORM_TWILIO_API_URL": f"http://127.0.0.1:{self.carrier_port}",
        }

    # Commands

    def command(self, *arguments, settings=None, stdin="", timeout=600):
        """Runs the program to its end and gives the finished process."""
        return subprocess.run(
            [PROGRAM, *arguments], env=settings or self.settings, input=stdin,
            capture_output=True, text=True, timeout=timeout)

    def run(self, *arguments, code=0):
        """Runs a command that must end with `code`; gives its standard output."""
        done = self.command(*arguments)
        assert done.returncode == code, f"{arguments}: {done.returncode} {done.stderr}"
        return done.stdout

    def json(self, *arguments):
        """The one JSON document of a command."""
        return json.loads(self.run(*arguments, "--json"))

    # Processes

    def start(self, name, *arguments, **more):
        output = open(self.scratch / f"{name}.log", "ab")
        self.children[name] = subprocess.Popen(
            [PROGRAM, *arguments], env={**self.settings, **more}, stdout=output, stderr=output,
            stdin=subprocess.DEVNULL)
        output.close()
        return self.children[name]

    def start_carrier(self, *arguments, knobs=None):
        if knobs:
            path = self.scratch / "knobs.json"
            path.write_text(json.dumps(knobs))
            arguments += ("--knobs", str(path))
        self.start("carrier", "carrier", "--port", str(self.carrier_port),
                   "--log", str(self.log_path), *arguments)
        wait_until(lambda: self.answers(f"http://127.0.0.1:{self.carrier_port}/"), 20, "a carrier")

    def start_web(self):
        self.start("web", "serve", "--only", "web")
        self.wait_for_web()

    def start_all(self, *carrier, knobs=None):
        """Web first: it brings in the account, whose address the carrier is told."""
        self.start_web()
        provider, hook = self.db.rows("SELECT provider, hook FROM account")[0]
        self.start_carrier(
            "--inbound-url", f"http://127.0.0.1:{self.web_port}/hooks/{provider}/{hook}/inbound"
            # As the README tells operators: five further tries, whatever went wrong.
            "#rc=5&rp=all",
            *carrier, knobs=knobs)

    def wait_for_web(self):
        wait_until(
            lambda: self.answers(f"http://127.0.0.1:{self.web_port}/readyz"), 30, "a ready web")

    def start_worker(self, name="worker"):
        return self.start(name, "serve", "--only", "worker")

    def kill(self, name, how=signal.SIGTERM, wait=True):
        child = self.children[name]
        if child.poll() is None:
            child.send_signal(signal.SIGCONT)
            child.send_signal(how)
        if wait:
            child.wait(30 * PATIENCE)
            del self.children[name]
        return child.returncode

    @staticmethod
    def answers(url):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False

    def turn(self, knobs):
        """Changes the carrier's settings while it runs."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.carrier_port}/_control/knobs", method="PUT",
            data=json.dumps(knobs).encode(), headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()

    def carrier_is_idle(self, seconds=60 * PATIENCE):
        """Waits until no receipt, reply or webhook is planned."""
        wait = int(seconds * 1000)
        url = f"http://127.0.0.1:{self.carrier_port}/_control/idle?timeout_milliseconds={wait}"
        request = urllib.request.Request(url, method="POST")
        with urllib.request.urlopen(request, timeout=seconds + 10) as answer:
            return json.loads(answer.read()).get("idle", False)

    def carrier_log(self):
        return CarrierLog.read(self.log_path)

"""`barnstorm up --demo` as a newcomer runs it: as an ordinary user, ended by Ctrl-C or by SIGTERM."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import pytest

from house import PROGRAM, ROOT, free_port, wait_until


class Newcomer:
    """A user without rights of any kind, in a home of their own."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="bsj-", dir="/tmp"))
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.home, self.user)
        self.settings = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8",
            "BARNSTORM_LISTEN": f"127.0.0.1:{free_port()}",
            "BARNSTORM_MIGRATIONS": str(ROOT / "migrations"),
        }
        self.up = None

    def _as(self):
        return {"user": self.user, "extra_groups": []} if os.geteuid() == 0 else {}

    def can_run(self):
        try:
            return subprocess.run([PROGRAM, "--version"], env=self.settings, cwd=self.home,
                                  capture_output=True, **self._as()).returncode == 0
        except OSError:
            return False

    def start(self):
        with open(self.home / "up.log", "ab") as log:
            # A session of its own, as a terminal gives: its group is what Ctrl-C signals.
            self.up = subprocess.Popen(
                [PROGRAM, "up", "--demo", "--data", str(self.home / "data")], cwd=self.home,
                env=self.settings, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, **self._as())

    def end(self, how):
        how()
        assert self.up.wait(300) == 0, self.said()

    def said(self):
        return (self.home / "up.log").read_text()

    def status(self):
        done = subprocess.run(
            [PROGRAM, "campaign", "status", "Saturday meeting", "--json", "--config",
             str(self.home / "data" / "settings")],
            env=self.settings, cwd=self.home, capture_output=True, text=True, **self._as())
        return json.loads(done.stdout) if done.returncode == 0 else {}


@pytest.fixture
def newcomer():
    one = Newcomer()
    if not one.can_run():
        pytest.skip("an ordinary user cannot reach the program in this folder")
    yield one
    if one.up and one.up.poll() is None:
        one.up.send_signal(signal.SIGTERM)
        try:
            one.up.wait(300)
        except subprocess.TimeoutExpired:
            one.up.kill()
    shutil.rmtree(one.home, ignore_errors=True)


def test_ctrl_c_in_the_middle_of_sending_leaves_nothing_in_doubt(newcomer):
    newcomer.start()
    wait_until(lambda: newcomer.status().get("accepted", 0) > 3, 120, "accepted texts")
    newcomer.end(lambda: os.killpg(newcomer.up.pid, signal.SIGINT))
    assert "Stopped." in newcomer.said()

    newcomer.start()
    wait_until(lambda: "Going on with" in newcomer.said(), 60, "the campaign of the last run")
    before = wait_until(newcomer.status, 30, "a status")
    assert before["in_doubt"] == 0, before
    assert before["accepted"] > 3
    newcomer.end(lambda: newcomer.up.send_signal(signal.SIGTERM))

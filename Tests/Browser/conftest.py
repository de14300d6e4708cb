"""Pages in real browsers, against the real program. How to write a test here:

    def test_a_page(signed_in, town):
        phone = signed_in("organiser", width=1280, color_scheme="dark")
        phone.open("/o")
        phone.page.click("text=New campaign")
        phone.picture("organiser-new")               # PNG, where BARNSTORM_SCREENS names a folder
        assert faults(phone.page) == []              # from checks: axe, sideways scrolling, words

Fixtures:

`town`       one installation for the tests of a file: PostgreSQL, web, worker, simulated carrier, an
             organisation with one live campaign (code "doorstep") of 200 people who are awake now.
             `town.sql(…)`, `town.reply(member, words)`, `town.inbound(number, words)`,
             `town.carrier_texts(number)`, `town.base`; see town.py.
`phone`      somebody's browser, not signed in; `phone.join()` goes the way of a volunteer.
`phones`     makes as many as wanted: `phones(width=320, scripts=False, color_scheme="dark")`.
`signed_in`  makes a browser of a member with a role: texter, lead, organiser, compliance, owner; by
             `member=` somebody who is there already; `phone.who` is the member's id.

Whatever a browser writes to its console as an error fails the test: violations of the
Content-Security-Policy show up there. No test waits by the clock where it can wait for a thing.

By hand, with Debian's chromium, webkit2gtk-driver and xvfb:

    python3 -m venv .venv && .venv/bin/pip install -r Tests/Browser/requirements.txt
    BARNSTORM_SCREENS=screens .venv/bin/python -m pytest Tests/Browser -k journey -s
"""

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from playwright.sync_api import sync_playwright  # noqa: E402

from phone import Phone  # noqa: E402
from town import Town  # noqa: E402


def pytest_collection_modifyitems(items):
    """A browser that waits for ever ends its test, not the whole run."""
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(900))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows what a failed test saw, and keeps its town for a look."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for name in ("phone", "phones", "signed_in"):
            for one in getattr(item.funcargs.get(name), "made", []):
                one.picture(f"failed-{item.name}-{one.number[-3:]}")
        if "town" in item.funcargs:
            item.funcargs["town"].failed = True


@pytest.fixture(scope="module")
def town():
    """One installation for the tests of a file."""
    with Town() as one:
        yield one


@pytest.fixture(scope="session")
def chromium():
    """Starts Debian's Chromium; Playwright's own browsers are never downloaded."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: apt-get install chromium"
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        yield lambda: playwright.chromium.launch(
            executable_path=path, args=options, timeout=180_000)


@pytest.fixture
def phones(chromium, town):
    """Makes as many phones as a test wants."""

    def make(**more):
        make.made.append(Phone(chromium, town, **more))
        return make.made[-1]

    make.made = []
    yield make
    for one in make.made:
        one.close()
    assert [line for one in make.made for line in one.complaints] == []


@pytest.fixture
def phone(phones):
    """A volunteer's phone. What the browser complains about fails the test."""
    return phones()


@pytest.fixture
def signed_in(phones, town):
    """Makes browsers of members with a role."""

    def make(role="texter", name="Sam", member=None, **more):
        one = phones(**more)
        one.who = member or town.member(role, name)
        return one.sign_in(one.who)

    return make

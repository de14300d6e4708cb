import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from playwright.sync_api import sync_playwright  # noqa: E402

from phone import Phone  # noqa: E402
from town import Town  # noqa: E402


@pytest.fixture(scope="module")
def town():
    """One installation for the tests of a file."""
    with Town() as one:
        yield one


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium; Playwright's own browsers are never downloaded."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: apt-get install chromium"
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium, town):
    """A volunteer's phone. What the browser complains about fails the test."""
    one = Phone(chromium, town)
    yield one
    one.close()
    assert one.complaints == []


@pytest.fixture
def phones(chromium, town):
    """Makes as many phones as a test wants."""
    made = []

    def make(**more):
        made.append(Phone(chromium, town, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
    assert [line for one in made for line in one.complaints] == []

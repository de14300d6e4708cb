"""A browser of one person: a context that counts taps and screens and notes complaints."""

import itertools
import os
import pathlib
import time

from playwright.sync_api import Error

from town import wait_until

_numbers = itertools.count(100)


# How long a busy machine is waited for, in milliseconds.
PATIENCE_MS = 60_000


def settled_after_clicks(page):
    """Makes clicks of a page wait for the page they lead to, loaded with its scripts.

    By itself a click ends when the next page begins at the latest: what is read right after it, or
    pressed, may still be the old page, or half of the new one.
    """
    leaving = []

    def asked(request):
        if request.is_navigation_request() and request.frame == page.main_frame:
            leaving[:] = [request]

    def arrived(frame):
        if frame == page.main_frame:
            leaving.clear()

    # No answer, or one that is no page, such as a download.
    def ended(request):
        if request in leaving:
            leaving.clear()

    def click(*arguments, **more):
        plain(*arguments, **more)
        try:
            page.evaluate("0")  # behind what the click has set going
        except Error:
            pass  # the page is on its way already
        end = time.monotonic() + PATIENCE_MS / 1000
        while leaving and time.monotonic() < end:
            page.wait_for_timeout(20)
        page.wait_for_load_state()

    plain = page.click
    page.on("request", asked)
    page.on("framenavigated", arrived)
    page.on("requestfailed", ended)
    page.click = click
    return page


class Phone:
    """One person's browser; `page` is Playwright's page.

    `scripts=False` turns script off; further arguments go to Playwright's `new_context`, such as
    `color_scheme="dark"`. Each phone comes from a network of its own, so that the limits on
    guessing do not meet the tests.
    """

    def __init__(self, chromium, town, width=390, height=844, scripts=True, **more):
        self.town = town
        index = next(_numbers)
        self.number = f"+44770090{index:04d}"
        self.browser = chromium()
        self.context = self.browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts,
            extra_http_headers={"X-Forwarded-For": f"10.{index // 250}.{index % 250}.7"}, **more)
        self.complaints = []
        self.page = self.watched(self.context.new_page())
        self.taps = 0
        self.screens = 0

    def watched(self, page):
        """A page whose errors count: a CSP violation shows up in the console log."""
        page.on("console", lambda line: line.type == "error" and self.note(line.text))
        page.on("pageerror", lambda error: self.note(str(error)))
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(
            "document.addEventListener('live', () => (window.heard = true))")
        return settled_after_clicks(page)

    def note(self, text):
        # Being offline, or told no by the server, is part of some tests.
        if any(known in text for known in (
                "net::ERR_INTERNET_DISCONNECTED", "net::ERR_CONNECTION", "net::ERR_INCOMPLETE",
                "net::ERR_EMPTY_RESPONSE", "status of 4")):
            return
        self.complaints.append(text)

    def tap(self, selector):
        self.taps += 1
        self.page.click(selector)

    def wait_for(self, expression, what):
        """Waits until an expression of script holds; pages may change meanwhile."""

        def holds():
            try:
                return self.page.evaluate(expression)
            except Error:
                return False

        wait_until(holds, 12, what)

    def wait_for_cards(self):
        """At the send queue: until further people are at hand, so that each press has one."""
        self.wait_for("JSON.parse(localStorage.getItem('cards') ?? '[]').length > 4", "more people")

    def wait_for_news(self):
        """Until the page has heard from the server: from then on it notices what changes."""
        self.wait_for("window.heard", "news from the server")

    def open(self, path):
        self.screens += 1
        return self.page.goto(self.town.base + path)

    def join(self, name="Sam"):
        """From the link to the send queue; gives the member's id."""
        self.open("/j/doorstep")
        self.page.fill("#name", name)
        self.page.fill("#login", self.number)
        self.tap("button.big")
        self.page.wait_for_selector("#code")
        self.screens += 1
        self.page.fill("#code", self.town.code_for(self.number))
        self.tap("button.big")
        self.page.wait_for_url("**/send")
        return self.member

    def sign_in(self, member):
        """Signed in as a member that is there already, without a code."""
        self.context.add_cookies([
            {"name": "sid", "value": self.town.session(member), "url": self.town.base}])
        return self

    @property
    def member(self):
        return self.town.sql(f"SELECT id FROM member WHERE number = '{self.number}'")

    def picture(self, name, full_page=True):
        """A screenshot into the folder BARNSTORM_SCREENS; without it, nothing."""
        folder = os.environ.get("BARNSTORM_SCREENS")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=full_page)

    def close(self):
        # Chromium forgets to close a page that has just arrived (crbug.com/536385539), and Playwright
        # waits for it for ever; a browser that does not close is killed after half a minute.
        self.browser.close()

"""A volunteer's phone: a browser context that counts taps and notes complaints."""

import itertools

_numbers = itertools.count(100)


class Phone:
    def __init__(self, browser, town, width=390, height=844, scripts=True, **more):
        self.town = town
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts, **more)
        self.complaints = []
        self.page = self.watched(self.context.new_page())
        self.number = f"+44770090{next(_numbers):04d}"
        self.taps = 0
        self.screens = 0

    def watched(self, page):
        """A page whose errors count: a CSP violation shows up in the console log."""
        page.on("console", lambda line: line.type == "error" and self.note(line.text))
        page.on("pageerror", lambda error: self.note(str(error)))
        page.set_default_timeout(15_000)
        return page

    def note(self, text):
        # Being offline, or told no by the server, is part of some tests.
        if "net::ERR_INTERNET_DISCONNECTED" in text or "status of 4" in text:
            return
        self.complaints.append(text)

    def tap(self, selector):
        self.taps += 1
        self.page.click(selector)

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

    @property
    def member(self):
        return self.town.sql(f"SELECT id FROM member WHERE number = '{self.number}'")

    def close(self):
        self.context.close()

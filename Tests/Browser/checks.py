"""What every page must pass, whatever it shows; used by the tests of all pages.

`faults(page)` gives lines to compare with `[]`: violations of WCAG 2.2 A and AA and of axe's best
practice, sideways scrolling, words missing in a language. `test_pages.py` holds the negative control
that shows the checker alive.
"""

import itertools
import os

from axe_playwright_python.sync_playwright import Axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES, LANGUAGES, WIDTHS = ["light", "dark"], ["en", "es", "cy"], [320, 390, 1280]
IS_FULL = os.environ.get("BARNSTORM_FULL") == "1"

# Each pair of values at least once; the whole cross under --full.
PAIRS = [
    ("light", "en", 320), ("light", "es", 390), ("light", "cy", 1280),
    ("dark", "en", 390), ("dark", "es", 1280), ("dark", "cy", 320),
    ("light", "en", 1280), ("dark", "es", 320), ("light", "cy", 390),
]
MATRIX = list(itertools.product(SCHEMES, LANGUAGES, WIDTHS)) if IS_FULL else PAIRS


def violations(page):
    """What axe finds, one line each: the rule, then the first element that breaks it."""
    report = Axe().run(page, options={
        "runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}"
            for each in report.response["violations"]]


def faults(page, name=""):
    """All that is wrong with the page as it stands."""
    found = violations(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
        widest = page.evaluate(
            "[...document.querySelectorAll('body *')].find("
            "(one) => one.getBoundingClientRect().right > innerWidth + 1)?.outerHTML.slice(0, 120)")
        found.append(f"scrolls sideways: {widest}")
    if "⟦" in page.content():
        found.append("shows a missing word")
    return [f"{name} {line}".strip() for line in found]

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

# Nine views in which each pair of scheme, language and width meets; the whole cross under --full.
VIEWS = list(itertools.product(SCHEMES, LANGUAGES, WIDTHS)) if IS_FULL else [
    (SCHEMES[turn % 2], *pair) for turn, pair in enumerate(itertools.product(LANGUAGES, WIDTHS))]


def views(place):
    """In what a page is looked at: (scheme, language, width), the whole cross under --full.

    In short, three views a page, turned by the page's place in its list: each page in each scheme,
    language and width, and over a few pages each pair of these.
    """
    if IS_FULL:
        return list(itertools.product(SCHEMES, LANGUAGES, WIDTHS))
    return [(SCHEMES[(place // 3 + turn) % 2], LANGUAGES[turn], WIDTHS[(place + turn) % 3])
            for turn in range(3)]


def look_at(phone, pages, speak, prefix=""):
    """Opens pages in their views; gives what is wrong with any.

    `speak(language)` makes the server answer this browser in a language. Pictures are taken where
    BARNSTORM_SCREENS names a folder.
    """
    found = []
    for place, (name, path) in enumerate(pages.items()):
        for scheme, language, width in views(place):
            speak(language)
            phone.page.set_viewport_size({"width": width, "height": 844 if width < 600 else 900})
            phone.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            phone.open(path)
            view = f"{prefix}{name}-{scheme}-{language}-{width}"
            phone.picture(view)
            found += faults(phone.page, view)
    return found


def violations(page):
    """What axe finds, one line each: the rule, then the first element that breaks it."""
    report = Axe().run(page, options={
        "runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}"
            for each in report.response["violations"]]


def faults(page, name=""):
    """All that is wrong with the page as it stands, loaded and with its motions at rest."""
    page.wait_for_load_state()
    page.evaluate("""Promise.all(document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
        .map((one) => one.finished.catch(() => {})))""")
    found = violations(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
        widest = page.evaluate(
            "[...document.querySelectorAll('body *')].find("
            "(one) => one.getBoundingClientRect().right > innerWidth + 1)?.outerHTML.slice(0, 120)")
        found.append(f"scrolls sideways: {widest}")
    if "⟦" in page.content():
        found.append("shows a missing word")
    return [f"{name} {line}".strip() for line in found]

"""Five pages in WebKitGTK, the nearest thing to the phone browser of half the volunteers."""

import os
import shutil
import subprocess

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait


@pytest.fixture(scope="module")
def webkit():
    assert shutil.which("WebKitWebDriver"), "apt-get install webkit2gtk-driver xvfb"
    # Xvfb chooses a free display and tells its number once it serves.
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "800x1000x24"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    os.environ["DISPLAY"] = ":" + screen.stdout.readline().strip()
    os.environ["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
    options = webdriver.WebKitGTKOptions()
    browsers = subprocess.run(
        "find /usr/lib -path '*webkit2gtk*' -name MiniBrowser", shell=True, capture_output=True,
        text=True).stdout.split()
    options.binary_location = browsers[-1]
    options.add_argument("--automation")
    driver = webdriver.WebKitGTK(
        options=options, service=webdriver.WebKitGTKService(shutil.which("WebKitWebDriver")))
    yield driver
    driver.quit()
    screen.terminate()
    screen.wait(10)


def test_webkit_smoke(webkit, town):
    """Join, send, inbox, help and practice work where there is no push and no trusted type."""
    wait = WebDriverWait(webkit, 100)
    number = "+447700909911"
    webkit.get(town.base + "/j/doorstep")
    webkit.find_element(By.ID, "name").send_keys("Mair")
    webkit.find_element(By.ID, "login").send_keys(number)
    webkit.find_element(By.CSS_SELECTOR, "button.big").click()
    wait.until(lambda d: d.find_elements(By.ID, "code"))
    webkit.find_element(By.ID, "code").send_keys(town.code_for(number))
    # The lesson's button waits for three seconds.
    wait.until(lambda d: d.find_element(By.CSS_SELECTOR, "button.big").is_enabled())
    webkit.find_element(By.CSS_SELECTOR, "button.big").click()
    wait.until(lambda d: d.find_elements(By.CSS_SELECTOR, "[data-press] [data-send]"))
    cards = "return JSON.parse(localStorage.getItem('cards') ?? '[]').length > 4"
    wait.until(lambda d: d.execute_script(cards))
    webkit.find_element(By.CSS_SELECTOR, "[data-press] [data-send]").click()
    member = town.sql(f"SELECT id FROM member WHERE number = '{number}'")
    count = f"SELECT count(*) FROM message WHERE kind = 1 AND author_id = '{member}'"
    wait.until(lambda _: town.sql(count) == "1")
    webkit.get(town.base + "/inbox")
    town.reply(member, "Hello from a person")
    wait.until(lambda d: d.find_elements(By.CSS_SELECTOR, "a.person"))
    for path in ["/help", "/practice"]:
        webkit.get(town.base + path)
        assert webkit.find_element(By.TAG_NAME, "h1").text

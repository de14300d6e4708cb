"""Lists that come as workbooks."""

import json
import os
import pathlib

import pytest

from test_wrong_input import DATA, barnstorm, expect
from workbook import write_workbook


@pytest.fixture(scope="module")
def settings(server, tmp_path_factory):
    """Of a database with a campaign that waits for people."""
    settings = {"BARNSTORM_DATABASE_URL": server.fresh().url,
                "BARNSTORM_SECRET_FILE": str(tmp_path_factory.mktemp("secret") / "secret")}
    for arguments in (["organisation", "add", "Check"],
                      ["campaign", "create", "Doorstep", "--script", "Hi, Check here. STOP ends."]):
        assert barnstorm(*arguments, **settings).returncode == 0
    return settings


def leftovers():
    place = pathlib.Path(os.environ.get("TMPDIR", "/tmp"))
    return {path.name for path in place.glob("barnstorm-*.csv")}


def test_a_workbook_is_imported_like_its_table(settings, tmp_path):
    before = leftovers()
    write_workbook(tmp_path / "people.xlsx", [
        ["first_name", "cell", "zip", "note"],
        ["AISHA", 2125550101, "10001", 'Llŷn, "quoted" & more'], ["Bo", 2.125550102e9, 10001, ""],
        ["Cy", "+44 7700 900456", "SW1A 1AA", 0.5], ["Di", "none", "10001", "two\nlines"]])

    done = barnstorm("contacts", "import", str(tmp_path / "people.xlsx"), "--campaign", "Doorstep",
                     "--consent", "signed up", "--calm-names", "--json", **settings)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["read"], report["good"], report["rejected"]) == (4, 3, 1), report
    assert report["file_name"] == "people.xlsx"
    assert leftovers() == before


@pytest.mark.parametrize("content", [b"PK\x03\x04\x14\x00\x06\x00\x08", b"\xd0\xcf\x11\xe0rest"])
def test_what_is_no_readable_workbook_is_told(settings, tmp_path, content):
    path = tmp_path / "people.xlsx"
    path.write_bytes(content)
    before = leftovers()

    expect(barnstorm("contacts", "import", str(path), "--campaign", "Doorstep", "--consent", "x",
                     **settings), DATA)
    assert leftovers() == before


def test_a_machine_without_the_reader_says_what_to_install(settings, tmp_path):
    write_workbook(tmp_path / "people.xlsx", [["cell"], ["2125550101"]])
    (tmp_path / "bin").mkdir()
    for name in ("env", "prlimit"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")

    done = barnstorm("contacts", "import", str(tmp_path / "people.xlsx"), "--campaign", "Doorstep",
                     "--consent", "x", **{**settings, "PATH": str(tmp_path / "bin")})

    expect(done, DATA)
    assert "install it" in done.stderr

"""Wrong input anywhere is one sentence on standard error and the exit code that scripts rely on."""

import os
import subprocess

import pytest

from database import Database
from house import PROGRAM

USAGE, DATA, UNAVAILABLE = 64, 65, 69


def barnstorm(*arguments, stdin="", **settings):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BARNSTORM_")}
    return subprocess.run(
        [PROGRAM, *arguments], env={**clean, **settings}, input=stdin, capture_output=True,
        text=True, timeout=300)


def is_one_sentence(text):
    return (text.startswith("barnstorm: ") and text.endswith("\n") and text.count("\n") == 1
            and len(text) < 600 and "Error(" not in text and "Fatal error" not in text)


def expect(done, code):
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert is_one_sentence(done.stderr), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("arguments", [
    ["frobnicate"], ["--frobnicate"], ["serve", "--only", "everything"], ["migrate", "extra"],
    ["carrier", "--port", "70000"], ["carrier", "--replies", "many"],
])
def test_wrong_usage(arguments):
    expect(barnstorm(*arguments), USAGE)


@pytest.mark.parametrize("command", [["migrate"], ["serve"], ["doctor"]])
@pytest.mark.parametrize("url, code", [
    (None, USAGE),
    ("nonsense", USAGE),
    ("mysql://localhost/x", USAGE),
    ("postgresql://localhost/x?frob=1", USAGE),
    ("postgresql://nobody@127.0.0.1:1/none", UNAVAILABLE),
    ("postgresql://nobody@no-such-host.invalid/none", UNAVAILABLE),
])
def test_no_database(command, url, code):
    settings = {"BARNSTORM_DATABASE_URL": url} if url else {}
    expect(barnstorm(*command, **settings), code)


def test_a_database_without_tables(server):
    url = server.postgres.create("no_tables")

    expect(barnstorm("serve", BARNSTORM_DATABASE_URL=url), UNAVAILABLE)


def test_a_database_that_does_not_exist(server):
    url = server.postgres.url.replace("///postgres?", "///missing?")

    expect(barnstorm("serve", BARNSTORM_DATABASE_URL=url), UNAVAILABLE)


def test_a_wrong_password(server):
    rules = server.postgres.folder / "data" / "pg_hba.conf"
    rules.write_text("local all keyed scram-sha-256\n" + rules.read_text())
    database = Database(server.postgres.url)
    database.psql("CREATE ROLE keyed LOGIN SUPERUSER PASSWORD 'right'")
    database.psql("SELECT pg_reload_conf()")
    url = server.postgres.create("locked").replace("user=postgres", "user=keyed")

    for command in ("migrate", "serve", "doctor"):
        done = barnstorm(command, BARNSTORM_DATABASE_URL=url + "&password=wrong")
        expect(done, UNAVAILABLE)
        assert "password" in done.stderr and "wrong" not in done.stderr.replace("wrong password", "")
    assert barnstorm("migrate", BARNSTORM_DATABASE_URL=url + "&password=right").returncode == 0


def test_a_wrong_token(house):
    house.start("web", "serve", "--only", "web", BARNSTORM_TWILIO_AUTH_TOKEN="stale")
    house.wait_for_web()
    house.start_carrier()

    done = house.command("doctor")

    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if "provider twilio" in line)
    assert line.startswith("WRONG") and "credentials" in line
    assert "stale" not in done.stdout + done.stderr


@pytest.mark.parametrize("settings, code", [
    ({"BARNSTORM_LISTEN": "8080"}, USAGE),
    ({"BARNSTORM_LISTEN": "192.0.2.1:80"}, UNAVAILABLE),
    ({"BARNSTORM_PUBLIC_URL": "texts.example.org"}, USAGE),
    ({"BARNSTORM_LOG_LEVEL": "loud"}, USAGE),
    ({"BARNSTORM_LOG_FORMAT": "xml"}, USAGE),
    ({"BARNSTORM_SECRET_FILE": ""}, USAGE),
    ({"BARNSTORM_PROVIDER": "pigeon", "BARNSTORM_PIGEON_WING": "left"}, USAGE),
    ({"BARNSTORM_PROVIDER": "twilio", "BARNSTORM_TWILIO_ACCOUNT_SID": "AC0"}, USAGE),
    ({"BARNSTORM_SMTP_URL": "mail.example.org"}, USAGE),
])
def test_wrong_settings(server, tmp_path, settings, code):
    fresh = server.fresh()
    settings = {"BARNSTORM_SECRET_FILE": str(tmp_path / "secret"), **settings}

    done = barnstorm("serve", "--only", "web", BARNSTORM_DATABASE_URL=fresh.url, **settings)

    expect(done, code)


@pytest.mark.parametrize("content", [b"listen 80\n", b"\xff\xfe\x00", b"BARNSTORM_LISTEN\n"])
def test_a_broken_settings_file(tmp_path, content):
    path = tmp_path / "settings"
    path.write_bytes(content)

    expect(barnstorm("migrate", "--config", str(path)), DATA)


def test_a_missing_settings_file():
    expect(barnstorm("migrate", "--config", "/nonexistent/settings"), DATA)


@pytest.fixture(scope="module")
def campaign(server, tmp_path_factory):
    """Settings of a database with an organisation and a campaign that waits for people."""
    fresh = server.fresh()
    settings = {"BARNSTORM_DATABASE_URL": fresh.url,
                "BARNSTORM_SECRET_FILE": str(tmp_path_factory.mktemp("secret") / "secret")}
    for arguments in (["organisation", "add", "Check"],
                      ["campaign", "create", "One", "--script", "Hi {name}, Check here. STOP ends."]):
        assert barnstorm(*arguments, **settings).returncode == 0
    return {**settings, "database": fresh}


GOOD = "+12125550143"


@pytest.mark.parametrize("content", [
    b"",
    b"\n\n\n",
    b"name,town\nAda,York\n",
    b"name,mobile\n",
    b"name,mobile\nAda\0,+12125550143\n",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    ("mobile," + ",".join(f"c{i}" for i in range(10_000)) + f"\n{GOOD}\n").encode(),
    f'name,mobile\n"Ada,{GOOD}\n'.encode(),
    ("mobile\n" + "9" * 5_000_000 + "\n").encode(),
], ids=["empty", "blank", "no numbers", "header only", "NUL", "picture", "ten thousand columns",
        "open quote", "endless cell"])
def test_a_broken_list_changes_nothing(campaign, tmp_path, content):
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    settings = {k: v for k, v in campaign.items() if k != "database"}

    done = barnstorm("contacts", "import", str(path), "--campaign", "One", "--consent", "test",
                     **settings)

    assert campaign["database"].value("SELECT count(*) FROM recipient") == "0"
    if done.returncode != 0:
        assert done.returncode == DATA, done.stderr
        assert is_one_sentence(done.stderr), done.stderr


@pytest.mark.parametrize("arguments, code", [
    (["contacts", "import", "/nonexistent.csv", "--campaign", "One", "--consent", "x"], DATA),
    (["contacts", "import", "/dev/null", "--campaign", "None", "--consent", "x"], DATA),
    (["campaign", "status", "None"], DATA),
    (["campaign", "create", ""], DATA),
    (["campaign", "create", "Two", "--script", "Hi {unclosed"], DATA),
    (["campaign", "create", "Two", "--mode", "paced"], DATA),
    (["organisation", "add", "Check"], DATA),
    (["organisation", "add", "Land", "--country", "Atlantis"], DATA),
    (["account", "add", "x", "--provider", "twilio", "--credential", "nonsense"], USAGE),
    (["sender", "add", "not a number", "--account", "none"], DATA),
    (["audit", "number", "12"], DATA),
])
def test_wrong_words_for_a_command(campaign, arguments, code):
    settings = {k: v for k, v in campaign.items() if k != "database"}

    expect(barnstorm(*arguments, **settings), code)


def test_a_launch_that_something_stands_in_the_way_of(campaign):
    settings = {k: v for k, v in campaign.items() if k != "database"}

    done = barnstorm("campaign", "launch", "One", **settings)

    assert done.returncode == 1
    assert "no_recipients" in done.stderr


@pytest.mark.parametrize("command", [["text", "measure"], ["reply", "classify"]])
@pytest.mark.parametrize("line", ["nonsense", "[]", '{"id":1}', '{"id":1,"text":2}', '{"id":1,'])
def test_lines_that_are_no_texts(command, line):
    done = barnstorm(*command, stdin=line + "\n")

    expect(done, DATA)
    assert "1" in done.stderr

"""Wrong input anywhere is one sentence on standard error and the exit code that scripts rely on."""

import os
import subprocess

import pytest

from house import PROGRAM

USAGE, DATA, UNAVAILABLE = 64, 65, 69


def barnstorm(*arguments, stdin="", **settings):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BARNSTORM_")}
    return subprocess.run(
        [PROGRAM, *arguments], env={**clean, **settings}, input=stdin, capture_output=True,
        text=True, timeout=60)


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


@pytest.mark.parametrize("settings, code", [
    ({"BARNSTORM_LISTEN": "8080"}, USAGE),
    ({"BARNSTORM_LISTEN": "192.0.2.1:80"}, UNAVAILABLE),
    ({"BARNSTORM_PUBLIC_URL": "texts.example.org"}, USAGE),
    ({"BARNSTORM_LOG_LEVEL": "loud"}, USAGE),
    ({"BARNSTORM_LOG_FORMAT": "xml"}, USAGE),
])
def test_wrong_settings(server, settings, code):
    fresh = server.fresh()

    done = barnstorm("serve", "--only", "web", BARNSTORM_DATABASE_URL=fresh.url, **settings)

    expect(done, code)


@pytest.mark.parametrize("content", [b"listen 80\n", b"\xff\xfe\x00", b"BARNSTORM_LISTEN\n"])
def test_a_broken_settings_file(tmp_path, content):
    path = tmp_path / "settings"
    path.write_bytes(content)

    expect(barnstorm("migrate", "--config", str(path)), DATA)


def test_a_missing_settings_file():
    expect(barnstorm("migrate", "--config", "/nonexistent/settings"), DATA)

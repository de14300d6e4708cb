import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from database import Database  # noqa: E402
from house import PROGRAM, House, Postgres  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Tells the house how its journey ended, so that a failed one is kept for a look."""
    outcome = yield
    if call.when == "call" and "house" in item.funcargs:
        item.funcargs["house"].failed = outcome.get_result().failed


@pytest.fixture
def house():
    """An installation of its own, whose parts may be killed and restarted."""
    with House() as one:
        yield one


@pytest.fixture(scope="session")
def server():
    """One PostgreSQL for all checks that only need a database with tables."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bsj-", dir="/tmp"))
    scratch.chmod(0o755)
    one = Server(scratch / "pg")
    yield one
    one.postgres.discard()
    subprocess.run(["rm", "-rf", str(scratch)], check=False)


class Server:
    def __init__(self, folder):
        self.postgres = Postgres(folder)
        self.postgres.start()
        self.count = itertools.count()
        subprocess.run(
            [PROGRAM, "migrate"], check=True, capture_output=True,
            env={**os.environ, "BARNSTORM_DATABASE_URL": self.postgres.create("template")})

    def fresh(self):
        """A database of its own with all tables."""
        name = f"fresh_{next(self.count)}"
        Database(self.postgres.url).psql(f"CREATE DATABASE {name} TEMPLATE template")
        return Database(self.postgres.url.replace("///postgres?", f"///{name}?"))

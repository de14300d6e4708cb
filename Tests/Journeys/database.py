"""The database through psql: no driver, nothing shared with the gateway."""

import csv
import io
import subprocess
import sys

csv.field_size_limit(sys.maxsize)


class Database:
    def __init__(self, url):
        self.url = url

    def rows(self, statement):
        """Rows as tuples of strings; NULL is None."""
        flat = " ".join(statement.split())
        answer = self.psql(f"COPY ({flat}) TO STDOUT (FORMAT csv, NULL '\\N', FORCE_QUOTE *)")
        return list(_parsed(answer))

    def value(self, statement):
        return self.rows(statement)[0][0]

    def psql(self, statement):
        """Runs any statement; raises with the server's words."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-At", self.url, "-c", statement],
            capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout


def _parsed(text):
    # NULL is written bare and every value in quotes; csv drops the quotes, so a value that is
    # really \N would be read as NULL: no column that the checker reads can hold it.
    for row in csv.reader(io.StringIO(text)):
        yield tuple(None if cell == "\\N" else cell for cell in row)

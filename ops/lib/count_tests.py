"""Prints how many tests of a JUnit file passed and failed; a file that is missing is a failure."""

import sys
import xml.etree.ElementTree as xml

try:
    cases = xml.parse(sys.argv[1]).getroot().iter("testcase")
except (OSError, xml.ParseError):
    print("0 1")
    sys.exit()
passed = failed = 0
for case in cases:
    if case.find("failure") is not None or case.find("error") is not None:
        failed += 1
    elif case.find("skipped") is None:
        passed += 1
print(passed, failed)

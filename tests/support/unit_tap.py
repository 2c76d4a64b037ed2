#!/usr/bin/python3
"""Runs the unit tests of a build folder and prints one TAP line for each test case.

usage: unit_tap.py BUILD
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

MAX_OUTPUT_LINES = 60


def tap(number, word, name, detail=""):
    print(f"{word} {number} {name}")
    for line in detail.splitlines()[-MAX_OUTPUT_LINES:]:
        print(f"# {line}")


def cases_of(path):
    """(name, result, detail) of each test case in a report of GoogleTest."""
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        failure = case.find("failure")
        skip = case.find("skipped")
        if failure is not None:
            yield name, "failed", failure.text or ""
        elif skip is not None or case.get("result") == "skipped":
            reason = (skip.get("message") or "") if skip is not None else ""
            yield name, "skipped", " ".join(reason.split())
        elif case.get("status") == "run":
            yield name, "passed", ""


def programs_of(build):
    text = subprocess.run(
        ["meson", "introspect", "--tests", str(build)], check=True, capture_output=True, text=True
    ).stdout
    # Lint has a suite of its own.
    return [test for test in json.loads(text) if not any(s.endswith(":lint") for s in test["suite"])]


def run(test, report, build):
    environment = {**os.environ, **test["env"], "GTEST_OUTPUT": f"xml:{report}"}
    try:
        return subprocess.run(
            test["cmd"],
            cwd=test["workdir"] or build,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=max(test["timeout"], 30) * 4,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(test["cmd"], "timeout", late.stdout or b"")
    except OSError as error:
        return subprocess.CompletedProcess(test["cmd"], error.strerror, b"")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        for index, test in enumerate(programs_of(build)):
            report = pathlib.Path(folder) / f"{index}.xml"
            done = run(test, report, build)
            cases = list(cases_of(report)) if report.exists() else []
            for name, result, detail in cases:
                number += 1
                if result == "skipped":
                    print(f"ok {number} {name} # skip {detail}")
                else:
                    tap(number, "ok" if result == "passed" else "not ok", name, detail)
            # A crash leaves no report, or one without the case that crashed.
            told = any(result == "failed" for _, result, _ in cases)
            if done.returncode != 0 and not told or not cases:
                number += 1
                word = "ok" if done.returncode == 0 else "not ok"
                output = done.stdout.decode(errors="replace") if done.returncode != 0 else ""
                tap(number, word, f"{test['name']} (status {done.returncode})", output)
            sys.stdout.flush()
    print(f"1..{number}")


main()

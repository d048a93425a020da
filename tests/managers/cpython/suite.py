"""Runs the manager tests of CPython's own suite, and prints a line of JSON for each.

    suite.py [name of a test or of a class …]

The suite is the file that came with this interpreter; nothing of it is copied. It makes its test
classes in the module that asks for them, under the name by which children find them again, so this
module is the program: see `substitution` for why. `runs` starts it. The edition and the start
method are variables of the environment because a forkserver has no arguments.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import multiprocessing
import os
import sys
import traceback
import unittest
from typing import Any

from tests.managers.cpython.substitution import EDITION, START_METHOD, substitute

HANG_S = 60
"""Of one test, until the tracebacks of all threads are printed and the run is given up."""

substitute()
suite: Any = importlib.import_module("test._test_multiprocessing")
suite.install_tests_in_module_dict(globals(), os.environ[START_METHOD])


def modules_seen(answers: Any) -> None:
    """Say, from within a child, which modules the classes come from that a user imports."""
    managers = importlib.import_module("multiprocessing.managers")
    answers.put((managers.__name__, managers.SyncManager.__module__, type(answers).__module__))


class SubstitutionTest(unittest.TestCase):
    """The suite tests what it is said to test, in this process and in its children."""

    def test_here_and_in_a_child(self) -> None:
        with multiprocessing.Manager() as manager:
            answers = manager.Queue()
            for method in multiprocessing.get_all_start_methods():
                context: Any = multiprocessing.get_context(method)
                process = context.Process(target=modules_seen, args=(answers,))
                process.start()
                process.join()
                self.see(answers.get(timeout=HANG_S))
            self.see((suite.BaseManager.__module__, type(suite.BaseManager()).__module__))

    def see(self, modules: tuple[str, ...]) -> None:
        """Check that all modules are ours, or that none of them is."""
        ours = [name.partition(".")[0] == "shared_state" for name in modules]
        assert ours == [os.environ[EDITION] == "OURS"] * len(modules), modules


class Report(unittest.TestResult):
    """Prints each result as soon as it is there, so that a test which hangs is the one left out."""

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802  # unittest's name
        super().startTest(test)
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        say(test, "started")

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802  # unittest's name
        say(test, "passed")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802  # unittest's name
        say(test, "skipped", reason)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802  # unittest's name
        say(test, "failed", "".join(traceback.format_exception(*err)))

    addError = addFailure  # noqa: N815  # unittest's name


def say(test: unittest.TestCase, outcome: str, detail: str = "") -> None:
    """Print a line of JSON."""
    name = test.id().partition("__main__.")[2] or test.id()
    print(json.dumps([name, outcome, detail]), flush=True)


def main(names: list[str]) -> None:
    """Run the tests that are named, or all that have to do with managers."""
    load = unittest.defaultTestLoader.loadTestsFromName
    here = sys.modules["__main__"]
    names = names or [name for name in globals() if is_about_managers(name)]
    unittest.TestSuite(load(name, here) for name in names).run(Report())
    faulthandler.cancel_dump_traceback_later()


def is_about_managers(name: str) -> bool:
    """Return whether a class of the suite, or one of this file, tests managers."""
    return name.startswith("WithManager") or name in {"TestSyncManagerTypes", "SubstitutionTest"}


if __name__ == "__main__":
    main(sys.argv[1:])

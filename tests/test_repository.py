"""What the repository says about itself is true: commands, links, version, rules."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE_ROOTS = ("client", "server", "shared")
FOLDERS = (*PACKAGE_ROOTS, "tests", "docs", "examples", ".ci")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".ini", ".yml", ".sh", ""}

MAIN_JOB = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/shared-state demo"
RUN_TESTS = "python3 -m venv .venv && .venv/bin/pip install tox && .venv/bin/tox -p auto"

# Where packages and images come from is the business of whoever installs: their pip, apt and docker
# are set up for it.
REGISTRY_HOSTS = re.compile(
    r"pypi\.(org|python\.org)|pythonhosted\.org|\b(ghcr|quay|gcr)\.io|\bdocker\.io/|npmjs\.(org|com)"
    r"|deb\.debian\.org|archive\.ubuntu\.com"
)
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
IGNORE = re.compile(r"# (?:type: ignore|pyright: ignore|noqa|pragma: no (?:cover|branch))\b")
EXPLAINED = re.compile(
    r"# (?:(?:type|pyright): ignore\[[\w, -]+\]|noqa: [A-Z0-9, ]+|pragma: no (?:cover|branch))"
    r"(?=\s+(?:#|--) \S)"  # the reason, or the next ignore, which then has to have one
)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def files() -> Iterator[Path]:
    """Yield every text file of the repository, and nothing that a tool left there."""
    yield from (path for path in ROOT.iterdir() if path.is_file() and is_text(path))
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and is_text(path) and "__pycache__" not in path.parts:
                yield path


def is_text(path: Path) -> bool:
    return path.suffix in TEXT_SUFFIXES


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Return each line that `pattern` is found in, with its place."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each comment of a module, as the tokenizer sees it, with its line number."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def is_explained(comment: str) -> bool:
    """Return whether every ignore in `comment` has its codes and is followed by a reason."""
    return len(IGNORE.findall(comment)) == len(EXPLAINED.findall(comment))


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def version() -> str:
    declared = re.findall(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)
    assert len(declared) == 1
    return str(declared[0])


@pytest.mark.parametrize("command", [MAIN_JOB, RUN_TESTS])
def test_the_readme_has_the_command_as_a_line_to_copy(command: str) -> None:
    assert read("README.md").splitlines().count(command) == 1


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    pattern = re.search(r"grep -m1 -E '(.+)' README\.md", read(".ci/run"))
    assert pattern is not None
    found = [line for line in read("README.md").splitlines() if re.search(pattern[1], line)]
    assert found == [RUN_TESTS]


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("console_scripts", {"shared-state"}),
        ("shared_state.commands", {"demo", "lock", "locks", "ls", "ping"}),
    ],
)
def test_the_commands_that_are_declared_are_there(group: str, names: set[str]) -> None:
    declared = metadata.distribution("shared-state").entry_points.select(group=group)
    assert declared.names == names
    assert all(callable(each.load()) for each in declared)


def test_the_installed_version_is_the_declared_one() -> None:
    assert metadata.version("shared-state") == version()


def test_the_version_is_written_in_one_place() -> None:
    literal = re.compile(rf"(?<![\w.]){re.escape(version())}(?![\w.])")
    assert lines_with(literal, python_files(*PACKAGE_ROOTS)) == []


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == version()


def test_every_python_is_declared_tested_and_found_by_continuous_integration() -> None:
    declared = re.findall(r"Python :: (3\.\d+)", read("pyproject.toml"))
    tested = re.findall(r"\b3\.\d+\b", re.findall(r"env_list = .*", read("tox.ini"))[0])
    minors = re.findall(r"for minor in ([\d ]+);", read(".ci/run"))[0].split()
    assert declared == tested == [f"3.{minor}" for minor in minors]
    assert f'requires-python = ">={declared[0]}"' in read("pyproject.toml")


@pytest.mark.parametrize(
    "document",
    [path for path in files() if path.suffix == ".md"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    inside = [target for target in targets if "://" not in target]
    assert [target for target in inside if not (document.parent / target).exists()] == []


def test_no_registry_is_named() -> None:
    assert lines_with(REGISTRY_HOSTS, list(files())) == []


def test_files_are_called_after_a_noun_of_the_field() -> None:
    assert [
        path for path in python_files(*PACKAGE_ROOTS, "tests") if path.stem in EMPTY_NAMES
    ] == []


def test_every_ignore_carries_its_reason() -> None:
    unexplained = [
        f"{path.relative_to(ROOT)}:{number}: {comment}"
        for path in python_files(*PACKAGE_ROOTS, "tests", "examples")
        for number, comment in comments(path)
        if not is_explained(comment)
    ]
    assert unexplained == []


@pytest.mark.parametrize(
    ("comment", "explained"),
    [
        ("# nothing is ignored here", True),
        ("# type: ignore[misc]  # built at run time", True),
        ("# noqa: S301  # the user asked for it", True),
        ("# type: ignore[misc]  # pyright: ignore[reportX]  # as the test wants", True),
        ("# type: ignore[misc]", False),
        ("# type: ignore[misc]  # pyright: ignore[reportX]", False),
        ("# type: ignore  # without its code", False),
        ("# noqa", False),
    ],
)
def test_what_an_explained_ignore_looks_like(comment: str, explained: bool) -> None:
    assert is_explained(comment) is explained


def test_every_test_that_is_promised_by_name_exists() -> None:
    promised = set(re.findall(r"`(test_\w+)`", read("docs/guarantees.md")))
    definition = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)
    written = {
        name
        for path in python_files("tests")
        for name in definition.findall(path.read_text(encoding="utf-8"))
    }
    assert promised
    assert promised <= written, f"not there: {sorted(promised - written)}"

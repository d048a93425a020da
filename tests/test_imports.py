"""Who may import whom, read from the sources and not from memory.

`shared_state_protocol` imports neither side, and nothing that does I/O, reads a clock, starts a
thread or makes randomness. The two sides never import each other, with one door:
`shared_state.managers` may load the server, but only when it is called. What is checked is what is
installed, so tox checks the wheel.
"""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PROTOCOL, CLIENT, SERVER = "shared_state_protocol", "shared_state", "shared_state_server"

# All that the protocol may import besides itself. A list of what is allowed, because a list of what
# is forbidden would not know the module that is written tomorrow. (zoneinfo reads files, but as a
# constant of the machine: it is how a value with a time zone is made.)
PURE_MODULES = frozenset(
    "__future__ abc array base64 bisect collections contextlib contextvars copyreg"
    " dataclasses datetime decimal enum fractions functools hashlib heapq hmac inspect"
    " io ipaddress itertools keyword math multiprocessing numbers numpy operator ormsgpack os"
    " pathlib pickle queue re reprlib stat string struct sys threading types typing"
    " typing_extensions urllib uuid zoneinfo".split()
)
# Of these modules only some names are pure.
PURE_NAMES = {
    "io": {"BytesIO"},
    "multiprocessing": {"AuthenticationError"},
    "os": {"path", "path.isabs", "path.join", "stat_result"},
    "pathlib": {"PurePath", "PurePosixPath"},
    "threading": {"BrokenBarrierError"},
    "queue": {"Empty", "Full", "ShutDown"},
    "urllib": {"parse"},
    "uuid": {"UUID", "SafeUUID"},
}
IMPURE_FUNCTIONS = frozenset({"breakpoint", "input", "open", "print"})
IMPURE_METHODS = frozenset(
    {"fromtimestamp", "now", "today", "utcnow"}
)  # they ask for the time or its zone


class Import(NamedTuple):
    """One import statement: the module by its full name, the names taken from it, and where."""

    module: str
    names: tuple[str, ...]
    line: int
    runs_at_import: bool

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


class Module(NamedTuple):
    """One source file by the name that it is imported under."""

    name: str
    path: Path

    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))


def modules(package: str) -> list[Module]:
    """Return every module of an installed package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is not installed"
    assert spec.submodule_search_locations, f"{package} is not a package"
    root = Path(next(iter(spec.submodule_search_locations)))
    found = [Module(module_name(root, path), path) for path in sorted(root.rglob("*.py"))]
    assert found, f"{root} has no modules"
    return found


def module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module: Module) -> Iterator[Import]:
    """Yield every import of a module, wherever it stands."""
    deferred = deferred_nodes(module.tree())
    for node, runs_at_import in deferred:
        if isinstance(node, ast.Import):
            for each in node.names:
                yield Import(each.name, (), node.lineno, runs_at_import)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(each.name for each in node.names)
            yield Import(source_of(node, module), names, node.lineno, runs_at_import)


def deferred_nodes(tree: ast.AST, runs: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each node with whether it runs when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        yield node, runs
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield from deferred_nodes(node, runs and not is_function and not is_for_types(node))


def is_for_types(node: ast.AST) -> bool:
    """Return whether `node` is an ``if TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def source_of(node: ast.ImportFrom, module: Module) -> str:
    """Return the full name of the module that ``from … import`` takes from."""
    if not node.level:
        return node.module or ""
    here = module.name.split(".")
    is_package = module.path.name == "__init__.py"
    parents = here[: len(here) - node.level + is_package]
    return ".".join([*parents, *([node.module] if node.module else [])])


def loaded_by(package: str) -> list[str]:
    """Return the names of all modules that are there once `package` was imported."""
    script = f"import sys, {package}; print(*sorted(sys.modules))"
    return subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()


def each_module(package: str) -> pytest.MarkDecorator:
    """Run a test once for every module of `package`."""
    return pytest.mark.parametrize("module", modules(package), ids=lambda module: module.name)


@each_module(PROTOCOL)
def test_the_protocol_imports_only_itself_and_what_is_pure(module: Module) -> None:
    allowed = PURE_MODULES | {PROTOCOL}
    assert [each for each in imports(module) if each.package not in allowed] == []


@each_module(PROTOCOL)
def test_the_protocol_takes_only_pure_names(module: Module) -> None:
    taken = [
        (each.package, name)
        for each in imports(module)
        for name in (each.names or each.module.split(".")[1:])
    ]
    attributes = [node for node in ast.walk(module.tree()) if isinstance(node, ast.Attribute)]
    used = [ast.unparse(node).partition(".")[::2] for node in attributes]
    found = [(where, name) for where, name in taken + used if where in PURE_NAMES]
    assert [(where, name) for where, name in found if name not in PURE_NAMES[where]] == []


@each_module(PROTOCOL)
def test_the_protocol_calls_nothing_impure(module: Module) -> None:
    called = [node.func for node in ast.walk(module.tree()) if isinstance(node, ast.Call)]
    functions = [node.id for node in called if isinstance(node, ast.Name)]
    methods = [node.attr for node in called if isinstance(node, ast.Attribute)]
    assert IMPURE_FUNCTIONS.isdisjoint(functions)
    assert IMPURE_METHODS.isdisjoint(methods)


@each_module(SERVER)
def test_the_server_never_imports_the_client(module: Module) -> None:
    assert [each for each in imports(module) if each.package == CLIENT] == []


@each_module(CLIENT)
def test_the_client_reaches_the_server_through_one_lazy_door(module: Module) -> None:
    through = [each for each in imports(module) if each.package == SERVER]
    is_the_door = module.name.startswith(f"{CLIENT}.managers")
    assert is_the_door or through == []
    assert [each for each in through if each.runs_at_import] == []


@pytest.mark.parametrize("package", [CLIENT, f"{CLIENT}.managers", PROTOCOL])
def test_importing_does_not_load_the_server(package: str) -> None:
    loaded = loaded_by(package)
    assert package in loaded
    assert {SERVER, "uvloop", "typer"}.isdisjoint(loaded)


def test_managers_load_nothing_of_our_own_client() -> None:
    """Each process of a program pays for what is loaded: it has changed one import."""
    others = {f"{CLIENT}.session", f"{PROTOCOL}.codec", "ormsgpack"}
    assert others.isdisjoint(loaded_by(f"{CLIENT}.managers"))


def test_a_relative_import_is_resolved_as_python_does() -> None:
    source = "from ..errors import X\nfrom . import y\nfrom .z import w\nimport os.path\n"
    trees = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    inner = Module("package.wire.frames", Path("frames.py"))
    package = Module("package.wire", Path("__init__.py"))
    assert [source_of(node, inner) for node in trees] == [
        "package.errors",
        "package.wire",
        "package.wire.z",
    ]
    assert [source_of(node, package) for node in trees] == [
        "package.errors",
        "package.wire",
        "package.wire.z",
    ]


def test_a_deferred_import_is_told_from_one_that_runs() -> None:
    source = (
        "import a\ndef f():\n    import b\nif TYPE_CHECKING:\n    import c\nif x:\n    import d\n"
    )
    found = {
        node.names[0].name: runs
        for node, runs in deferred_nodes(ast.parse(source))
        if isinstance(node, ast.Import)
    }
    assert found == {"a": True, "b": False, "c": False, "d": True}

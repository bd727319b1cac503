"""The rules of the house, each a function from one source file to its faults."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

LONGEST_FUNCTION: Final = 40
LONGEST_ROUTES: Final = 250
LONGEST_FILE: Final = 300
_DRIVERS: Final = frozenset({"aiomysql", "aiosqlite", "asyncpg", "pymysql", "sqlite3"})
_WEB: Final = frozenset({"fastapi", "starlette"})
_STATEMENTS: Final = frozenset({"delete", "exists", "select", "update"})
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """One file: its path from the root of the repository, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def at(self, node: ast.stmt | ast.expr, fault: str) -> str:
        """The fault with its place."""
        return f"{self.path}:{node.lineno}: {fault}"


Rule = Callable[[Source], Iterator[str]]


def _named(source: Source, name: str) -> Iterator[ast.stmt | ast.expr]:
    """Every place that uses a name: bare, behind a dot, or in an import."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id=found) | ast.Attribute(attr=found) if found == name:
                yield node
            case ast.ImportFrom(names=aliases) if any(alias.name == name for alias in aliases):
                yield node
            case _:
                pass


def _imported(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Every import, with the package at its top."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield node, alias.name.partition(".")[0]
            case ast.ImportFrom(module=str(module)):
                yield node, module.partition(".")[0]
            case _:
                pass


def commits_in_one_place(source: Source) -> Iterator[str]:
    """Only the unit of work commits, so that a request is done whole or not at all. `begin()` commits at its end."""
    if source.path in {"app/database/session.py", "app/database/dialects/sqlite_adapter.py"}:  # the latter is a driver
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr="commit" | "begin") | ast.Call(func=ast.Name(id="commit")):
                yield source.at(node, "commits")
            case ast.Constant(value=str(text)) if text.strip().upper() == "COMMIT":
                yield source.at(node, "commits")
            case _:
                pass


def one_engine_factory(source: Source) -> Iterator[str]:
    """Application, migrations and tests get the same engine."""
    if source.path != "app/database/engine.py":
        for name in ("create_async_engine", "async_engine_from_config", "engine_from_config"):
            for node in _named(source, name):
                yield source.at(node, f"uses {name}")


def one_clock(source: Source) -> Iterator[str]:
    """What time it is, a test can say. A stopwatch (`perf_counter`, `monotonic`) is no clock."""
    asked = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("func", "now")}
    asked |= {("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "strftime")}
    if source.path == "app/services/clock.py":
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name) if (
                owner,
                name,
            ) in asked:
                yield source.at(node, f"asks {owner}.{name} for the time")
            case ast.ImportFrom(module="time", names=aliases) if {a.name for a in aliases} & {"time", "time_ns"}:
                yield source.at(node, "imports a clock")
            case _:
                pass


def http_in_api(source: Source) -> Iterator[str]:
    """Services know nothing of HTTP."""
    if source.path != "app/main.py" and not source.path.startswith("app/api/"):
        for node, package in _imported(source):
            if package in _WEB:
                yield source.at(node, f"imports {package}")


def drivers_in_database(source: Source) -> Iterator[str]:
    """What differs between databases is known in one room."""
    if source.path.startswith("app/database/"):
        return
    for node, package in _imported(source):
        if package in _DRIVERS:
            yield source.at(node, f"imports {package}")
    for place in ast.walk(source.tree):
        match place:
            case ast.Attribute(value=ast.Name(id="dialect") | ast.Attribute(attr="dialect"), attr="name"):
                yield source.at(place, "asks which database it is")
            case _:
                pass


def relationships_raise(source: Source) -> Iterator[str]:
    """A relationship that loads itself would wait for the database in the middle of an expression."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id="relationship") | ast.Attribute(attr="relationship"), keywords=keywords):
                lazy = [k.value.value for k in keywords if k.arg == "lazy" and isinstance(k.value, ast.Constant)]
                if lazy != ["raise"]:
                    yield source.at(node, 'has a relationship without lazy="raise"')
            case _:
                pass


def short_functions(source: Source) -> Iterator[str]:
    """A function fits on a screen."""
    for node in ast.walk(source.tree):
        if isinstance(node, _FUNCTIONS):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield source.at(node, f"{node.name} has {lines} lines")


def short_files(source: Source) -> Iterator[str]:
    """A file is read in one go."""
    most = LONGEST_ROUTES if source.path.startswith("app/api/") else LONGEST_FILE
    lines = len(source.text.splitlines())
    if lines > most:
        yield f"{source.path}: has {lines} lines"


def plain_middleware(source: Source) -> Iterator[str]:
    """Starlette's BaseHTTPMiddleware runs the application in a task of its own and leaks pooled connections."""
    for place in _named(source, "BaseHTTPMiddleware"):
        yield source.at(place, "uses BaseHTTPMiddleware")
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="middleware"), args=[ast.Constant(value="http")]):
                yield source.at(node, "uses BaseHTTPMiddleware by its decorator")
            case _:
                pass


def docstrings(source: Source) -> Iterator[str]:
    """Every module that has code, and every public class and function in it, says what it is for."""
    if source.tree.body and ast.get_docstring(source.tree) is None:
        yield f"{source.path}: has no docstring"
    for node in source.tree.body:
        if (
            isinstance(node, (*_FUNCTIONS, ast.ClassDef))
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ):
            yield source.at(node, f"{node.name} has no docstring")


def tasks_by_owner(source: Source) -> Iterator[str]:
    """Every statement on tasks starts from `owned_tasks` or `all_owned_tasks`, or filters by the owner itself."""
    if source.path == "app/models/task.py":
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _STATEMENTS:
                statement = _whole(source, node)
                if _mentions_task(statement) and not _filters_by_owner(source, statement):
                    yield source.at(node, f"{name} on tasks without their owner")
            case ast.Call(func=ast.Attribute(attr="get" | "get_one" | "query"), args=[ast.Name(id="Task"), *_]):
                yield source.at(node, "reads a task without its owner")
            case ast.Attribute(value=ast.Name(id="Task"), attr="__table__"):
                yield source.at(node, "goes to the table behind the model")
            case _:
                pass


def _whole(source: Source, node: ast.expr) -> ast.expr:
    """The whole chain of methods that begins with the call."""
    while True:
        above = source.parents[node]
        is_next = (isinstance(above, ast.Attribute) and above.value is node) or (
            isinstance(above, ast.Call) and above.func is node
        )
        if not is_next or not isinstance(above, ast.expr):
            return node
        node = above


def _mentions_task(node: ast.AST) -> bool:
    return any(isinstance(found, ast.Name) and found.id == "Task" for found in ast.walk(node))


def _filters_by_owner(source: Source, statement: ast.expr) -> bool:
    return any(
        _is_owner(source, argument)
        for call in ast.walk(statement)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "where"
        for argument in call.args
    )


def _is_owner(source: Source, condition: ast.expr) -> bool:
    match condition:
        case ast.Compare(left=ast.Attribute(value=ast.Name(id="Task"), attr="user_id"), ops=[ast.Eq()]):
            return True
        case ast.Starred(value=ast.Name(id=name)):
            return any(_is_owner(source, part) for part in _assigned(source, condition, name))
        case _:
            return False


def _assigned(source: Source, node: ast.AST, name: str) -> list[ast.expr]:
    """The parts of the tuple that a name stands for in the function around a node."""
    while not isinstance(node, (*_FUNCTIONS, ast.Module)):
        node = source.parents[node]
    for found in ast.walk(node):
        match found:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Tuple(elts=parts)) if target == name:
                return parts
            case _:
                pass
    return []

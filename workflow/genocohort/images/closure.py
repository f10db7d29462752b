"""Which of the package's files a step needs: what its modules import, and what those import."""

import ast
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path


def module_closure(root: Path, entries: Iterable[str]) -> tuple[Path, ...]:
    """Files of the package that the entry modules import, directly or not.

    Imports inside functions count too. Files of other kinds that lie in a package's folder
    (templates, say) come with that package.

    Parameters
    ----------
    root
        The folder that holds the top package.
    entries
        Dotted names of modules.

    Returns
    -------
    tuple of Path
        Relative to `root`, sorted; with the `__init__.py` of every package on the way.

    Raises
    ------
    ModuleNotFoundError
        An entry is not a module below `root`.
    """
    found: dict[str, Path] = {}
    waiting = list(entries)
    for name in waiting:
        if _file_of(root, name) is None:
            raise ModuleNotFoundError(f"no module {name} in {root}")
    while waiting:
        name = waiting.pop()
        path = _file_of(root, name)
        if path is None or name in found:
            continue
        found[name] = path
        waiting += _parents(name)
        waiting += imported_modules(path, name)
    files = set(found.values())
    for path in list(files):
        if path.name == "__init__.py":
            files |= _data_of(path.parent)
    return tuple(sorted(path.relative_to(root) for path in files))


def imported_modules(path: Path, name: str) -> set[str]:
    """Dotted names that a module's source imports; `from a import b` counts as `a` and `a.b`.

    What only type checkers import does not count.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return set(_imported(path.read_text(encoding="utf-8"), package))


@cache
def _imported(text: str, package: str) -> frozenset[str]:
    names = set()
    for node in _walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(base, package) if node.level else base
            names.add(base)
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return frozenset(names)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _file_of(root: Path, name: str) -> Path | None:
    path = root.joinpath(*name.split("."))
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    module = path.with_name(f"{path.name}.py")
    return module if module.is_file() else None


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def _data_of(package: Path) -> set[Path]:
    """Files beside a package's modules, and in its folders that hold no code."""
    found = set()
    for path in package.iterdir():
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            found.add(path)
        elif path.is_dir() and path.name != "__pycache__" and not any(path.rglob("*.py")):
            found |= {file for file in path.rglob("*") if file.is_file()}
    return found

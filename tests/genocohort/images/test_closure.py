"""What a step imports, found from its sources."""

from pathlib import Path

import pytest

from genocohort.images.closure import imported_modules, module_closure


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A package whose module `a` needs `b` at the top, `c` in a function and `d` relatively."""
    files = {
        "pack/__init__.py": "",
        "pack/a.py": "import numpy\nfrom pack import b\n\ndef f():\n    import pack.sub.c\n",
        "pack/b.py": (
            "from typing import TYPE_CHECKING\nX = 1\nif TYPE_CHECKING:\n    import pack.other\n"
        ),
        "pack/sub/__init__.py": "",
        "pack/sub/c.py": "from . import d\nfrom ..b import X\n",
        "pack/sub/d.py": "",
        "pack/sub/page.html": "<p>",
        "pack/sub/parts/style.css": "p {}",
        "pack/sub/deeper/code.py": "",
        "pack/other.py": "import pack.a\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_all_that_is_imported_comes_along_and_nothing_else(root: Path) -> None:
    found = [str(path) for path in module_closure(root, ["pack.a"])]
    assert found == [
        "pack/__init__.py",
        "pack/a.py",
        "pack/b.py",
        "pack/sub/__init__.py",
        "pack/sub/c.py",
        "pack/sub/d.py",
        "pack/sub/page.html",
        "pack/sub/parts/style.css",
    ]


def test_a_module_without_imports_needs_its_package_only(root: Path) -> None:
    assert [str(p) for p in module_closure(root, ["pack.b"])] == ["pack/__init__.py", "pack/b.py"]


def test_an_unknown_entry_is_named(root: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pack\.zzz"):
        module_closure(root, ["pack.zzz"])


def test_names_of_imports(root: Path) -> None:
    assert imported_modules(root / "pack/sub/c.py", "pack.sub.c") == {
        "pack.sub",
        "pack.sub.d",
        "pack.b",
        "pack.b.X",
    }

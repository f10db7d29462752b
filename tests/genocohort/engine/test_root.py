"""A step whose working directory is not the study's folder."""

import argparse
from pathlib import Path

import pytest

from genocohort.engine.root import add_root_argument, enter_root


def arguments(root: str) -> argparse.Namespace:
    """Arguments as a step has them."""
    parser = argparse.ArgumentParser()
    add_root_argument(parser)
    args = parser.parse_args(["--root", root] if root else [])
    args.sheet, args.settings, args.cpus = Path("staged/run/lists/sheet.tsv"), "{}", 2
    args.tables = [Path("staged/run/a.csv"), Path("out/b.csv"), Path("/data/c.csv")]
    return args


def test_paths_below_the_folder_are_the_studys_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "staged/run").mkdir(parents=True)
    args = arguments("staged/run/")
    enter_root(args)
    assert Path.cwd() == tmp_path / "staged/run"
    assert args.sheet == Path("lists/sheet.tsv")
    assert args.tables == [Path("a.csv"), tmp_path / "out/b.csv", Path("/data/c.csv")]
    assert (args.settings, args.cpus) == ("{}", 2)


def test_without_a_folder_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    args = arguments("")
    enter_root(args)
    assert args == arguments("")
    assert Path.cwd() == tmp_path

"""What goes into each image."""

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from genocohort.errors import ConfigError
from genocohort.images.closure import imported_modules
from genocohort.images.packages import locked_versions, software_json
from genocohort.images.recipe import CONTROLLER, load_recipes

ROOT = Path(__file__).parents[3]
CONTAINERS, WORKFLOW = ROOT / "containers", ROOT / "workflow"
RECIPES = load_recipes(CONTAINERS, WORKFLOW)
WITH_PYTHON = [name for name, recipe in RECIPES.items() if recipe.requirements]
OTHER_NAMES = {"yaml": "pyyaml", "allel": "scikit-allel"}


def test_every_step_has_an_image_and_the_controller_comes_last() -> None:
    table = yaml.safe_load((CONTAINERS / "images.yaml").read_text())
    assert set(RECIPES) == {*table.values(), CONTROLLER}
    assert list(RECIPES)[-1] == CONTROLLER
    for step, image in table.items():
        assert step in RECIPES[image].steps


@pytest.mark.parametrize("name", [n for n in WITH_PYTHON if n != CONTROLLER])
def test_what_the_sources_import_is_required(name: str) -> None:
    recipe = RECIPES[name]
    wanted = set()
    for place, path in recipe.sources.items():
        if path.suffix == ".py":
            module = place.removeprefix("workflow/").removesuffix(".py").replace("/", ".")
            wanted |= {found.split(".")[0] for found in imported_modules(path, module)}
    wanted -= {*sys.stdlib_module_names, "genocohort"}
    required = set((recipe.folder / "requirements.in").read_text().split())
    assert {OTHER_NAMES.get(found, found) for found in wanted} == required


def test_the_controllers_image_can_check_the_lock(tmp_path: Path) -> None:
    for place, path in RECIPES[CONTROLLER].sources.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / place)
    found = load_recipes(tmp_path / "containers", tmp_path / "workflow")
    assert {n: r.sources_hash() for n, r in found.items()} == {
        n: r.sources_hash() for n, r in RECIPES.items()
    }


def test_the_lock_fits_whatever_compiler_built_the_kernels(tmp_path: Path) -> None:
    def hash_of(**files: str) -> str:
        sources = {}
        for name, text in files.items():
            path = tmp_path / name.replace("_", ".")
            path.write_text(text)
            sources[path.name] = path
        return replace(RECIPES["cohort"], sources=sources).sources_hash()

    first = hash_of(k_pyx="a", k_so="1")
    assert hash_of(k_pyx="a", k_so="2") == first
    assert hash_of(k_pyx="b", k_so="1") != first
    assert hash_of(k_pyx="a") != first


def test_kernels_that_nothing_has_compiled_are_told() -> None:
    recipe = replace(RECIPES["alignments"], sources={"a.pyx": Path("a.pyx"), "b.py": Path("b.py")})
    assert recipe.lacks_kernels
    assert not replace(recipe, sources=recipe.sources | {"a.so": Path("a.so")}).lacks_kernels
    assert not RECIPES["clinical"].lacks_kernels


@pytest.mark.parametrize("name", WITH_PYTHON)
def test_an_image_has_the_versions_of_the_workstation(name: str) -> None:
    workstation = locked_versions(CONTAINERS / "workstation/requirements-dev.txt")
    path = RECIPES[name].requirements
    assert path is not None
    for package, version in locked_versions(path).items():
        assert workstation.get(package) == version, package
    text = path.read_text()
    assert len(re.findall("--hash=sha256:", text)) >= len(locked_versions(path))


def test_the_software_of_the_report_is_what_is_locked() -> None:
    assert '"numpy": "' in software_json(CONTAINERS)


def test_a_changed_step_changes_its_image_only(tmp_path: Path) -> None:
    copy = tmp_path / "workflow"
    shutil.copytree(WORKFLOW, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = {n: r.sources_hash() for n, r in load_recipes(CONTAINERS, copy).items()}
    changed = copy / "genocohort/steps/kinship/compute.py"
    changed.write_text(changed.read_text() + "\n# changed\n")
    after = {n: r.sources_hash() for n, r in load_recipes(CONTAINERS, copy).items()}
    assert {n for n in before if before[n] != after[n]} == {"cohort", CONTROLLER}


def test_no_image_of_a_step_holds_snakemake_or_the_command_that_runs_it() -> None:
    for name in set(WITH_PYTHON) - {CONTROLLER}:
        path = RECIPES[name].requirements
        assert path is not None
        assert "snakemake" not in locked_versions(path)
        assert not [p for p in RECIPES[name].sources if "/commands/" in p or "executor" in p]


def test_an_image_without_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "images.yaml").write_text("report: printing\n")
    with pytest.raises(ConfigError, match="printing"):
        load_recipes(tmp_path, WORKFLOW)


def test_images_of_steps_with_python_are_built_alike() -> None:
    """Only then do they share the layer of their common packages."""
    texts = set()
    for name in set(WITH_PYTHON) - {CONTROLLER}:
        title, text = RECIPES[name].containerfile.read_text().split("\n", 1)
        assert title.startswith(f"# {name}: ")
        texts.add(text.replace(f'"genocohort {name}"', '"genocohort"'))
    assert len(texts) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_images_are_built_from_a_digest_and_run_as_no_one(name: str) -> None:
    text = RECIPES[name].containerfile.read_text()
    assert re.search(r"^ARG BASE_IMAGE=\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert "\nUSER 10001:0\n" in text
    assert text.count("\nFROM ") >= 2

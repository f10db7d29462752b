"""The lock of images."""

from pathlib import Path

import pytest

from genocohort.errors import ConfigError, GenocohortError
from genocohort.images.lock import (
    LOCK,
    VARIABLE,
    ImageTable,
    Lock,
    LockedImage,
    check_lock,
    find_lock,
    outdated,
    read_lock,
    write_lock,
)
from genocohort.images.recipe import CONTROLLER, load_recipes

ROOT = Path(__file__).parents[3]
RECIPES = load_recipes(ROOT / "containers", ROOT / "workflow")
DIGEST = "sha256:" + "ab" * 32


def locked(name: str, reference: str = "") -> LockedImage:
    """An image as built from the sources that are here."""
    return LockedImage(
        reference=reference or f"registry.example.org/genocohort/{name}@{DIGEST}",
        image_id=DIGEST,
        base="python@" + DIGEST,
        base_id=DIGEST,
        requirements=DIGEST,
        sources=RECIPES[name].sources_hash(),
        size_mb=300,
    )


def whole_lock() -> Lock:
    """A lock that fits."""
    return Lock(images={name: locked(name) for name in RECIPES})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / LOCK
    write_lock(path, whole_lock())
    assert read_lock(path) == whole_lock()
    assert check_lock(path, RECIPES) == whole_lock()
    assert not list(tmp_path.glob(".*"))


def test_no_lock_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="genocohort images build"):
        read_lock(tmp_path / LOCK)


@pytest.mark.parametrize("reference", ["registry.example.org/genocohort/report:1.0", "report"])
def test_a_tag_is_refused(tmp_path: Path, reference: str) -> None:
    lock = whole_lock()
    lock.images["report"] = locked("report", reference)
    write_lock(tmp_path / LOCK, lock)
    with pytest.raises(ConfigError, match="tag"):
        read_lock(tmp_path / LOCK)


def test_images_of_other_sources_are_named(tmp_path: Path) -> None:
    lock = whole_lock()
    lock.images["cohort"] = lock.images["cohort"].model_copy(update={"sources": DIGEST})
    del lock.images["report"]
    lock.images[CONTROLLER] = lock.images[CONTROLLER].model_copy(update={"sources": DIGEST})
    assert outdated(lock, RECIPES) == ["cohort", "report"]
    write_lock(tmp_path / LOCK, lock)
    with pytest.raises(ConfigError, match="cohort, report"):
        check_lock(tmp_path / LOCK, RECIPES)


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    write_lock(tmp_path / LOCK, whole_lock())
    text = (tmp_path / LOCK).read_text() + "registry: elsewhere\n"
    (tmp_path / LOCK).write_text(text)
    with pytest.raises(GenocohortError, match="registry"):
        read_lock(tmp_path / LOCK)


def test_the_table_gives_digests_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "images.yaml").write_text("kinship: cohort\nreport: report\n")
    assert ImageTable(tmp_path).url("kinship") == "docker://genocohort/cohort"
    write_lock(tmp_path / LOCK, Lock(images={"cohort": locked("cohort")}))
    table = ImageTable(tmp_path)
    assert table.url("kinship") == f"docker://registry.example.org/genocohort/cohort@{DIGEST}"
    assert table.url("report") == "docker://genocohort/report"
    with pytest.raises(ConfigError, match="no image"):
        table.url("zzz")


def test_a_site_with_an_image_of_the_workflow_has_a_lock_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images.yaml").write_text("report: report\n")
    write_lock(tmp_path / LOCK, Lock(images={"report": locked("report")}))
    site = tmp_path / "site.yaml"
    write_lock(site, Lock(images={"report": locked("report", f"site.example.org/r@{DIGEST}")}))
    assert find_lock(tmp_path) == tmp_path / LOCK
    monkeypatch.setenv(VARIABLE, str(site))
    assert find_lock(tmp_path) == site
    assert ImageTable(tmp_path).url("report") == f"docker://site.example.org/r@{DIGEST}"

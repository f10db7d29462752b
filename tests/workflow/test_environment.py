"""One set of versions: the lock, conda's environment file and the package's own requirements."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "containers/workstation"
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)


def _pins(path: Path) -> dict[str, str]:
    return dict(_PIN.findall(path.read_text()))


def test_the_conda_environment_is_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    pins = _pins(LOCK / "requirements.txt")
    assert {item.split("==")[0]: item.split("==")[1] for item in pip}.items() <= pins.items()
    wanted = (LOCK / "requirements.in").read_text().split()
    assert {item.split("==")[0] for item in wanted} == {item.split("==")[0] for item in pip}


def test_tests_run_on_the_versions_users_get() -> None:
    assert _pins(LOCK / "requirements.txt").items() <= _pins(LOCK / "requirements-dev.txt").items()


def test_every_requirement_of_the_package_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", item)[0] for item in project["dependencies"]}
    assert names <= _pins(LOCK / "requirements.txt").keys()


def test_every_pin_has_a_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (LOCK / name).read_text()
        entries = re.split(r"\n(?=[A-Za-z0-9])", text)
        for entry in entries:
            if _PIN.match(entry):
                assert "--hash=sha256:" in entry, entry.splitlines()[0]

"""Keys, the encrypted crosswalk, keyed hashes."""

from pathlib import Path

import pytest

from genocohort.errors import ConfigError, InputDataError
from genocohort.io.crosswalk import (
    Crosswalk,
    Pseudonyms,
    key_id,
    keyed_name,
    make_key,
    read_crosswalk,
    read_erased,
    read_key,
    shift_days,
    write_crosswalk,
)


def test_a_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets/key"
    make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_key(path)) == 32
    with pytest.raises(ConfigError, match="exists"):
        make_key(path)


@pytest.mark.parametrize(
    "text", ["", "ab12", "x" * 64, "0" * 62], ids=["empty", "short", "letters", "cut"]
)
def test_wrong_keys(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_key(tmp_path / "key")
    assert not text or text not in caught.value.message()


def test_crosswalk_comes_back_and_is_unreadable(tmp_path: Path) -> None:
    crosswalk, path, key = Crosswalk(), tmp_path / "crosswalk.enc", bytes(32)
    assert crosswalk.extend(["P0210", "007", "7"]) == 3
    before = dict(crosswalk.names)
    assert len(set(before.values())) == 3
    assert crosswalk.extend(["P0210", "new"]) == 1
    assert {k: crosswalk.names[k] for k in before} == before
    write_crosswalk(path, crosswalk, key)
    assert b"P0210" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_crosswalk(path, key).names == crosswalk.names


def test_changed_crosswalk_or_other_key(tmp_path: Path) -> None:
    path = tmp_path / "crosswalk.enc"
    write_crosswalk(path, Crosswalk({"a": "G1"}), bytes(32))
    with pytest.raises(InputDataError, match="does not open"):
        read_crosswalk(path, b"\1" * 32)
    whole = path.read_bytes()
    for at in (0, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(InputDataError, match="does not open"):
            read_crosswalk(path, bytes(32))
    path.write_bytes(whole[:20])
    with pytest.raises(InputDataError, match="does not open"):
        read_crosswalk(path, bytes(32))


def test_random_pseudonyms_tell_nothing() -> None:
    one, other = Crosswalk(), Crosswalk()
    one.extend(["a"])
    other.extend(["a"])
    assert one.names["a"] != other.names["a"]


def test_keyed_hashes_depend_on_key_and_kind() -> None:
    key, other = bytes(32), b"\1" * 32
    assert keyed_name(key, "person", "a") == keyed_name(key, "person", "a")
    names = {keyed_name(k, kind, n) for k in (key, other) for kind in ("person", "family")
             for n in ("a", "b")}  # fmt: skip
    assert len(names) == 8
    assert key_id(key) != key_id(other)
    shifts = [shift_days(key, str(n)) for n in range(3000)]
    assert (min(shifts), max(shifts)) == (1, 365)
    assert shift_days(key, "a") == shift_days(key, "a")


def test_who_participants_are() -> None:
    assert Pseudonyms().participant("007") == "007"
    assert Pseudonyms({"a": "G1"}, bytes(32)).participant("a") == "G1"
    with pytest.raises(KeyError):
        Pseudonyms({"a": "G1"}, bytes(32)).participant("b")
    hashed = Pseudonyms(key=bytes(32))
    assert hashed.participant("007") != hashed.participant("7")
    assert hashed.family("007") != hashed.participant("007")


def test_list_of_erased(tmp_path: Path) -> None:
    (tmp_path / "erased.txt").write_text("# who\nP1\n\n 007 \n")
    assert read_erased(str(tmp_path / "erased.txt")) == {"P1", "007"}
    assert read_erased("") == frozenset()
    with pytest.raises(ConfigError):
        read_erased(str(tmp_path / "absent"))

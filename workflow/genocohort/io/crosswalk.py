"""Pseudonyms of participants: random ones in an encrypted crosswalk, or keyed hashes of the ids.

The crosswalk is encrypted with ChaCha20-Poly1305 (RFC 8439), so a changed file is not read.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from genocohort.errors import ConfigError, InputDataError
from genocohort.io.atomic import replacing

_MAGIC = b"genocohort crosswalk 1\n"
KEY_BYTES = 32
_NONCE_BYTES = 12


def make_key(path: Path) -> None:
    """Write a new random key, readable by its owner alone.

    Raises
    ------
    ConfigError
        The file is there already: without its old key a crosswalk is lost.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(
            "the key file exists", where=str(path), remedy="choose another name, or keep the key"
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")


def read_key(path: Path) -> bytes:
    """Read a key of 32 bytes, written as 64 hexadecimal digits.

    Raises
    ------
    ConfigError
        There is no such file, or it holds something else.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigError(
            "the key cannot be read", where=str(path), expected="64 hexadecimal digits",
            remedy="make one with `genocohort pseudonyms --new-key`",
        ) from error  # fmt: skip
    if len(key) != KEY_BYTES:
        raise ConfigError("the key has another length", where=str(path), expected="32 bytes")
    return key


def key_id(key: bytes) -> str:
    """What a key goes by in reports; it tells nothing of the key."""
    return hashlib.sha256(b"genocohort key id" + key).hexdigest()[:12]


def keyed_name(key: bytes, kind: str, name: str) -> str:
    """A name made from HMAC-SHA256 of an id: the same wherever the key is the same."""
    digest = hmac.new(key, f"{kind}\0{name}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode("ascii")


def shift_days(key: bytes, participant: str) -> int:
    """Days, 1 to 365, by which all dates of a participant are moved back."""
    digest = hmac.new(key, f"shift\0{participant}".encode(), hashlib.sha256).digest()
    return 1 + int.from_bytes(digest[:8], "big") % 365


@dataclass
class Crosswalk:
    """Random pseudonym of each participant id."""

    names: dict[str, str] = field(default_factory=dict)

    def extend(self, participants: Iterable[str]) -> int:
        """Give a pseudonym to who has none; how many those were."""
        new = sorted(set(participants) - set(self.names))
        taken = set(self.names.values())
        for participant in new:
            name = _random_name()
            while name in taken:
                name = _random_name()
            taken.add(name)
            self.names[participant] = name
        return len(new)


def _random_name() -> str:
    return "G" + base64.b32encode(secrets.token_bytes(10)).decode("ascii")[:12]


def write_crosswalk(path: Path, crosswalk: Crosswalk, key: bytes) -> None:
    """Encrypt a crosswalk into a file, readable by its owner alone."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = secrets.token_bytes(_NONCE_BYTES)
    plain = json.dumps(crosswalk.names, sort_keys=True).encode()
    sealed = ChaCha20Poly1305(key).encrypt(nonce, plain, _MAGIC)
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_MAGIC + nonce + sealed)


def read_crosswalk(path: Path, key: bytes) -> Crosswalk:
    """Decrypt a crosswalk.

    Raises
    ------
    ConfigError
        There is no such file.
    InputDataError
        The key is another one, or the file was changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            "the crosswalk cannot be read", where=str(path),
            remedy="make it with `genocohort pseudonyms`",
        ) from error  # fmt: skip
    start = len(_MAGIC) + _NONCE_BYTES
    try:
        if not raw.startswith(_MAGIC):
            raise InvalidTag
        nonce = raw[len(_MAGIC) : start]
        plain = ChaCha20Poly1305(key).decrypt(nonce, raw[start:], _MAGIC)
    except (InvalidTag, ValueError) as error:
        raise InputDataError(
            "the crosswalk does not open", where=str(path),
            expected="the file as it was written, and the key it was written with",
        ) from error  # fmt: skip
    return Crosswalk(json.loads(plain))


@dataclass(frozen=True)
class Pseudonyms:
    """Who participants are in the results: their own ids, or pseudonyms.

    Attributes
    ----------
    names : mapping of str to str, optional
        The crosswalk; None for keyed hashes (with a key) or for own ids (without).
    key : bytes
        Empty where there is none.
    """

    names: Mapping[str, str] | None = None
    key: bytes = b""

    @property
    def keep_ids(self) -> bool:
        """Whether participants keep their own ids."""
        return self.names is None and not self.key

    def participant(self, name: str) -> str:
        """The pseudonym of a participant.

        Raises
        ------
        KeyError
            The crosswalk does not hold the id.
        """
        if self.keep_ids:
            return name
        return (
            "G" + keyed_name(self.key, "person", name) if self.names is None else self.names[name]
        )

    def family(self, name: str) -> str:
        """The pseudonym of a family; always a keyed hash."""
        return name if self.keep_ids else "F" + keyed_name(self.key, "family", name)


def open_pseudonyms(key_file: str, crosswalk_file: str) -> Pseudonyms:
    """Pseudonyms as configured: without a key none, without a crosswalk keyed hashes."""
    if not key_file:
        return Pseudonyms()
    key = read_key(Path(key_file))
    if not crosswalk_file:
        return Pseudonyms(key=key)
    return Pseudonyms(read_crosswalk(Path(crosswalk_file), key).names, key)


def read_erased(path: str) -> frozenset[str]:
    """Ids of participants whose records must go: one a line, `#` starts a comment.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    if not path:
        return frozenset()
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError(
            "the list of erased participants cannot be read", where=path,
            remedy="put it back; where nobody has been erased yet, make an empty file",
        ) from error  # fmt: skip
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))

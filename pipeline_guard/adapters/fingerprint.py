# SPDX-License-Identifier: Apache-2.0
"""The keyed fingerprint of findings, and where its key lies: the environment, else a file in the home folder."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from pipeline_guard.errors import UsageError
from pipeline_guard.model.secret import Secret

VARIABLE = "PIPELINE_GUARD_FINGERPRINT_KEY"
FILE = "fingerprint.key"


class KeyedFingerprint:
    """HMAC-SHA-256 over rule and value. The key is read, or made, when it is first needed; ``keep`` false makes no file."""

    def __init__(self, home: str, environ: Mapping[str, str], *, keep: bool = True) -> None:
        self._home = Path(home)
        self._keep = keep
        self._environ = environ
        self._key: Secret | None = None
        self.lasting = True

    def of(self, rule: str, value: bytes) -> str:
        """Return the fingerprint in hexadecimal digits; raise UsageError for an unusable key."""
        return hmac.digest(self._secret().reveal(), rule.encode("utf-8") + b"\0" + value, "sha256").hex()

    def key_id(self) -> str:
        """Name the key without telling it."""
        return hmac.digest(self._secret().reveal(), b"pipeline-guard fingerprint key id", "sha256").hex()[:16]

    def _secret(self) -> Secret:
        if self._key is None:
            given = self._environ.get(VARIABLE, "")
            self._key = _from_text(given) if given else self._from_file()
        return self._key

    def _from_file(self) -> Secret:
        path = self._home / FILE
        try:
            kept = path.read_bytes()
        except FileNotFoundError:
            return self._made(path) if self._keep else Secret(secrets.token_bytes(32))
        except OSError:
            return self._ephemeral()
        if len(kept) != 32:
            raise UsageError(
                f"{path} is no fingerprint key: it has {len(kept)} bytes, not 32",
                f"restore it, or remove it and write the baselines anew; or set {VARIABLE}",
            )
        return Secret(kept)

    def _made(self, path: Path) -> Secret:
        """Make the key: written whole beside, then linked, so that two first runs agree on one."""
        key = secrets.token_bytes(32)
        temporary = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(key)
                    stream.flush()
                    os.fsync(stream.fileno())
                try:
                    os.link(temporary, path)
                except FileExistsError:
                    return Secret(path.read_bytes())
            finally:
                temporary.unlink(missing_ok=True)
        except OSError:
            return self._ephemeral()
        return Secret(key)

    def _ephemeral(self) -> Secret:
        """Go on without a place to keep the key: fingerprints then hold for this run only."""
        self.lasting = False
        return Secret(secrets.token_bytes(32))


def _from_text(text: str) -> Secret:
    if len(text) < 16:
        raise UsageError(f"{VARIABLE} is shorter than 16 characters", "give it 32 random bytes, for example from: openssl rand -hex 32")
    return Secret(hashlib.sha256(b"pipeline-guard fingerprint key\0" + text.encode("utf-8", "surrogateescape")).digest())

# SPDX-License-Identifier: Apache-2.0
"""The embedded token: SoftHSM 2 in the user's own folder, created at first need.

A software token is no hardware: its keys are files, protected by a PIN that lies beside them (both 0600, folder 0700).
It keeps keys out of repositories, logs and jobs, not out of reach of whoever reads this user's files.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from typing import Any

from pipeline_guard.adapters.home import home_lock, private_folder, write_private
from pipeline_guard.adapters.hsm import token_copy
from pipeline_guard.adapters.hsm.library import find_softhsm, is_loaded, load
from pipeline_guard.adapters.hsm.objects import initialize_token, is_initialized
from pipeline_guard.adapters.hsm.pin import read_pin
from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from pipeline_guard.adapters.hsm.pool import TokenPlace
from pipeline_guard.adapters.hsm.tries import LAST_TRY
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.token_uri import TokenUri

LABEL = "pipeline-guard"


def open_token(home: str, *, uri: str, module: str, pin: str, environ: Mapping[str, str], arguments: str = "") -> Pkcs11Token:
    """Return the configured token, or the embedded one where none is configured. Opens nothing yet but checks the words."""
    if not uri and not module:
        return _embedded(home, environ)
    place = TokenUri.parse(uri or "pkcs11:")
    path = place.module_path or module
    if not path:
        raise UsageError("the token's PKCS#11 module is not named", "set token.module, or module-path in token.uri")
    reference = pin or place.pin_source
    if not reference:
        raise UsageError("the token's PIN is not named", "set token.pin to env:NAME, file:PATH, fd:N or prompt")
    reading: Callable[[], Secret] = partial(read_pin, reference, environ)
    if reference.startswith(("fd:", "prompt")):  # can be had once; a token that went away wants it again
        reading = cache(reading)
    return Pkcs11Token(TokenPlace(path, place.token, place.serial, reading, arguments, last_try=environ.get(LAST_TRY, "") == "1"))


def _embedded(home: str, environ: Mapping[str, str]) -> Pkcs11Token:
    folder = Path(home)
    path = find_softhsm(environ.get("PIPELINE_GUARD_MODULE", ""))

    def guard() -> AbstractContextManager[None]:
        # NOTE: SoftHSM 2.6 fails at random while many processes open one token at the same moment; one at a time does not.
        return home_lock(home, "token")

    settle, prepare = partial(_settle, folder), partial(_prepare, folder, path)
    return Pkcs11Token(TokenPlace(path, LABEL, "", partial(_pin, folder), settle=settle, prepare=prepare, guard=guard))


def _pin(folder: Path) -> Secret:
    if not (folder / "pin").is_file():
        raise Unavailable(f"the embedded token's PIN is gone: {folder / 'pin'}", "restore the home folder from a backup")
    return read_pin(f"file:{folder / 'pin'}", {})


def _settle(folder: Path) -> None:
    """Point SoftHSM to our folder. Called under the lock, before the module is loaded."""
    if any(character in str(folder) for character in "#=\n") or not str(folder).isprintable():
        raise Unavailable(f"SoftHSM cannot use a folder of this name: {folder}", "set PIPELINE_GUARD_HOME to a plain path")
    private_folder(str(folder))
    tokens = folder / "tokens"
    private_folder(str(tokens))
    configuration = folder / "softhsm2.conf"
    text = f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
    if configuration.is_dir():
        raise Unavailable(f"{configuration} is a folder", "remove it; it is made anew")
    if not configuration.exists() or configuration.read_bytes() != text.encode():
        write_private(str(configuration), text.encode())
    if os.environ.get("SOFTHSM2_CONF", str(configuration)) != str(configuration) and is_loaded():
        raise Unavailable("this process uses another SoftHSM token already", "one process, one home folder")
    # SoftHSM reads this variable at C_Initialize; children get an environment of their own, taken before.
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    token_copy.put_back(folder)


def _prepare(folder: Path, path: str) -> None:
    """Initialise the token if it was never there. Called under the lock."""
    import pkcs11

    made = folder / "token.made"
    library = load(path, "")
    if is_initialized(library, LABEL) or _seen_anew(folder, library):
        token_copy.keep(folder)
        if not made.exists():
            write_private(str(made), b"")
        return
    token_copy.refuse_to_replace(folder)
    if made.exists():  # a new one in its place would not open what the old one closed
        raise pkcs11.NoSuchToken
    if not (folder / "pin").exists():
        write_private(str(folder / "pin"), secrets.token_urlsafe(24).encode())
    # Nobody keeps the security officer's PIN of an embedded token: all it could do is erase the token.
    initialize_token(library, LABEL, so_pin=Secret(secrets.token_urlsafe(24).encode()), pin=_pin(folder))
    token_copy.keep(folder)
    write_private(str(made), b"")


def _seen_anew(folder: Path, library: Any) -> bool:
    """Tell whether the token is there once the module looks again: another process may have made it after this one loaded the module."""
    if not token_copy.is_any(folder):
        return False
    token_copy.put_back(folder)
    library.reinitialize()
    return is_initialized(library, LABEL)

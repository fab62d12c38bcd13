# SPDX-License-Identifier: Apache-2.0
"""Packages that a repository carries along as they were installed, beside what its lock says is installed.

Sources: Composer's ``vendor/composer/installed.json``; npm's folders, each with the ``package.json`` of what lies in it. Nobody compares
them: ``composer install`` and ``npm ls`` believe the folder.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_guard.model.package import Ecosystem, Lock

Found = Iterator[tuple[str, str, int, str]]
COMPOSER = "vendor/composer/installed.json"
FOLDER = re.compile(r"(?:.*/)?node_modules/((?:@[^/]+/)?[^/@.][^/]*)/")  # as far as the last package of a path
_MAX_TOLD = 50  # of one lock


def differences(lock: Lock, texts: Mapping[str, bytes]) -> Found:
    """Give (path, name, line, what) of every carried package that the lock does not have at that version."""
    folder = posixpath.dirname(lock.path)
    if "node_modules/" in lock.path or not lock.packages:
        return  # npm's own list of such a folder
    if lock.format == "composer.lock":
        carried = _composer(posixpath.join(folder, COMPOSER), texts)
    elif lock.ecosystem is Ecosystem.NPM:
        carried = _npm(posixpath.join(folder, "node_modules/"), texts)
    else:
        return
    locked: dict[str, set[str]] = {}
    for package in lock.packages:
        locked.setdefault(package.name.lower(), set()).add(_plain(package.version))
    told = 0
    for path, name, version in carried:
        if told < _MAX_TOLD and version not in locked.get(name, ()):
            told += 1
            held = f"locked at {min(locked[name])[:40]}" if locked.get(name) else "not in the lock"
            yield path, name, 1, f"is carried at {version[:40]}, and {held}"


def _composer(path: str, texts: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    for name, version, _ in composer_packages(texts.get(path, b"")):
        yield path, name, _plain(version)


def composer_packages(content: bytes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give the packages of Composer's own list: name in small letters, version, and all that it says."""
    root = read(content)
    listed = root.get("packages") if isinstance(root, dict) else root  # Composer 1 writes the list alone
    for entry in listed if isinstance(listed, list) else ():
        name, version = (entry.get(key) for key in ("name", "version")) if isinstance(entry, dict) else (None, None)
        if isinstance(name, str) and isinstance(version, str):
            yield name.lower(), version, entry


def _npm(folder: str, texts: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    for path in sorted(path for path in texts if path.startswith(folder) and _is_description(path)):
        entry = read(texts[path])
        name, version = (entry.get(key) for key in ("name", "version")) if isinstance(entry, dict) else (None, None)
        if isinstance(name, str) and isinstance(version, str):
            yield path, name.lower(), _plain(version)


def _is_description(path: str) -> bool:
    folder = FOLDER.match(path)
    return folder is not None and path == f"{folder[0]}package.json"


def read(content: bytes) -> Any:
    """Return a JSON text's value, None for what is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _plain(version: str) -> str:
    return version.lower().removeprefix("v").partition("+")[0]

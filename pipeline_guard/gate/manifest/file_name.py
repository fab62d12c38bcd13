# SPDX-License-Identifier: Apache-2.0
"""Whether a distribution file's name fits a package and version: True, False, or None where the name does not tell.

Sources: npm's registry layout; PEP 427 (wheels), PEP 625 and older habits (source archives), PEP 440 (equal versions); conda's
package naming.
"""

from __future__ import annotations

import re

from pipeline_guard.gate.manifest.naming import pypi_name

_WHEEL = re.compile(r"([^-]+)-([^-]+)(?:-(\d[^-]*))?-([^-]+)-([^-]+)-([^-]+)\.whl")
_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.z", ".tar")
_VERSION = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?"
    r"(?:-(\d+)|[-_.]?(?:post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE,
)
_STAGES = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


def npm_fits(name: str, version: str, path: str, *, exact: bool = False) -> bool | None:
    """Judge the path of a tarball's address; registries that do not use ``/-/`` tell nothing.

    ``exact`` is for the public registry, which has nothing before the name.
    """
    if "//" in path or "/../" in path or "/./" in path:
        return False  # what is asked for is another path than the one that is read here
    head, mark, file = path.partition("/-/")
    if not mark or not name:
        return None
    if exact and head != f"/{name}":
        return False
    if head.rpartition(f"/{name}")[0].rpartition("/")[2].startswith("@"):
        return False  # @somebody/name for name
    base = name.rpartition("/")[2]
    versions = {version, version.partition("+")[0]}
    files = {f"{stem}-{number}.tgz" for stem in (base, name) for number in versions}
    # some registries put the hash or a folder between
    return head.endswith("/" + name) and (file in files or file.rpartition("/")[2] in {f"{base}-{number}.tgz" for number in versions})


def python_fits(name: str, version: str, file: str) -> bool | None:
    """Judge a wheel's or source archive's name."""
    lower = file.lower()
    if lower.endswith(".whl"):
        found = _WHEEL.fullmatch(file)
        if found is None:
            return None
        return pypi_name(found[1]) == name and _same_version(found[2], version)
    suffix = next((suffix for suffix in _ARCHIVES if lower.endswith(suffix)), "")
    if not suffix or not name:
        return None
    stem = file[: -len(suffix)]
    cuts = [at for at, letter in enumerate(stem) if letter == "-"]
    named = [stem[at + 1 :] for at in cuts if pypi_name(stem[:at]) == name]
    if not cuts:
        return None  # some sdists are called v1.0.zip
    return any(_same_version(rest, version) for rest in named)


def _same_version(one: str, other: str) -> bool:
    if not other or one == other:
        return True
    left, right = canonical(one), canonical(other)
    if left is None or right is None:
        return left is right or one.replace("_", "-").lower() == other.replace("_", "-").lower()
    # a lock may leave a local version label out, or a file name spell it its own way
    return left == right or (left[:-1] == right[:-1] and "" in (left[-1], right[-1]))


def canonical(version: str) -> tuple[object, ...] | None:
    """Return a PEP 440 version in a form that is equal for equal versions; None for what is none."""
    found = _VERSION.fullmatch(version.strip().replace("_", "+", 1) if "+" not in version and _is_local(version) else version.strip())
    if found is None:
        return None
    epoch, release, stage, number, dash, post, dev, dev_number, local = found.groups()
    parts = [int(part) for part in release.split(".")[:40] if len(part) < 30]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    word = (stage or "").lower()
    has_post = dash is not None or post is not None
    return (
        int(epoch or 0),
        tuple(parts),
        _STAGES.get(word, word),
        int((number or "0")[:20]) if stage else -1,
        int((dash or post or "0")[:20]) if has_post else -1,
        int((dev_number or "0")[:20]) if dev else -1,
        re.sub(r"[-_.]", ".", local or "").lower(),
    )


def _is_local(version: str) -> bool:
    """Tell whether an underscore stands for the plus of a local version, as old file names have it."""
    return re.fullmatch(r"[0-9.]+_[a-z][a-z0-9_.]*", version, re.IGNORECASE) is not None


def conda_fits(name: str, version: str, file: str) -> bool | None:
    """Judge ``name-version-build.conda``."""
    found = re.fullmatch(r"(.+)-([^-]+)-([^-]+)(?:\.conda|\.tar\.bz2)", file)
    if found is None or not version:
        return None
    return found[1].lower() == name and found[2] == version

# SPDX-License-Identifier: Apache-2.0
"""Where a manifest says that a package comes from when it is not the registry, in one spelling for all of them.

A place is compared, not fetched: revisions, credentials and spellings that lead to the same repository are left out, so that an update of
a commit is no other place.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Literal

_FORGES = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
    "codeberg": "codeberg.org",
    "sourcehut": "git.sr.ht",
}
_SHORT = re.compile(r"(github|gitlab|bitbucket|codeberg|sourcehut):([^/?#\s]+/[^/?#\s]+).*", re.DOTALL)
_SCP = re.compile(r"(?:[A-Za-z0-9._-]+@)([A-Za-z0-9.-]+):(?!\d+/)/?(.+)", re.DOTALL)
_SCHEME = re.compile(r"(?:git\+|git::|hg\+|svn\+|bzr\+)?([a-z][a-z0-9+.-]*)://(?:[^@/]*@)?", re.IGNORECASE)
_VERSION = re.compile(r"@v?\d[^/]*|@(?:main|master|latest|next)(?=/|$)")
_MAX = 300  # characters of a place that are kept

Mechanism = Literal["asked", "override"]


@dataclass(frozen=True, slots=True)
class Redirect:
    """A name and the place it is asked from: "" for the registry.

    ``mechanism`` "override" is one that changes where a package comes from for everybody who needs it, "asked" a dependency of its own.
    """

    name: str
    place: str
    line: int
    mechanism: Mechanism = "asked"


def git(text: str) -> str:
    """Return a git address as a place, without its revision."""
    short = _SHORT.fullmatch(text.strip())
    if short:
        return f"git {_FORGES[short[1]]}/{_bare(short[2])}"[:_MAX]
    text = text.strip()
    scheme = _SCHEME.match(text)
    scp = None if scheme else _SCP.fullmatch(text.removeprefix("git+").removeprefix("git::"))
    rest = f"{scp[1]}/{scp[2]}" if scp else text[scheme.end() :] if scheme else text
    if scheme and scheme[1].lower() in ("http", "git"):
        return f"git without TLS {_bare(rest)}"[:_MAX]
    return f"git {_bare(rest)}"[:_MAX]


def _bare(rest: str) -> str:
    """Return host and path alone: no query, fragment, revision, suffix or upper case."""
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    head, slash, last = rest.rpartition("/")
    last = last.partition("@")[0]
    return f"{head}{slash}{last}".rstrip("/").removesuffix(".git").lower()


def url(text: str) -> str:
    """Return an address as a place: without version, query and fragment, so that an update of a file is no other place."""
    bare = re.split(r"[?#]", text.strip(), maxsplit=1)[0]
    scheme, mark, rest = bare.partition("://")
    host, slash, path = rest.rpartition("@")[2].partition("/") if "@" in rest.partition("/")[0] else rest.partition("/")
    folder = re.sub(r"\d+(?:\.\w+)+", "*", _VERSION.sub("", path))
    return f"{scheme}{mark}{host.lower()}{slash}{folder}"[:_MAX]


def local(text: str, path: str) -> str:
    """Return a path as a place: "" for a folder of the repository, which is reviewed like everything in it.

    An archive in the repository is a place: nobody reads it in a difference.
    """
    text = text.replace("\\", "/")
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
    if text.startswith(("/", "~")) or re.match(r"[A-Za-z]:/", text) or inside == ".." or inside.startswith("../"):
        return f"path {text}, outside the repository"[:_MAX]
    return f"file {inside}"[:_MAX] if re.search(r"\.(tgz|tar\.gz|tar|zip|whl|gem|crate|nupkg|jar)$", text) else ""

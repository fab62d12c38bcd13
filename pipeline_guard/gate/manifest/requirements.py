# SPDX-License-Identifier: Apache-2.0
"""pip's requirements files as facts, read as pip reads them, with lines; nothing is fetched, no include followed.

Source: pip's "Requirements File Format" and ``pip/_internal/req/req_file.py``: lines joined at backslashes, comments,
options by unique prefix, per-requirement options, PEP 508 names, markers and direct references.
"""

from __future__ import annotations

import codecs
import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline_guard.errors import UsageError

PinKind = Literal["index", "url", "vcs", "path"]
_LIMIT = 8 * 1024 * 1024
# Options of a line of their own and whether they take a value; pip accepts any unique prefix of a long one.
_LINE_OPTIONS = {
    "--index-url": True,
    "--pypi-url": True,
    "--extra-index-url": True,
    "--no-index": False,
    "--find-links": True,
    "--requirement": True,
    "--constraint": True,
    "--editable": True,
    "--no-binary": True,
    "--only-binary": True,
    "--prefer-binary": False,
    "--require-hashes": False,
    "--pre": False,
    "--all-releases": True,
    "--only-final": True,
    "--uploaded-prior-to": True,
    "--trusted-host": True,
    "--use-feature": True,
    "--always-unzip": False,
}
_PIN_OPTIONS = {"--global-option": True, "--install-option": True, "--hash": True, "--config-settings": True}
_SHORT = {
    "-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint", "-e": "--editable",
    "-C": "--config-settings", "-Z": "--always-unzip",
}  # fmt: skip
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()]+")
# pip tells encodings by their byte order marks; the longer marks come first
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAME = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*(.*)", re.DOTALL)
_ARCHIVE = re.compile(r"\.(whl|zip|tar\.gz|tgz|tar|tar\.bz2|tbz|tar\.xz|txz|tar\.lzma|tlz)$", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_VCS = ("git", "hg", "svn", "bzr")


@dataclass(frozen=True, slots=True)
class Hash:
    """One expected hash as written."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement. ``specifier`` is its version part ("" for none), ``target`` the URL or path of a direct one.

    ``revision`` is what a version control URL names after its last ``@``.
    """

    name: str
    line: int
    kind: PinKind = "index"
    specifier: str = ""
    target: str = ""
    revision: str = ""
    hashes: tuple[Hash, ...] = ()
    marker: str = ""
    editable: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One option line, its name in the long form."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Pins:
    """A whole requirements file. Includes (``-r``, ``-c``) are among the options."""

    path: str
    pins: tuple[Pin, ...] = ()
    options: tuple[Option, ...] = field(default=())


def parse(content: bytes, path: str) -> Pins:
    """Read a requirements file; raise UsageError with file and line for what pip would refuse, too."""
    if len(content) > _LIMIT:
        raise UsageError(f"{path}: larger than {_LIMIT} bytes", "split the file")
    pins: list[Pin] = []
    options: list[Option] = []
    for line, text in _logical(_decode(content, path)):
        words, given = _split(text, path, line)
        if words:
            pins.append(_pin(words, given, path, line, editable=False))
            continue
        for name, value in given:
            if name == "--editable":
                pins.append(_pin(value, given, path, line, editable=True))
            elif name in _PIN_OPTIONS and not any(other == "--editable" for other, _ in given):
                raise UsageError(f"{path}:{line}: {name} without a requirement", "put it behind the requirement it belongs to")
            elif name in _LINE_OPTIONS:
                options.append(Option(name, value, line))
    return Pins(path, tuple(pins), tuple(options))


_COOKIE = re.compile(rb"(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")  # PEP 263: in one of the first two lines


def _decode(content: bytes, path: str) -> str:
    cookie = _COOKIE.match(content)
    if cookie and cookie[1].lower().replace(b"_", b"-") not in (b"utf-8", b"utf8", b"ascii", b"us-ascii"):
        raise UsageError(f"{path}:1: it declares an encoding other than UTF-8, which pip honours", "save the file as UTF-8")
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8 text", "save the file as UTF-8") from None
    if "\0" in text:
        raise UsageError(f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}: a NUL character", "save the file as plain text")
    return text


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Give each logical line with the number of its first, comments and blank lines removed.

    NOTE: pip splits at every line boundary that Unicode knows, form feeds and U+2028 included, and a comment ends a
    continued line.
    """
    parts: list[str] = []
    begin = 0
    physical = _numbered(text)
    for line, raw in physical:
        begin = begin or line
        comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not comment:
            parts.append(raw.strip("\\"))
            continue
        parts.append(f" {raw}" if comment else raw)
        whole = _uncommented("".join(parts))
        if whole:
            yield begin, whole
        parts, begin = [], 0
    whole = _uncommented("".join(parts))
    if whole:
        yield begin, whole


def _uncommented(text: str) -> str:
    """Cut at the first ``#`` that begins the line or follows white space."""
    at = text.find("#")
    while at > 0 and not text[at - 1].isspace():
        at = text.find("#", at + 1)
    return (text if at < 0 else text[:at]).strip()


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """Give pip's lines with the line numbers that an editor shows."""
    for number, shown in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        yield from ((number, piece) for piece in shown.splitlines() or [""])


def _split(text: str, path: str, line: int) -> tuple[str, list[tuple[str, str]]]:
    """Divide a line into what comes before the first option, and the options."""
    tokens = text.split(" ")
    for index, token in enumerate(tokens):
        if token.startswith("-"):
            words, rest = " ".join(tokens[:index]).strip(), " ".join(tokens[index:])
            break
    else:
        return text, []
    try:
        arguments = shlex.split(rest) if any(mark in rest for mark in "\"'\\") else rest.split()
    except ValueError:
        raise UsageError(f"{path}:{line}: a quotation mark without its partner") from None
    known = _PIN_OPTIONS if words else _LINE_OPTIONS | _PIN_OPTIONS
    given = []
    while arguments:
        word = arguments.pop(0)
        name, value, inline = _option(word, known, path, line)
        if known[name] and not inline:
            if not arguments:
                raise UsageError(f"{path}:{line}: {name} needs a value")
            value = arguments.pop(0)
        given.append((name, value))
    return words, given


def _option(word: str, known: dict[str, bool], path: str, line: int) -> tuple[str, str, bool]:
    """Return an option's long name, its value where one is glued to it, and whether it is."""
    if word.startswith("--"):
        prefix, equals, value = word.partition("=")
        names = [prefix] if prefix in known else [name for name in known if name.startswith(prefix)]
        if len(names) == 1:
            return names[0], value, bool(equals)
    elif _SHORT.get(word[:2]) in known:
        return _SHORT[word[:2]], word[2:].removeprefix("="), len(word) > 2
    raise UsageError(f"{path}:{line}: pip knows no option {word[:60]!r} here", "check the spelling")


def _pin(text: str, given: list[tuple[str, str]], path: str, line: int, *, editable: bool) -> Pin:
    hashes = [_hash(value, path, line) for name, value in given if name == "--hash"]
    found = _NAME.fullmatch(text)
    named, direct = (found[1], found[3]) if found else ("", "")
    if direct.startswith("@"):
        target, marker = _marker(direct[1:].strip(), direct=True)
        return _direct(named, target, marker, tuple(hashes), line, editable=editable)
    bare, marker = _marker(text, direct=True)
    if _SCHEME.match(bare) or _is_path(bare) or editable:
        return _direct("", bare, marker, tuple(hashes), line, editable=editable)
    specifier, marker = _marker(direct, direct=False)
    specifier = specifier.strip().removeprefix("(").removesuffix(")").strip()
    clauses = [clause.strip() for clause in specifier.split(",")]
    if not found or not all(_CLAUSE.fullmatch(clause) for clause in clauses if clause):
        raise UsageError(f"{path}:{line}: not a requirement: {text[:60]!r}", "write name==version")
    return Pin(named, line, specifier=specifier, hashes=tuple(hashes), marker=marker)


def _marker(text: str, *, direct: bool) -> tuple[str, str]:
    """Divide at the environment marker; behind a URL it needs white space before it (PEP 508)."""
    at = text.find(";")
    while direct and at >= 0 and not (text[at - 1 : at].isspace() or text[at + 1 : at + 2].isspace()):
        at = text.find(";", at + 1)
    return (text.strip(), "") if at < 0 else (text[:at].strip(), text[at + 1 :].strip())


def _direct(name: str, target: str, marker: str, hashes: tuple[Hash, ...], line: int, *, editable: bool) -> Pin:
    """Describe a requirement that names its place itself."""
    scheme = target.partition(":")[0].lower() if _SCHEME.match(target) else ""
    try:
        parts = urlsplit(target)
        fragment = dict(parse_qsl(parts.fragment, separator="&"))
    except ValueError:  # an address that even its own grammar refuses: it pins nothing
        return Pin(name or target[:80], line, "url", target=target, hashes=hashes, marker=marker, editable=editable)
    name = name or fragment.get("egg", "").partition("[")[0] or posixpath.basename(unquote(parts.path).rstrip("/")) or target[:80]
    if scheme.partition("+")[0] in _VCS:
        _, at, revision = parts.path.rpartition("@")
        kind: PinKind = "vcs"
        return Pin(name, line, kind, target=target, revision=revision if at else "", hashes=hashes, marker=marker, editable=editable)
    if scheme and scheme != "file" and len(scheme) > 1:
        hashes += tuple(
            Hash(key, value) for key, value in fragment.items() if key in ("sha1", "sha224", "sha384", "sha256", "sha512", "md5")
        )
        return Pin(name, line, "url", target=target, hashes=hashes, marker=marker, editable=editable)
    return Pin(name, line, "path", target=target, hashes=hashes, marker=marker, editable=editable)


def _is_path(text: str) -> bool:
    """Tell what pip takes for a path: a separator or a leading dot, or an archive's name."""
    first = text.partition("[")[0]
    return first.startswith(".") or "/" in first.partition(";")[0] or "\\" in first or bool(_ARCHIVE.search(first))


def _hash(value: str, path: str, line: int) -> Hash:
    algorithm, colon, digest = value.partition(":")
    if not colon:
        raise UsageError(f"{path}:{line}: not a hash: {value[:60]!r}", "write --hash=sha256:DIGEST")
    return Hash(algorithm.lower(), digest)

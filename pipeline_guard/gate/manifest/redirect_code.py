# SPDX-License-Identifier: Apache-2.0
"""Places in manifests that are written in a language of their own, read without running them: what is computed stays unseen.

Sources: the Go Modules Reference (``replace``, ``use``); Bundler's "Gemfile" page; Mix's ``Mix.Tasks.Deps``; SwiftPM's
``PackageDescription``; Nix's "flake" page; Terraform's "Module Sources" and "Provider Requirements"; CocoaPods' Podfile; pip's
requirements file format. Comments are blanked out first, so that offsets and lines stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from pipeline_guard.gate.manifest import redirect, requirements
from pipeline_guard.gate.manifest.naming import pypi_name
from pipeline_guard.gate.manifest.reading import decode
from pipeline_guard.gate.manifest.redirect import Mechanism, Redirect

_TEXT = r"""(?:"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')"""
_HASHES = re.compile(rf"{_TEXT}|#[^\n]*+")
_SLASHES = re.compile(rf"{_TEXT}|//[^\n]*+|/\*[\s\S]*?(?:\*/|\Z)")
_ALL = re.compile(rf"{_TEXT}|//[^\n]*+|#[^\n]*+|/\*[\s\S]*?(?:\*/|\Z)")
_GEM = re.compile(r"^[ \t]*gem[ \t(]+[\"']([A-Za-z0-9._-]+)[\"']((?:[^\n]*,[ \t]*\n){0,20}[^\n]*)", re.MULTILINE)
_GEM_BLOCK = re.compile(r"^[ \t]*(git|github|path|source)[ \t(]+[\"']([^\"'\n]+)[\"'][^\n]*\bdo\b", re.MULTILINE)
_OPTION = r"(?:\b{name}:|:{name}[ \t]*=>)[ \t\n]*[\"']([^\"'\n]+)[\"']"
_MIX = re.compile(r"\{[ \t\n]*:([a-z][A-Za-z0-9_]*)[ \t\n]*,([^{}]{0,2000})\}")
_SWIFT = re.compile(r"\.package\([^()]{0,400}?\b(url|path|id):\s*\"([^\"\n]+)\"")
_FLAKE = re.compile(r"(?<![\w.-])(?:inputs\.)?([A-Za-z_][\w'-]*(?:\.inputs\.[A-Za-z_][\w'-]*)?)\.url\s*=\s*\"([^\"\n]+)\"")
_FLAKE_TABLE = re.compile(
    r"(?<![\w.-])([A-Za-z_][\w'-]*)\s*=\s*\{\s*(?:[a-z]+\s*=\s*[a-z\"][^;{}]{0,200};\s*){0,5}?url\s*=\s*\"([^\"\n]+)\""
)
_VERSION = re.compile(r"^[ \t]*version\s*=\s*\S", re.MULTILINE)
_MAX_BLOCKS = 200  # of a Gemfile
_PROVIDERS = re.compile(r"\brequired_providers\s*\{")
_PROVIDER = re.compile(r"(?<![\w-])\"?([A-Za-z0-9_-]+)\"?\s*[=:]\s*\{([^{}]{0,2000})\}")
_MODULE = re.compile(r"^[ \t]*module\s+\"?([^\"\s{]+)\"?\s*\{", re.MULTILINE)
_SOURCE = re.compile(r"^[ \t]*source\s*=\s*\"([^\"\n]*)\"", re.MULTILINE)
_POD = re.compile(r"^[ \t]*pod[ \t(]+[\"']([^\"'\n]+)[\"']((?:[^\n]*,[ \t]*\n){0,20}[^\n]*)", re.MULTILINE)
_POD_SOURCE = re.compile(r"^[ \t]*source[ \t(]+[\"']([^\"'\n]+)[\"'](?![^\n]*\bdo\b)", re.MULTILINE)


def blanked(text: str, comments: re.Pattern[str]) -> str:
    """Return a text whose comments are spaces; line breaks and everything between quotes stay."""

    def blank(found: re.Match[str]) -> str:
        piece = found[0]
        return piece if piece[0] in "\"'" else re.sub(r"[^\n]", " ", piece)

    return comments.sub(blank, text)


def hcl(content: bytes, path: str) -> str:
    """Return a text of HCL without its comments."""
    return blanked(decode(content, path), _ALL)


def block(text: str, begin: int) -> tuple[int, int]:
    """Return what lies between braces, from behind the first one."""
    depth = 1
    for found in re.compile(rf"{_TEXT}|[{{}}]").finditer(text, begin):
        if found[0] in "{}":
            depth += 1 if found[0] == "{" else -1
        if not depth:
            return begin, found.start()
    return begin, len(text)


class Counted:
    """Lines of offsets that are asked for in their order; any other order is right, too, and slow."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def at(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        if offset < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, offset)
        self._at = offset
        return self._line


def go(content: bytes, path: str) -> Iterator[Redirect]:
    """Give the replacements of ``go.mod`` and ``go.work`` by another module, and folders outside the repository."""
    inside = ""
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        words = line.partition("//")[0].split()
        if not words:
            continue
        if inside:
            if words[0] == ")":
                inside = ""
                continue
            verb = inside
        else:
            verb, *words = words
            if words[:1] == ["("]:
                inside = verb
                continue
        words = [word.strip('"`') for word in words]
        if verb == "replace" and "=>" in words[:3] and words[-1] != "=>":
            other = words[words.index("=>") + 1]
            isolated = other.startswith(("./", "../", "/", "~")) or other in (".", "..")
            place = redirect.local(other, path) if isolated else "" if other == words[0] else f"the module {other}"
            yield Redirect(words[0], place, number, "override")
        elif verb == "use" and words:
            yield Redirect(words[0], redirect.local(words[0], path), number, "override")


def gemfile(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where the plain ``gem`` lines of a Gemfile, and the blocks around them, take gems from."""
    text = blanked(decode(content, path), _HASHES)
    lines = Counted(text)
    blocks = [(found.end(), _ruby_end(text, found.end()), found[1], found[2]) for found in islice(_GEM_BLOCK.finditer(text), _MAX_BLOCKS)]
    for found in _GEM.finditer(text):
        options = found[2]
        place = ""
        for name in ("git", "github", "gitlab", "bitbucket", "gist", "path", "source"):
            option = re.search(_OPTION.format(name=name), options)
            if option:
                place = _gem_place(name, option[1], path)
        around = next(((kind, where) for begin, end, kind, where in reversed(blocks) if begin <= found.start() < end), None)
        if not place and around:
            place = _gem_place(*around, path)
        yield Redirect(found[1], place, lines.at(found.start()))


def _ruby_end(text: str, begin: int) -> int:
    """Return where a block ends: at the first ``end`` of no deeper indentation than its beginning has."""
    start = text.rfind("\n", 0, begin) + 1
    indent = len(text[start:]) - len(text[start:].lstrip(" \t"))
    found = re.compile(rf"^[ \t]{{0,{min(indent, 80)}}}end\b", re.MULTILINE).search(text, begin)
    return found.start() if found else len(text)


def _gem_place(kind: str, where: str, path: str) -> str:
    if kind == "path":
        return redirect.local(where, path)
    if kind == "source":
        return "" if re.fullmatch(r"https://(index\.)?rubygems\.org/?", where) else redirect.url(where)
    if kind in ("github", "gitlab", "bitbucket"):
        return redirect.git(where if "://" in where else f"{kind}:{where if '/' in where else f'{where}/{where}'}")
    return redirect.git(f"https://gist.github.com/{where}" if kind == "gist" else where)


def mix(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where the tuples of ``mix.exs`` take packages from."""
    text = blanked(decode(content, path), _HASHES)
    lines = Counted(text)
    for found in _MIX.finditer(text):
        options = found[2]
        if not re.match(r"[ \t\n]*(\"|[a-z_]+:)", options):
            continue
        word = {name: match[1] for name in ("git", "github", "path", "hex", "organization", "repo") if (match := _elixir(name, options))}
        place = ""
        if "git" in word or "github" in word:
            place = redirect.git(word["git"] if "git" in word else f"github:{word['github']}")
        elif "path" in word:
            place = redirect.local(word["path"], path)
        elif word.get("hex", found[1]) != found[1]:
            place = f"the package {word['hex']}"
        elif "organization" in word or "repo" in word:
            place = f"the repository {word.get('organization', word.get('repo', ''))}"
        mechanism: Mechanism = "override" if place and re.search(r"\boverride:\s*true", options) else "asked"
        yield Redirect(found[1], place, lines.at(found.start()), mechanism)


def _elixir(name: str, options: str) -> re.Match[str] | None:
    return (
        re.search(rf"\b{name}:\s*(?:\"([^\"\n]+)\"|:([a-z_]\w*))", options)
        if name != "hex"
        else re.search(r"\bhex:\s*:?\"?([a-z_]\w*)", options)
    )


def swift(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where ``Package.swift`` takes packages from, by the name that SwiftPM gives them: the last part of their address."""
    text = blanked(decode(content, path), _SLASHES)
    lines = Counted(text)
    for found in _SWIFT.finditer(text):
        kind, where = found[1], found[2]
        if kind == "id":
            continue
        place = redirect.local(where, path) if kind == "path" else redirect.git(where)
        yield Redirect((place or where).rpartition("/")[2].lower(), place, lines.at(found.start()))


def flake(content: bytes, path: str) -> Iterator[Redirect]:
    """Give the addresses of the inputs of ``flake.nix``."""
    text = blanked(decode(content, path), _HASHES)
    lines = Counted(text)
    for found in sorted((*_FLAKE.finditer(text), *_FLAKE_TABLE.finditer(text)), key=lambda one: one.start()):
        if found[1] not in ("inputs", "outputs", "nixConfig"):
            yield Redirect(found[1], flake_place(found[2], path), lines.at(found.start()))


def flake_place(where: str, path: str) -> str:
    """Return an input's address as a place: ``github:owner/repo/ref``, ``git+https://...``, a path, or a name of the flake registry."""
    kind, colon, rest = where.partition(":")
    if kind in ("github", "gitlab", "sourcehut"):
        return redirect.git(f"{kind}:{'/'.join(re.split(r'[?#]', rest)[0].split('/')[:2])}")
    if kind == "path" or where.startswith((".", "/")):
        return redirect.local(rest.partition("?")[0] if kind == "path" else where, path)
    if not colon or kind in ("flake", "nixpkgs"):
        return f"the registry's {(rest if kind == 'flake' else where).partition('/')[0]}"
    if kind.startswith("git"):
        return redirect.git(where)
    return redirect.url(where)


def _blocks(text: str, opening: re.Pattern[str]) -> Iterator[tuple[re.Match[str], int, int]]:
    """Give the blocks of one kind that are not inside of each other, with where their contents begin and end."""
    at = 0
    while (found := opening.search(text, at)) is not None:
        begin, at = block(text, found.end())
        yield found, begin, at


def providers(text: str) -> Iterator[tuple[str, str, int]]:
    """Give local name, address and line of what ``required_providers`` of an HCL text without comments name."""
    lines = Counted(text)
    for _, begin, end in _blocks(text, _PROVIDERS):
        for one in _PROVIDER.finditer(text, begin, end):
            named = re.search(r"\bsource\s*[=:]\s*\"([^\"\n]+)\"", one[2])
            yield one[1], provider_address(named[1] if named else f"hashicorp/{one[1]}"), lines.at(one.start())


def provider_address(where: str) -> str:
    """Return a provider's whole address in lower case."""
    parts = where.lower().split("/")
    return "/".join(("registry.terraform.io", *("hashicorp", *parts)[-2:])) if len(parts) < 3 else where.lower()


def modules(text: str) -> Iterator[tuple[str, str, int, bool]]:
    """Give name, source and line of the modules of an HCL text without comments, and whether a version stands beside it."""
    lines = Counted(text)
    for found, begin, end in _blocks(text, _MODULE):
        named = _SOURCE.search(text, begin, end)
        if named:
            yield found[1], named[1], lines.at(named.start(1)), _VERSION.search(text, begin, end) is not None


def terraform(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where providers and modules come from."""
    text = hcl(content, path)
    for name, address, line in providers(text):
        yield Redirect(f"provider {name}", address, line)
    for name, where, line, _ in modules(text):
        yield Redirect(f"module {name}", module_place(where, path), line)


def module_place(where: str, path: str) -> str:
    """Return a module's source as a place: its registry address, its repository with the folder in it, or an address."""
    if where.startswith(("./", "../")):
        return redirect.local(where, path)
    if re.match(r"git::|git@|github\.com/|bitbucket\.org/", where):
        bare = re.split(r"[?#]", where)[0].removeprefix("git::")
        scheme, mark, rest = bare.partition("://") if "://" in bare else ("", "", bare)
        head, _, folder = rest.partition("//")
        head = f"{scheme}{mark}{head}"
        return redirect.git(head) + (f"//{folder}" if folder else "")
    if "://" in where or "::" in where:
        return redirect.url(where.partition("::")[2] or where)
    return where.lower()


def podfile(content: bytes, path: str) -> Iterator[Redirect]:
    """Give where a Podfile takes pods from, and its sources of specifications."""
    text = blanked(decode(content, path), _HASHES)
    lines = Counted(text)
    for found in _POD.finditer(text):
        place = ""
        for name in ("git", "http", "podspec", "path", "source"):
            option = re.search(_OPTION.format(name=name), found[2])
            if option:
                outside = redirect.url(option[1]) if "://" in option[1] else redirect.local(option[1], path)
                place = redirect.git(option[1]) if name == "git" else outside
        yield Redirect(found[1].partition("/")[0], place, lines.at(found.start()))
    for found in _POD_SOURCE.finditer(text):
        known = re.fullmatch(r"https://(cdn\.cocoapods\.org/?|github\.com/CocoaPods/Specs(\.git)?)", found[1])
        yield Redirect("source", "" if known else redirect.url(found[1]), lines.at(found.start()), "override")


def pip(content: bytes, path: str) -> Iterator[Redirect]:
    """Give the direct references of a requirements file, and what it wants built from source."""
    facts = requirements.parse(content, path)
    for pin in facts.pins:
        place = ""
        if pin.kind == "vcs":
            place = redirect.git(pin.target)
        elif pin.kind == "url":
            place = redirect.url(pin.target)
        elif pin.kind == "path":
            place = redirect.local(pin.target.removeprefix("file://"), path)
        yield Redirect(pypi_name(pin.name), place, pin.line)
    for option in facts.options:
        if option.name == "--no-binary" and option.value != ":none:":
            yield Redirect("--no-binary", f"source of {option.value[:100]}, built when it is installed", option.line, "override")
        elif option.name in ("--requirement", "--constraint") and "://" in option.value:
            yield Redirect(option.name, redirect.url(option.value), option.line, "override")

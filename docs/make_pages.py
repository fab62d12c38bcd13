# SPDX-License-Identifier: Apache-2.0
"""Writes what the documentation copies from the program: docs/commands.md, the README's help, and the picture of a dry-run.

``make pages`` writes them; ``make_pages.py --check`` names those that differ. The picture is drawn from what the command really
says about a small repository made for it; only what cannot be the same twice (times, the policy's digest) is evened out.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "docs"))

from demo import SCRUBBED, sample_github_token  # noqa: E402 the path comes first

from pipeline_guard.cli.args import overview  # noqa: E402
from pipeline_guard.cli.commands import COMMANDS, COMMON, Command, Flag  # noqa: E402
from pipeline_guard.flows.init import workflow  # noqa: E402

_COLUMNS = 106
_LINE, _CHARACTER = 19, 8.43  # points of one line and of one character at 14 points
_HEX = re.compile(r"\b[0-9a-f]{64}\b")
_SECONDS = re.compile(r"\b\d+\.\d s\b")
_HANGING = re.compile(r" *(?:\S+(?: \S+)? {2,}|(?:fix|hint): )?")  # what the rest of a folded line stands below
_PAINT = (
    (re.compile(r"^(\s*)(FAIL|fail)\b"), "bad"),
    (re.compile(r"\b(critical|high)(?=: )"), "bad"),
    (re.compile(r"^(\s*)(unchecked|not checked)\b"), "doubt"),
    (re.compile(r"^(\s*)(pass|ok|real)\b"), "good"),
    (re.compile(r"\bexit 0 clean\b|\b0 writes made\b|verdict: allow.*"), "good"),
    (re.compile(r"\bexit [1-9]\d* \w+|verdict: block.*"), "bad"),
    (re.compile(r"\b(fix|hint): .*"), "link"),
    (re.compile(r"^\[\w+\] .*|^fidelity:"), "strong"),
)


def pages() -> dict[Path, str]:
    """Return every page we write, as it should be."""
    readme = (ROOT / "README.md").read_text()
    head, found, rest = readme.partition("```text\nusage: pipeline-guard")
    tail = rest.partition("```")[2]
    if not found:
        raise SystemExit("README.md has no block with the help")
    return {
        ROOT / "README.md": f"{head}```text\n{overview()}\n```{tail}",
        ROOT / "docs/commands.md": "\n".join(commands()) + "\n",
        ROOT / "docs/dry-run.svg": picture(rehearsal()),
    }


def commands() -> Iterator[str]:
    """Return the table of commands as a page."""
    yield from ("# Commands", "", "Written by docs/make_pages.py from the command table.", "")
    yield "Every option is also an environment variable: `--some-flag` is `PIPELINE_GUARD_SOME_FLAG`. An option is stronger than the"
    yield "variable, the variable than `.pipeline-guard.yml`, that than the default. Exit codes: [exit-codes.md](exit-codes.md)."
    yield ""
    yield "Common options:"
    yield from _flags(COMMON)
    for command in COMMANDS:
        yield from _command(command, command.name, "##")


def _command(command: Command, name: str, level: str) -> Iterator[str]:
    positional = command.positional
    shape = {"?": "[{}]", "1": "{}", "*": "[{}...]", "+": "{}...", "rest": "-- {}..."}
    words = f" {shape[positional.count].format(positional.name.upper())}" if positional else " ACTION" if command.actions else ""
    yield from ("", f"{level} {name}", "", command.help[:1].upper() + command.help[1:] + ".", "")
    yield f"`pipeline-guard {name}{' [OPTIONS]' if command.flags else ''}{words}`"
    if positional:
        yield from ("", f"`{positional.name.upper()}`: {positional.help}.")
    yield from _flags(command.flags)
    for action in command.actions:
        yield from _command(action, f"{name} {action.name}", level + "#")


def _flags(flags: tuple[Flag, ...]) -> Iterator[str]:
    if not flags:
        return
    yield from ("", "| option | what it does | default |", "| --- | --- | --- |")
    for flag in flags:
        value = "" if flag.switch else f" {flag.metavar}"
        choices = f": {', '.join(choice for choice in flag.choices if choice)}" if flag.choices else ""
        text = (flag.help + choices).replace("|", "\\|")
        yield f"| `--{flag.name}{value}` | {text} | {f'`{flag.default}`' if flag.default else ''} |"


def rehearsal() -> str:
    """Return what a dry-run says of a small repository with two mistakes, times and digests evened out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED) and name not in ("CI", "FORCE_COLOR")}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "shop"
        files = {
            ".github/workflows/pipeline-guard.yml": workflow("0123456789abcdef0123456789abcdef01234567", "1.0.0", "main"),
            ".pipeline-guard.yml": "version: 1\n",
            "requirements.txt": "flask==3.1.0\n",
            "deploy.py": f'TOKEN = "{sample_github_token(1)}"\n',
        }
        for name, content in files.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(content)
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        dates = {f"GIT_{role}_DATE": "2026-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
        for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", "Begin")):
            subprocess.run(["git", *words], cwd=project, env={**kept, **dates}, check=True)
        environ = {**kept, "PIPELINE_GUARD_HOME": f"{folder}/home", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        words = [sys.executable, "-m", "pipeline_guard", "dry-run"]
        done = subprocess.run(words, cwd=project, env=environ, capture_output=True, text=True, check=False)
        if done.returncode != 1:
            raise SystemExit(f"the rehearsal for the picture ended with {done.returncode}: {done.stderr}")
    return _SECONDS.sub("0.2 s", _HEX.sub("9408b521df43…", done.stdout))


def picture(said: str) -> str:
    """Draw a terminal with what a command said; long lines are folded as a terminal would."""
    lines = ["$ pipeline-guard dry-run", ""]
    for line in said.rstrip("\n").split("\n"):
        indent = " " * len(_HANGING.match(line)[0])
        lines += textwrap.wrap(line, _COLUMNS, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True) or [""]
    width, height = int(_COLUMNS * _CHARACTER) + 48, len(lines) * _LINE + 72
    body = "".join(f'<tspan x="24" y="{56 + number * _LINE}">{_painted(line)}</tspan>\n' for number, line in enumerate(lines))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>What pipeline-guard dry-run says of a repository with a leaked key and an unpinned dependency</title>
<style>text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d5dde8;white-space:pre}}
.bad{{fill:#ff8aa3}}.doubt{{fill:#f6b94a}}.good{{fill:#58d49a}}.link{{fill:#8ab4ff}}.strong{{font-weight:700;fill:#fff}}</style>
<rect width="{width}" height="{height}" rx="10" fill="#10151d"/>
<circle cx="24" cy="22" r="6" fill="#4a5768"/><circle cx="44" cy="22" r="6" fill="#4a5768"/><circle cx="64" cy="22" r="6" fill="#4a5768"/>
<text xml:space="preserve">
{body}</text>
</svg>
"""


def _painted(line: str) -> str:
    """Return a line as SVG text, its first fitting piece coloured."""
    if line.startswith("$ "):
        return f'<tspan class="strong">{html.escape(line)}</tspan>'
    for pattern, name in _PAINT:
        found = pattern.search(line)
        if found:
            start = found.start(2) if pattern.groups > 1 else found.start()
            before, word, after = line[:start], line[start : found.end()], line[found.end() :]
            return f'{html.escape(before)}<tspan class="{name}">{html.escape(word)}</tspan>{html.escape(after)}'
    return html.escape(line)


def main(words: list[str]) -> int:
    """Write the pages, or with --check name those that differ."""
    different = {path: text for path, text in pages().items() if not path.exists() or path.read_text() != text}
    for path, text in different.items():
        print(("differs: " if "--check" in words else "written: ") + str(path.relative_to(ROOT)))
        if "--check" not in words:
            path.write_text(text)
    return 1 if different and "--check" in words else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

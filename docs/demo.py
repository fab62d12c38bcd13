# SPDX-License-Identifier: Apache-2.0
"""``make demo``: the whole pipeline, rehearsed on this repository and then on a deliberately unsafe sample.

Everything is real: an embedded SoftHSM token, git repositories, the installed command. All of it lives in a temporary
folder that is gone at the end (``demo.py FOLDER`` keeps it, in an empty folder of yours, to look at).
The demo succeeds if the first verdict is clean and the second one blocks for every reason.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Nothing of a surrounding pipeline or of an earlier try may take part.
SCRUBBED = ("PIPELINE_GUARD_", "GITHUB_", "GITLAB_", "CI_", "RUNNER_", "ACTIONS_", "GIT_")
# What the unsafe sample must be blocked for, and a piece of the line that says so.
REASONS = {
    "a key in history": "deploy.sh:2:",
    "a key in a notebook": "notebook.ipynb:1:",
    "an unhashed dependency": "requirement-unhashed",
    "an unpinned dependency": "requirement-unpinned",
    "an action pinned by tag": "action-unpinned",
    "a pickle that would run code": "pickle-unsafe",
    "a model changed after signing": "artifact-unverified",
}


def main() -> int:
    """Play both acts; return 0 if each ended as it should."""
    started = time.monotonic()
    kept = nullcontext(sys.argv[1]) if len(sys.argv) > 1 else None
    with kept or tempfile.TemporaryDirectory(prefix="pipeline-guard-demo-") as folder:
        guard = Guard(Path(folder) / "home")
        say("1. An embedded HSM token: made here, used here, gone with the demo")
        guard("token", "init", cwd=ROOT)
        guard("token", "info", cwd=ROOT)

        say("2. This repository: every pipeline-guard step of its workflows, rehearsed")
        clean, _ = guard("dry-run", cwd=ROOT)

        say("3. A secret for one command: sealed under a key in the token, masked in the output, gone with the command")
        project = Path(folder) / "project"
        project.mkdir()
        (project / ".pipeline-guard.yml").write_text("version: 1\nsecrets:\n  DEPLOY_KEY: {from: deploy/key, ttl: 5m}\n")
        guard("secrets", "put", "deploy/key", cwd=project, stdin=demo_value(folder))
        guard("run", "--", "sh", "-c", 'echo "the command has ${#DEPLOY_KEY} characters; printed, they are: $DEPLOY_KEY"', cwd=project)
        guard("audit", "verify", cwd=project)

        say("4. An unsafe sample: a signed model is changed, a key leaked, and five more mistakes")
        sample = Path(folder) / "sample"
        make_sample(sample, guard)
        blocked, shown = guard("dry-run", cwd=sample)

        say("What was to be seen")
        missing = [reason for reason, mark in REASONS.items() if mark not in shown]
        for reason in REASONS:
            print(f"  {'MISSING' if reason in missing else 'blocked'}  {reason}")
        print(f"  this repository: exit {clean}; the sample: exit {blocked}; {time.monotonic() - started:.1f} s")
        if clean != 0 or blocked != 1 or missing:
            print("the demo did not end as it should", file=sys.stderr)
            return 1
    return 0


class Guard:
    """The installed command with a home of its own."""

    def __init__(self, home: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED) and name != "CI"}
        self.environment = {**kept, "PIPELINE_GUARD_HOME": str(home)}
        self.command = [sys.executable, "-m", "pipeline_guard"]

    def __call__(self, *words: str, cwd: Path, stdin: bytes = b"", quiet: bool = False) -> tuple[int, str]:
        """Run, show what it says, return exit code and output."""
        if not quiet:
            print(f"$ pipeline-guard {' '.join(words)}", flush=True)
        done = subprocess.run([*self.command, *words], cwd=cwd, env=self.environment, input=stdin, capture_output=True, check=False)
        shown = (done.stdout + done.stderr).decode("utf-8", "replace")
        if not quiet:
            print("".join(f"  {line}\n" for line in shown.splitlines()), flush=True)
        return done.returncode, shown


def demo_value(folder: str) -> bytes:
    """Return a secret that no other demo has."""
    return b"demo-" + hashlib.sha256(folder.encode()).hexdigest()[:18].encode()


def say(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}\n", flush=True)


def sample_github_token(seed: int) -> str:
    """Assemble a token of the right shape and checksum that no forge ever issued."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    body = "".join(alphabet[(seed * 7919 + place * place * 31 + place * 17) % 62] for place in range(30))
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = alphabet[digit] + check
    return "ghp" + "_" + body + check


def make_sample(sample: Path, guard: Guard) -> None:
    """Write the sample repository: a leak that was removed again, then one commit with everything else."""
    git("init", "-q", "-b", "main", str(sample), cwd=sample.parent)
    write(sample, "deploy.sh", f"#!/bin/sh\nexport GITHUB_TOKEN={sample_github_token(1)}\n")
    commit(sample, "Add the deployment")
    write(sample, "deploy.sh", '#!/bin/sh\n: "${GITHUB_TOKEN:?}"\n')
    commit(sample, "Take the token from the environment")
    cell = f'"import os\\n", "token = \\"{sample_github_token(2)}\\"\\n"'
    write(
        sample,
        "notebook.ipynb",
        '{"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": ['
        + cell
        + ']}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n',
    )
    write(sample, "requirements.txt", "requests\nflask==3.1.0\n")
    write(sample, ".github/workflows/ci.yml", WORKFLOW)
    write(sample, ".gitlab-ci.yml", GITLAB)
    write(sample, ".pipeline-guard.yml", CONFIGURATION)
    # protocol 0, by hand: nothing here can run it by accident
    write(sample, "models/ranker.pkl", "cos\nsystem\n(S'echo this model runs code'\ntR.")
    write(sample, "models/classifier/config.json", '{"labels": ["cat", "dog"]}\n')
    (sample / "models/classifier/weights.bin").write_bytes(bytes(range(256)) * 64)
    (sample / "keys").mkdir()
    for words in (
        ("keys", "create", "release"),
        ("keys", "export-public", "release", "--output", "keys/release.pem"),
        ("sign", "models/classifier", "--key", "release"),
        ("verify", "models/classifier", "--key", "keys/release.pem"),
    ):
        guard(*words, cwd=sample)
    weights = bytearray((sample / "models/classifier/weights.bin").read_bytes())
    weights[4096] ^= 1
    (sample / "models/classifier/weights.bin").write_bytes(bytes(weights))
    print("  (one bit of the weights is flipped)\n")
    commit(sample, "Add models and pipelines")


def write(root: Path, name: str, text: str) -> None:
    """Write one file of the sample."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(root: Path, message: str) -> None:
    """Commit everything."""
    git("add", "-A", cwd=root)
    git("-c", "user.name=Demo", "-c", "user.email=demo@example.org", "-c", "commit.gpgsign=false", "commit", "-q", "-m", message, cwd=root)


def git(*words: str, cwd: Path) -> None:
    """Run git quietly."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *words], cwd=cwd, check=True, env=environment)


WORKFLOW = """\
name: ci
on: [push, pull_request]
permissions: {}
jobs:
  guard:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4
      - uses: pipeline-guard/pipeline-guard/actions/scan@1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a
        with:
          history: true
      - uses: pipeline-guard/pipeline-guard/actions/gate@1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a
"""

GITLAB = """\
include:
  - project: pipeline-guard/pipeline-guard
    ref: 1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a
    file: /gitlab-templates/gate.yml
    inputs:
      commit: 1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a
"""

CONFIGURATION = """\
version: 1
gate:
  artifacts:
    - path: models/classifier
      key: keys/release.pem
"""

if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""git, asked so that an untrusted repository cannot make it run anything.

Hooks, fsmonitor, external diffs and text conversions are off; the user's and the system's configuration
are kept only for ``safe.directory``. Paths travel NUL-separated; blobs are read as stored.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from pipeline_guard.errors import GuardError, NothingToDo, Unavailable, UnknownRevision, UsageError

# NOTE: configuration on the command line wins over the repository's own .git/config.
SAFE = (
    "--no-optional-locks",
    "--literal-pathspecs",
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.quotePath=false",
    "-c", "diff.external=",
    "-c", "protocol.allow=never",
    "-c", "log.showSignature=false",
    "-c", "submodule.recurse=false",
    "-c", "advice.graftFileDeprecated=false",
    "-c", "core.packedGitWindowSize=8m",  # memory: packs are mapped in small pieces
    "-c", "core.packedGitLimit=32m",
    "-c", "core.deltaBaseCacheLimit=48m",
)  # fmt: skip

QUARANTINE = "GIT_QUARANTINE_PATH"
PARTIAL = "this clone is partial: git fetch --refetch --no-filter, or clone without --filter"
_MAX_MESSAGE = 10_000  # characters
_BARE = "a bare repository has no work tree"
_BARE_HINT = "scan --history or --range there, or run it inside a clone"
_PIPE = 1 << 20  # bytes: fewer turns between git and us


def is_quarantine(environ: Mapping[str, str]) -> bool:
    """Tell whether this is git's pre-receive hook: pushed objects are here, no ref reaches them yet."""
    return bool(environ.get(QUARANTINE)) and environ.get("GIT_OBJECT_DIRECTORY") == environ[QUARANTINE]


def git_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for git: nothing that redirects the repository or asks a person."""
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    # GIT_INDEX_FILE is how `git commit FILE` shows its hooks what will be committed
    if "GIT_INDEX_FILE" in environ:
        kept["GIT_INDEX_FILE"] = environ["GIT_INDEX_FILE"]
    # what was pushed lies in a folder of its own until the pre-receive hook has agreed (git-receive-pack, "quarantine environment")
    if is_quarantine(environ):
        names = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", QUARANTINE)
        kept |= {name: environ[name] for name in names if name in environ}
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        # a missing object is told, not fetched: a promisor remote may name any program, and its own protocol.*.allow would win
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        # what was committed, not what this clone has been told to see instead
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
    }


class GitRepository:
    """The repository around ``folder``."""

    def __init__(self, folder: str, environ: Mapping[str, str] = os.environ) -> None:
        self.folder = folder
        self._environment = git_environment(environ)
        self._root = ""
        self._is_bare = False
        self._partial = ""
        self._common = ""
        self._ids: dict[str, str] = {}  # revisions that were resolved: one run has one answer
        self._names: dict[str, frozenset[bytes]] = {}  # what lies at the top of a commit

    def run(self, *words: str, check: bool = True, content: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run one git command; raise Unavailable where git is missing, UsageError where it refuses."""
        try:
            done = subprocess.run(
                ["git", *SAFE, "-C", self._root or self.folder, *words],
                env=self._environment,
                input=content,
                stdin=subprocess.DEVNULL if content is None else None,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            if not Path(self.folder).is_dir():
                raise UsageError(f"no such folder: {self.folder}") from None
            raise Unavailable("git is not installed", "install git") from None
        if check and done.returncode != 0:
            raise _explain(done.stderr.decode("utf-8", "replace"), words)
        return done

    def start(self, *words: str, stdin: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start one git command whose output is read as it comes; raise Unavailable where git is missing."""
        try:
            return subprocess.Popen(
                ["git", *SAFE, "-C", self._root or self.folder, *words],
                env=self._environment,
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=_PIPE,
            )
        except FileNotFoundError:
            raise Unavailable("git is not installed", "install git") from None

    def root(self) -> str:
        """Return the top of the work tree; raise UsageError outside one."""
        if self._is_bare:
            raise UsageError(_BARE, _BARE_HINT)
        if not self._root:
            found = self.run("rev-parse", "--show-toplevel").stdout.decode("utf-8", "surrogateescape")
            self._root = found.removesuffix("\n")
        return self._root

    def place(self) -> str:
        """Return where commits are asked for: the top of the work tree, else the repository's own folder.

        There is none in a bare repository, and none in sight from inside ``.git``, where a server's hooks stand.
        """
        try:
            return self.root()
        except UsageError as error:
            if error.what != _BARE:
                raise
        if not self._root:
            self._root = self.run("rev-parse", "--absolute-git-dir").stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
            self._is_bare = True
        return self._root

    def top(self) -> str:
        """Return the top of the work tree even where git is missing, or refuses it to this user: the nearest folder with a ``.git``.

        "" outside a repository; raises UsageError in a bare one. What is in history still needs git itself.
        """
        try:
            return self.root()
        except (UsageError, Unavailable) as error:
            if error.what == _BARE:
                raise
            if "not a git repository" in error.what:
                return ""
            folder = Path(self.folder).absolute()
            return next((str(place) for place in (folder, *folder.parents) if os.path.lexists(place / ".git")), "")

    def show(self, ref: str, path: str) -> bytes | None:
        """Return a blob as of ``ref``; None where ``ref`` has no such path."""
        name = os.path.relpath(path, self.place()) if path.startswith("/") else os.path.normpath(path)
        commit = self.commit(ref)
        if name.startswith("../") or not self.may_hold(commit, name):
            return None
        # NOTE: asked for by name alone, a file that a partial clone lacks would look like one that was never there
        mode, _, rest = self.run("ls-tree", "-z", "--full-tree", commit, "--", name).stdout.partition(b" ")
        if not rest:
            return None
        named = rest.partition(b"\t")[0]
        if mode == b"160000":  # a submodule, whose commit is not here: what git's own differences show of it
            return b"Subproject " + named + b"\n"
        return self.run("cat-file", "blob", named.split(b" ")[1].decode("ascii")).stdout

    def may_hold(self, commit: str, name: str) -> bool:
        """Tell whether a commit has something of this name, or a folder in which it could be: git is asked once for all names."""
        if commit not in self._names:
            listed = self.run("ls-tree", "-z", "--full-tree", "--name-only", commit).stdout
            self._names[commit] = frozenset(listed.split(b"\0"))
        return name == "." or os.fsencode(name.partition("/")[0]) in self._names[commit]

    def changed(self, base: str) -> Sequence[str]:
        """Return paths that differ from the merge base with ``base``: work tree, HEAD, untracked and deleted files included.

        NOTE: of a file that a sparse checkout leaves out git tells nothing when it compares with the work tree.
        """
        self.root()
        start = self.merge_base(self.commit(base), self.commit("HEAD"))
        words = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=dirty", start)
        tracked = self.run(*self._no_filters(), *words).stdout + self.run(*self._no_filters(), *words, "HEAD").stdout
        untracked = self.run("ls-files", "--others", "--exclude-standard", "-z").stdout
        names = {name for name in (tracked + untracked).split(b"\0") if name}
        return sorted(os.fsdecode(name) for name in names)

    def _no_filters(self) -> list[str]:
        """Return the words that switch off each filter the repository's configuration names: comparing contents would run them."""
        listed = self.run("config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|smudge)$", check=False).stdout
        keys = {os.fsdecode(key) for key in listed.split(b"\0") if key}
        names = {key.rpartition(".")[0] for key in keys}
        if any("=" in name for name in names):  # such a name cannot be switched off in the words of a command
            raise UsageError("the repository's configuration names a filter with an equals sign", "remove it: git config --edit")
        return [word for name in sorted(names) for key in ("clean", "process", "smudge") for word in ("-c", f"{name}.{key}=")] + [
            word for name in sorted(names) for word in ("-c", f"{name}.required=false")
        ]

    def commit(self, ref: str) -> str:
        """Resolve ``ref`` to a full commit id; raise UsageError with the likely remedy."""
        if ref in self._ids:
            return self._ids[ref]
        if ref.startswith("-"):
            raise UsageError(f"not a revision: {ref[:60]!r}")
        self._refuse_two_meanings(ref)
        done = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", check=False)
        if done.returncode != 0:
            shallow = self.run("rev-parse", "--is-shallow-repository", check=False).stdout.strip() == b"true"
            hint = "fetch it: this clone is shallow (fetch-depth: 0, or GIT_DEPTH: 0)" if shallow else f"git fetch origin {ref}"
            if not shallow and any(sign in ref for sign in "~^@{"):  # nothing that could be fetched by this name
                hint = "does it go behind the first commit? a history from its beginning: scan --history"
            raise UnknownRevision(f"unknown revision {ref[:100]!r}", hint)
        self._ids[ref] = done.stdout.decode("ascii").strip()
        return self._ids[ref]

    def _refuse_two_meanings(self, ref: str) -> None:
        """Raise UsageError for a name that is a tag and a branch: git takes the tag, which whoever may push can make."""
        if ref.startswith("refs/") or not ref.isprintable() or any(letter in "^~:@{*?[\\ " for letter in ref) or ref == "HEAD":
            return
        names = [f"refs/{kind}/{ref}" for kind in ("tags", "heads", "remotes")]
        listed = self.run("for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", *names, check=False).stdout
        found = {}
        for line in listed.decode("utf-8", "replace").splitlines():
            name, _, commits = line.partition(" ")
            if name in names:
                found[name] = commits.split()[-1]
        if len(set(found.values())) > 1:
            raise UsageError(f"{ref} names several commits: {', '.join(found)}", f"write {min(found)} or another of them in full")

    def kind(self, name: str) -> str:
        """Return what an object is: commit, tag, tree, blob; "" where it is not here."""
        done = self.run("cat-file", "-t", name, check=False)
        return done.stdout.decode("ascii", "replace").strip() if done.returncode == 0 else ""

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree."""
        return self.run("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}").stdout.decode("ascii").strip()

    def differs(self, commit: str) -> str:
        """Return the first tracked path that is not as committed, or that the index was told not to look at; "" for none.

        NOTE: with assume-unchanged (a small letter) or skip-worktree (S) git answers for the index, not for the file.
        """
        self.root()
        for line in self.run("ls-files", "-v", "-z").stdout.split(b"\0"):
            if line[:1].islower() or line[:1] == b"S":
                return os.fsdecode(line[2:])
        words = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=none", commit)
        return os.fsdecode(self.run(*self._no_filters(), *words).stdout.split(b"\0")[0])

    def ref(self) -> str:
        """Return the full name of what is checked out, "HEAD" where it is detached."""
        done = self.run("symbolic-ref", "--quiet", "HEAD", check=False)
        return done.stdout.decode("utf-8", "replace").strip() or "HEAD"

    def merge_target(self) -> str:
        """Return the remote's default branch, as far as this clone knows it; "" where it does not."""
        done = self.run("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD", check=False)
        return done.stdout.decode("utf-8", "replace").strip().removeprefix("refs/remotes/")

    def remote_path(self) -> str:
        """Return the path of the remote's repository (``owner/name``, ``group/below/name``), the folder's name where there is none."""
        address = self.run("config", "--get", "remote.origin.url", check=False).stdout.decode("utf-8", "replace").strip()
        path = address.partition("://")[2].partition("/")[2] if "://" in address else address.rpartition(":")[2]
        parts = [part for part in path.removesuffix(".git").split("/") if part]
        return "/".join(parts) if "://" in address or "@" in address else f"local/{Path(self.root()).name}"

    def message(self) -> str:
        """Return the message of the commit that is checked out."""
        return self.run("log", "-1", "--no-show-signature", "--format=%B", "HEAD").stdout.decode("utf-8", "replace").strip()[:_MAX_MESSAGE]

    def remote_host(self) -> str:
        """Return the host of the remote's address, "" where there is none, or it is a path."""
        address = self.run("config", "--get", "remote.origin.url", check=False).stdout.decode("utf-8", "replace").strip()
        if "://" in address:
            place = address.partition("://")[2].partition("/")[0]
        else:
            place = address.partition(":")[0] if ":" in address and "/" not in address.partition(":")[0] else ""
        return place.rpartition("@")[2].partition(":")[0].lower()

    def is_shallow(self) -> bool:
        """Tell whether history is cut off in this clone."""
        return self.run("rev-parse", "--is-shallow-repository", check=False).stdout.strip() == b"true"

    def common(self) -> str:
        """Return the folder that all work trees of the repository share: the ``.git`` of the first."""
        if not self._common:
            found = self.run("rev-parse", "--git-common-dir").stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
            self._common = str(Path(self.place()) / found)
        return self._common

    def is_partial(self) -> bool:
        """Tell whether objects may have been left with a remote (``clone --filter``)."""
        if not self._partial:
            words = ("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
            self._partial = "yes" if self.run(*words, check=False).stdout.strip() else "no"
        return self._partial == "yes"

    def objects(self) -> set[str]:
        """Return the ids of all objects that are here."""
        return set(self.run("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)").stdout.decode("ascii").split())

    def merge_base(self, one: str, other: str) -> str:
        """Return the best common ancestor; raise NothingToDo where the histories share none."""
        done = self.run("merge-base", one, other, check=False)
        if done.returncode != 0:
            raise NothingToDo(
                f"{one[:12]} and {other[:12]} have no common history here",
                "fetch the whole history (fetch-depth: 0, or GIT_DEPTH: 0); if they never had one: scan --history",
            )
        return done.stdout.decode("ascii").split()[0]


def _explain(message: str, words: Sequence[str]) -> GuardError:
    first = next((line for line in message.splitlines() if line.strip()), "no reason given").removeprefix("fatal: ")
    if "dubious ownership" in message:
        return UsageError("git refuses this repository: it belongs to another user", "git config --global --add safe.directory FOLDER")
    if "not a git repository" in message:
        return UsageError("not a git repository", "run it inside a clone; scan takes files and folders outside of one, too")
    if "this operation must be run in a work tree" in message:
        return UsageError(_BARE, _BARE_HINT)
    if "promisor remote" in message or "lazy fetching disabled" in message:
        return NothingToDo("git lacks objects that this needs", PARTIAL)
    return UsageError(f"git {words[0]}: {first[:200]}")

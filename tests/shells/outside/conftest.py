# SPDX-License-Identifier: Apache-2.0
"""What `make shells` fetched: Node.js, gitlab-ci-local, act, the language service, the wheels. And stand-ins for the forges."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Repository
from tests.shells.outside.acting import ACT, Act
from tests.shells.reading import ROOT

FETCHED = ROOT / ".venv" / "shells"
MODULES = FETCHED / "npm" / "node_modules"
CPU = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
NODE = MODULES / f"node-linux-{CPU}" / "bin" / "node"


@pytest.fixture(scope="session")
def guard_project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """This very work tree as a project on a server: a bare repository, and the commit."""
    assert NODE.exists(), "run make shells: it fetches what these tests need"
    bare = tmp_path_factory.mktemp("server") / "acme" / "pipeline-guard.git"
    bare.parent.mkdir()
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "--git-dir", str(bare)]
    subprocess.run([*git, "init", "-q", "--bare", "-b", "main"], check=True)
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run([*git, "config", name, "true"], check=True)
    tree = [*git, "--work-tree", str(ROOT)]
    subprocess.run([*tree, "add", "-A"], cwd=ROOT, check=True)
    subprocess.run([*tree, "commit", "-q", "-m", "as it is"], cwd=ROOT, check=True, env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1"})
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    return bare, commit


@dataclass
class Gitlab:
    """A consumer's project, whose jobs gitlab-ci-local runs; gitlab.com is a folder."""

    app: Repository
    server: Path
    commit: str
    environ: dict[str, str] = field(default_factory=dict)
    as_committed: bool = False  # whether a run looks at the last commit instead of making one

    def include(self, style: str, name: str, **inputs: str) -> None:
        """Write the pipeline: one template of ours, included as it is or as a component, and what ``more`` adds."""
        given = {"source": f"file://{self.server}", **{key.replace("_", "-"): value for key, value in inputs.items()}}
        if style == "component":
            head = f"  - component: gitlab.com/acme/pipeline-guard/{name}@{self.commit}\n"
        else:
            head = f"  - project: acme/pipeline-guard\n    ref: {self.commit}\n    file: /gitlab-templates/{name}.yml\n"
            given["commit"] = self.commit
        typed = {key: value if value in ("true", "false") else f"'{value}'" for key, value in given.items()}
        rows = "".join(f"      {key}: {value}\n" for key, value in typed.items())
        self.app.write(".gitlab-ci.yml", f"include:\n{head}    inputs:\n{rows}")

    def add(self, text: str) -> None:
        """Add jobs of the project's own."""
        with (self.app.path / ".gitlab-ci.yml").open("a") as file:
            file.write(text)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run gitlab-ci-local over what is committed."""
        if not self.as_committed:
            self.app.commit()
        self.app.git("update-ref", "refs/remotes/origin/main", "HEAD")
        given = {"GITLAB_CI": "true", **variables}
        options = [word for name, value in given.items() for word in ("--variable", f"{name}={value}")]
        options += ["--ignore-predefined-vars", ",".join(given)]
        command = [str(NODE), str(MODULES / "gitlab-ci-local" / "dist" / "index.js"), "--force-shell-executor", *options, *words]
        return subprocess.run(command, cwd=self.app.path, capture_output=True, text=True, env={**os.environ, **self.environ}, timeout=300)


@pytest.fixture
def gitlab(tmp_path: Path, guard_project: tuple[Path, str]) -> Gitlab:
    """A project on gitlab.com, as far as git can tell."""
    server, commit = guard_project
    app = Repository(tmp_path / "app")
    app.git("config", "--global", "protocol.file.allow", "always")
    for port in ("", ":443"):
        app.git("config", "--global", "--add", f"url.file://{server}.insteadOf", f"https://gitlab.com{port}/acme/pipeline-guard.git")
        app.git("config", "--global", "--add", f"url.file://{server}.insteadOf", f"https://gitlab.com{port}/acme/pipeline-guard")
    app.git("remote", "add", "origin", "https://gitlab.com/acme/app.git")
    app.commit(
        files={"README.md": "# app\n", ".pipeline-guard.yml": "version: 1\n", ".gitignore": ".gitlab-ci-local/\ngl-*\npipeline-guard-*\n"}
    )
    app.git("update-ref", "refs/remotes/origin/main", "HEAD")
    app.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    # no index: a job that would fetch a wheel fails
    environ = {"RUNNER_TOOL_CACHE": str(FETCHED / "tools"), "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
    return Gitlab(app, server, commit, environ)


@pytest.fixture(scope="session")
def guard_checkout(guard_project: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of this very work tree, as a runner fetches an action."""
    bare, _ = guard_project
    folder = tmp_path_factory.mktemp("checkout") / "project"
    subprocess.run(["git", "clone", "-q", str(bare), str(folder)], check=True)
    return folder


@pytest.fixture
def act(tmp_path: Path, guard_checkout: Path) -> Act:
    """A project on github.com, as far as git can tell, and a machine that has our wheels."""
    assert ACT.exists(), "run make shells: it fetches what these tests need"
    app = Repository(tmp_path / "app")
    app.git("remote", "add", "origin", "https://github.com/acme/app.git")
    app.commit(files={"README.md": "# app\n", ".pipeline-guard.yml": "version: 1\n"})
    cache = Path(os.environ["HOME"]) / ".cache" / "act"  # act names the tool cache itself
    cache.mkdir(parents=True)
    (cache / "tool_cache").symlink_to(FETCHED / "tools")
    return Act(app, guard_checkout)

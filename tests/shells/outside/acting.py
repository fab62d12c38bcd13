# SPDX-License-Identifier: Apache-2.0
"""A consumer's repository on GitHub, as act sees it: its jobs run on this machine, without containers, and our actions are this tree's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Repository

ACT = Path(__file__).parents[3] / ".venv" / "shells" / "act" / "bin" / "act"
SHA = "1a" * 20
OURS = "pipeline-guard/pipeline-guard"
NOWHERE = "http://127.0.0.1:9"  # nothing listens there: what act would fetch fails
MACHINES = ("ubuntu-24.04", "ubuntu-latest")


@dataclass
class Act:
    """Commits workflows and has act run them."""

    app: Repository
    project: Path  # a checkout of this tree, whose actions stand at SHA

    def run(
        self, workflow: str, *words: str, event: str = "push", payload: Mapping[str, object] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Write one workflow, commit, and run its jobs; what act says is on standard output."""
        self.app.commit(files={".github/workflows/ci.yml": workflow})
        command = [str(ACT), event, "--no-cache-server", "--local-repository", f"{OURS}@{SHA}={self.project}"]
        command += [word for machine in MACHINES for word in ("-P", f"{machine}=-self-hosted")]
        if payload is not None:
            place = self.app.path.parent / "event.json"
            place.write_text(json.dumps(payload))
            command += ["--eventpath", str(place)]
        environ = {**os.environ, "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_COLOR": "1", "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
        environ["DOCKER_HOST"] = "tcp://127.0.0.1:9"  # no containers, whatever this machine has
        out = subprocess.PIPE
        return subprocess.run(
            [*command, *words], cwd=self.app.path, env=environ, stdout=out, stderr=subprocess.STDOUT, text=True, timeout=300
        )

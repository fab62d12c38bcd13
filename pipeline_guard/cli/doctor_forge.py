# SPDX-License-Identifier: Apache-2.0
"""``doctor --forge``: each setting of a repository at its forge that could leave a way round the gate."""

from __future__ import annotations

import re

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.enforcement import examine_forge
from pipeline_guard.model.forge import SettingState
from pipeline_guard.report import as_settings

_GITHUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
_GITLAB = re.compile(r"[1-9][0-9]{0,18}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}){1,20}")


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Print one line a setting; 0 only where all of them could be read and are as they should be."""
    forge = args.text("forge")
    if not forge:
        raise UsageError("no forge named", "pipeline-guard doctor --forge github|gitlab")
    repository = args.text("repository") or _repository(forge, wiring)
    if not (_GITHUB if forge == "github" else _GITLAB).fullmatch(repository):
        raise UsageError(
            f"not the name of a repository: {repository[:100]!r}", "write OWNER/NAME (GitLab: also GROUP/.../NAME or the project's number)"
        )
    settings = wiring.forge_settings(forge, repository, args.text("forge-token"))
    facts, found = examine_forge(args.text("branch"), args.text("check-name"), settings=settings)
    wiring.console.data(as_settings.document(facts, found) if args.text("format") == "json" else as_settings.text(facts, found))
    states = {setting.state for setting in found}
    if SettingState.FIX in states:
        return ExitCode.NO
    return ExitCode.INCOMPLETE if SettingState.UNKNOWN in states else ExitCode.CLEAN


def _repository(forge: str, wiring: Wiring) -> str:
    """Name the repository by the job's variables, else by this clone's remote."""
    variable = "GITHUB_REPOSITORY" if forge == "github" else "CI_PROJECT_PATH"
    return wiring.environ.get(variable, "") or wiring.head().repository

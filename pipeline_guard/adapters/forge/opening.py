# SPDX-License-Identifier: Apache-2.0
"""Which forge, at which address, with which token; addresses come from the job's variables, tokens never from an argument."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_guard.adapters.hsm.pin import read_pin
from pipeline_guard.adapters.http import is_safe
from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.model.forge import ForgeEvent
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Forge, ForgeSettings

_GITHUB = "https://api.github.com"
_GITLAB = "https://gitlab.com"
_USUAL = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}
_LONGEST = 4096  # bytes of a token


def open_forge(event: ForgeEvent, token: str, environ: Mapping[str, str]) -> Forge:
    """Return the forge of an event. Raises Denied without a token, UsageError for an address that is not safe to ask."""
    secret = _token(event.forge, token, environ)
    if event.forge == "github":
        from pipeline_guard.adapters.forge.github import GitHubForge

        return GitHubForge(_address(environ, "GITHUB_API_URL", _GITHUB), event.repository, secret)
    from pipeline_guard.adapters.forge.gitlab import GitLabForge

    return GitLabForge(_address(environ, "CI_SERVER_URL", _GITLAB), event.repository, secret)


def open_settings(forge: str, repository: str, token: str, environ: Mapping[str, str]) -> ForgeSettings:
    """Return how a repository is set up. Raises as ``open_forge``."""
    secret = _token(forge, token, environ)
    if forge == "github":
        from pipeline_guard.adapters.forge.github_settings import GitHubSettings

        return GitHubSettings(_address(environ, "GITHUB_API_URL", _GITHUB), repository, secret)
    from pipeline_guard.adapters.forge.gitlab_settings import GitLabSettings

    return GitLabSettings(_address(environ, "CI_SERVER_URL", _GITLAB), repository, secret)


def _address(environ: Mapping[str, str], variable: str, usual: str) -> str:
    found = environ.get(variable, "").rstrip("/") or usual
    if not is_safe(found):
        raise UsageError(f"{variable} is no address to send a token to", "it must begin with https://")
    return found


def _token(forge: str, reference: str, environ: Mapping[str, str]) -> Secret:
    usual = _USUAL[forge]
    if not reference and not environ.get(usual):
        raise Denied(
            f"no token of the forge: {usual} is not set", f"set {usual}, or name the token with --forge-token; docs/enforcement.md"
        )
    found = read_pin(reference or f"env:{usual}", environ, _LONGEST, "the forge's token")
    # what is no token must not break a header, nor show up in the error about that
    if not found.reveal().isascii() or not found.reveal().decode("ascii", "replace").isprintable() or b" " in found.reveal():
        raise UsageError("the forge's token holds characters that no token has", "is it the right file or variable?")
    return found

# SPDX-License-Identifier: Apache-2.0
"""Which engine makes which kind; only what is asked for is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pipeline_guard.adapters.clock import SystemClock, SystemRandom
from pipeline_guard.errors import UsageError
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Engine


def open_engine(kind: str, settings: Mapping[str, Any], *, secret: Callable[[str], Secret], key: Callable[[str], EngineKey]) -> Engine:
    """Return the engine of a kind; ``secret`` resolves references to credentials, ``key`` finds keys of the token.

    Neither is called before the engine makes or undoes something.
    """
    given, clock = dict(settings), SystemClock()
    if "key" in given:
        given["key"] = partial(key, given["key"])
    if kind == "postgresql":
        from pipeline_guard.adapters.engines.postgresql import PostgresRoles

        return PostgresRoles(random=SystemRandom(), **{**given, "url": partial(secret, given["url"])})
    if kind == "github-app":
        from pipeline_guard.adapters.engines.github import GithubApp

        return GithubApp(clock, **given)
    if kind == "gitlab":
        from pipeline_guard.adapters.engines.gitlab import GitlabProject

        return GitlabProject(**{**given, "token": partial(secret, given["token"])})
    if kind == "aws":
        from pipeline_guard.adapters.engines.aws import AwsRole

        reference = given.pop("web_identity")
        return AwsRole(clock, partial(secret, reference) if reference else None, **given)
    if kind == "x509":
        from pipeline_guard.adapters.engines.x509 import X509Authority

        return X509Authority(clock, **given)
    if kind == "ssh":
        from pipeline_guard.adapters.engines.ssh import SshAuthority

        return SshAuthority(clock, SystemRandom(), **given)
    if kind == "jwt":
        from pipeline_guard.adapters.engines.jwt import JwtIssuer

        return JwtIssuer(clock, **given)
    raise UsageError(f"no engine makes {kind[:40]!r}")

# SPDX-License-Identifier: Apache-2.0
"""From what the configuration binds to what a job is granted."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pipeline_guard.errors import UsageError
from pipeline_guard.model.lease import Binding, Lease
from pipeline_guard.model.reference import is_reference

LONGEST = timedelta(hours=24)

# Names that change what later commands do, rather than tell them something.
_EXACT = frozenset({
    "PATH", "BASH_ENV", "ENV", "BASHOPTS", "SHELLOPTS", "PS4", "PROMPT_COMMAND", "IFS", "CDPATH", "GLOBIGNORE", "HOME", "TMPDIR",
    "RUBYOPT", "RUBYLIB", "PERLLIB", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "MAVEN_OPTS", "GRADLE_OPTS", "GOFLAGS", "KUBECONFIG",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "EDITOR", "PAGER", "CI",
    "SHELL", "VISUAL", "MANPAGER", "LESSOPEN", "LESSCLOSE", "JDK_JAVA_OPTIONS", "MAKEFLAGS", "RUSTFLAGS", "GOPROXY", "GOINSECURE",
    "GONOSUMDB", "GONOSUMCHECK", "GOTOOLCHAIN", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "RESOLV_HOST_CONF", "TERMINFO",
})  # fmt: skip
_PREFIXES = (
    "LD_", "DYLD_", "PYTHON", "PIP_", "UV_", "NODE_", "NPM_CONFIG_", "PERL5", "DOTNET_", "CARGO_", "RUSTC", "GIT_", "SSH_", "DOCKER_",
    "SSL_CERT_", "CURL_", "BASH_FUNC_", "RUNNER_", "GITHUB_", "ACTIONS_", "CI_", "GITLAB_", "INPUT_", "STATE_", "PIPELINE_GUARD_",
)  # fmt: skip
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
# Tokens of well-known tools that happen to begin like a dangerous name, and only carry a value.
_HARMLESS = frozenset(
    {"NODE_AUTH_TOKEN", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD", "CARGO_REGISTRY_TOKEN", "DOCKER_PASSWORD", "DOCKER_TOKEN"}
)


def checked(binding: Binding) -> Binding:
    """Return a binding that may be used; raise UsageError for a dangerous variable or a too long life."""
    name = binding.variable
    if not _VARIABLE.fullmatch(name):
        raise UsageError(f"not a variable name: {name[:60]!r}", "use capital letters, digits and _")
    # inject puts the path of a file under the name with _FILE behind it: SSL_CERT would become SSL_CERT_FILE
    if name not in _HARMLESS and any(word in _EXACT or word.startswith(_PREFIXES) for word in (name, f"{name}_FILE")):
        raise UsageError(f"the variable {name} would change how programs behave", "bind the secret to another name")
    if binding.lifetime > LONGEST:
        raise UsageError(f"{name}: a lease lives at most {LONGEST}", "choose a shorter ttl")
    return binding


def pinned(binding: Binding) -> tuple[str, int | None]:
    """Return name and version of what is bound: ``name`` is the newest version, ``name@3`` always the third."""
    if is_reference(binding.secret):  # a store of others has its own way of naming versions
        return binding.secret, None
    name, _, version = binding.secret.partition("@")
    if not version and "@" not in binding.secret:
        return name, None
    if not version.isascii() or not version.isdecimal() or not 0 < int(version) < 10**9:
        raise UsageError(f"{binding.variable}: not a version: {version[:20]!r}", "write name, or name@3 for its third version")
    return name, int(version)


def lease_for(
    binding: Binding, name: str, version: int, *, identifier: str, holder: str, now: datetime, until: datetime | None = None
) -> Lease:
    """Return the lease of one binding, from ``now`` on; at most ``until``."""
    expires = now + binding.lifetime
    return Lease(identifier, name, version, holder, now, min(expires, until) if until else expires)

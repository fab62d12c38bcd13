# SPDX-License-Identifier: Apache-2.0
"""From what the configuration binds to what a job is granted."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pipeline_guard.errors import UsageError
from pipeline_guard.model.lease import Binding, Lease
from pipeline_guard.model.reference import is_reference

LONGEST = timedelta(hours=24)

# Names that change what later commands do, rather than tell them something: which program runs, which code it loads, whom it believes.
_EXACT = frozenset({
    "PATH", "BASHOPTS", "SHELLOPTS", "ENV", "PS4", "PROMPT_COMMAND", "IFS", "CDPATH", "GLOBIGNORE", "HOME", "TMPDIR", "TEMP", "TMP",
    "USER", "LOGNAME", "PWD", "OLDPWD", "SHELL", "ZDOTDIR", "FPATH", "INPUTRC",
    "EDITOR", "VISUAL", "PAGER", "MANPAGER", "MANOPT", "BROWSER", "LESSOPEN", "LESSCLOSE", "VIMINIT", "EXINIT", "MYVIMRC",
    "EMACSLOADPATH", "SUDO_ASKPASS",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY", "REQUESTS_CA_BUNDLE", "WGETRC", "GNUPGHOME", "RSYNC_RSH",
    "CVS_RSH", "SVN_SSH", "HGRCPATH",
    "TAR_OPTIONS", "GREP_OPTIONS", "GZIP", "XZ_OPT", "XZ_DEFAULTS", "ZIPOPT", "UNZIP", "UNZIPOPT", "RIPGREP_CONFIG_PATH",
    "FZF_DEFAULT_COMMAND", "FZF_DEFAULT_OPTS",
    "RUBYOPT", "RUBYLIB", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "BUNDLE_PATH", "BUNDLE_BIN", "BUNDLE_APP_CONFIG",
    "BUNDLE_USER_CONFIG", "BUNDLE_USER_HOME", "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR",
    "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "CLASSPATH", "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS",
    "GRADLE_USER_HOME", "SBT_OPTS", "ANT_OPTS",
    "GOFLAGS", "GOPROXY", "GOINSECURE", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB", "GONOPROXY", "GOPRIVATE", "GOVCS", "GOTOOLCHAIN",
    "GOENV", "GOPATH", "GOROOT", "RUSTFLAGS",
    "MAKEFLAGS", "MAKEFILES", "MFLAGS", "GNUMAKEFLAGS", "CC", "CXX", "CPP", "LD", "AR", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS",
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH",
    "GCC_EXEC_PREFIX", "PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ERL_LIBS",
    "ELIXIR_ERL_OPTIONS",
    "R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER", "R_LIBS", "R_LIBS_USER", "JULIA_LOAD_PATH", "JULIA_DEPOT_PATH",
    "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "MYPYPATH", "VIRTUAL_ENV",
    "BUN_OPTIONS", "BUN_INSTALL", "PNPM_HOME", "DENO_DIR", "DENO_CERT", "DENO_TLS_CA_STORE", "NUGET_PACKAGES", "NUGET_PLUGIN_PATHS",
    "NUGET_CREDENTIALPROVIDERS_PATH",
    "KUBECONFIG", "HELM_PLUGINS", "TF_CLI_CONFIG_FILE", "CLOUDSDK_PYTHON", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE", "CONTAINER_HOST",
    "CONTAINERS_CONF", "ANSIBLE_CONFIG", "ANSIBLE_LIBRARY",
    "GH_CONFIG_DIR", "GH_PAGER", "GH_EDITOR", "GH_BROWSER", "PGSYSCONFDIR", "PGSERVICEFILE", "PGOPTIONS",
    "GCONV_PATH", "LOCPATH", "NLSPATH", "TZDIR", "HOSTALIASES", "RESOLV_HOST_CONF", "LOCALDOMAIN", "RES_OPTIONS", "GLIBC_TUNABLES",
    "TERMINFO", "GTK_PATH", "GTK_MODULES", "QT_PLUGIN_PATH", "GIO_EXTRA_MODULES",
    "DBUS_SESSION_BUS_ADDRESS", "COMSPEC", "PATHEXT", "SYSTEMROOT", "WINDIR", "PSMODULEPATH", "CI",
})  # fmt: skip
_PREFIXES = (
    "LD_", "DYLD_", "BASH_", "PYTHON", "PIP_", "UV_", "NODE_", "NPM_CONFIG_", "YARN_", "PERL5", "LUA_", "COMPOSER_", "DOTNET_", "COMPLUS_",
    "MSBUILD", "CARGO_", "RUSTC", "RUSTDOC", "RUSTUP_", "CGO_", "CMAKE_", "GIT_", "SSH_", "DOCKER_", "SSL_CERT_", "OPENSSL_", "CURL_",
    "XDG_", "MALLOC_", "TF_CLI_ARGS", "AWS_ENDPOINT_URL", "RUNNER_", "GITHUB_", "ACTIONS_", "CI_", "GITLAB_", "INPUT_", "STATE_",
    "PIPELINE_GUARD_",
)  # fmt: skip
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
# Tokens of well-known tools that happen to begin like a dangerous name, and only carry a value.
_HARMLESS = frozenset(
    {
        "NODE_AUTH_TOKEN",
        "UV_PUBLISH_TOKEN",
        "UV_PUBLISH_PASSWORD",
        "CARGO_REGISTRY_TOKEN",
        "DOCKER_PASSWORD",
        "DOCKER_TOKEN",
        "YARN_NPM_AUTH_TOKEN",
        "YARN_NPM_AUTH_IDENT",
        "COMPOSER_AUTH",
    }
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

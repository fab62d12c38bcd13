# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.lease.grant import checked
from pipeline_guard.model.lease import Binding, Delivery


def binding(variable: str, lifetime: timedelta = timedelta(minutes=5)) -> Binding:
    return Binding(variable, "name", lifetime, Delivery.ENV)


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "NPM_TOKEN",
        "_X",
        "A1",
        "NODE_AUTH_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "YARN_NPM_AUTH_TOKEN",
        "COMPOSER_AUTH",
        "TF_VAR_TOKEN",
        "BUNDLE_GITHUB__COM",
        "PGPASSWORD",
        "AWS_SHARED_CREDENTIALS_FILE",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GH_TOKEN",
        "HELM_PASSWORD",
    ],
)
def test_ordinary_names_are_fine(name: str) -> None:
    assert checked(binding(name)).variable == name


@pytest.mark.parametrize(
    "name",
    ["PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "PYTHONPATH", "NODE_OPTIONS", "GIT_SSH_COMMAND", "GITHUB_ENV", "CI", "CI_JOB_TOKEN",
     "HTTPS_PROXY", "PIPELINE_GUARD_HOME", "RUNNER_TEMP", "lower", "A B", "A=B", "1A", "", "A\n", "HOME", "IFS", "PERL5LIB", "PIP_INDEX_URL",
     # what runs code or reads a configuration that does, in tools of every kind
     "TAR_OPTIONS", "RIPGREP_CONFIG_PATH", "BUNDLE_GEMFILE", "GEM_PATH", "CLASSPATH", "MAVEN_ARGS", "GOENV", "CGO_CFLAGS", "CC", "LDFLAGS",
     "LIBRARY_PATH", "MAKEFILES", "CMAKE_TOOLCHAIN_FILE", "PHPRC", "LUA_INIT", "ERL_AFLAGS", "R_PROFILE", "JULIA_LOAD_PATH", "ZDOTDIR", "VIMINIT",
     "OPENSSL_CONF", "GLIBC_TUNABLES", "XDG_CONFIG_HOME", "YARN_RC_FILENAME", "BUN_OPTIONS", "COMPOSER_HOME", "RUSTUP_TOOLCHAIN", "BASH_LOADABLES_PATH",
     "PYTEST_ADDOPTS", "TF_CLI_CONFIG", "TF_CLI_ARGS_APPLY", "AWS_CONFIG", "AWS_ENDPOINT_URL_S3", "GH_PAGER", "WGETRC", "RSYNC_RSH", "SVN_SSH",
     "HGRCPATH", "SUDO_ASKPASS", "GNUPGHOME", "ANSIBLE_CONFIG", "HELM_PLUGINS", "PSMODULEPATH", "PATHEXT", "MSBUILDSDKSPATH", "COMPLUS_PROFILER"],
)  # fmt: skip
def test_names_that_change_how_programs_behave_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checked(binding(name))


def test_lease_does_not_live_longer_than_a_day() -> None:
    checked(binding("A", timedelta(hours=24)))
    with pytest.raises(UsageError):
        checked(binding("A", timedelta(hours=24, seconds=1)))

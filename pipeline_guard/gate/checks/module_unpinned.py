# SPDX-License-Identifier: Apache-2.0
"""Terraform modules that are something else tomorrow: their lock file covers providers alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.terraform_modules import Module, ModuleUses
from pipeline_guard.gate.places import allowed_hosts, take_apart
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem

_GIT = re.compile(r"git::|git@|hg::|ssh://|github\.com/|bitbucket\.org/|gitlab\.com/.+\.git")
_REGISTRY = re.compile(r"(?:([a-z0-9.-]+\.[a-z]+)/)?[\w-]+/[\w-]+/[\w-]+(?://.*)?", re.IGNORECASE)
_BRANCH = re.compile(r"(?:refs/heads/.+|main|master|head|develop|dev|trunk|latest)", re.IGNORECASE)
_PRIVATE = ("app.terraform.io", "app.eu.terraform.io")  # every organisation's own modules, which need its token


def check(facts: ModuleUses, settings: GateSettings) -> Iterator[Problem]:
    """Give git sources without a ref or at a branch, addresses without TLS or checksum, registries that are not allowed."""
    hosts = (allowed_hosts(Ecosystem.TERRAFORM, settings.dependencies) or frozenset()) | frozenset(_PRIVATE)
    for module in facts.modules:
        what, fix = _judge(module, hosts)
        if what:
            yield Problem(Location(facts.path, module.line), f"module {module.name[:60]} {what}", fix)


def _judge(module: Module, hosts: frozenset[str]) -> tuple[str, str]:
    where = module.source
    if not where or where.startswith(("./", "../", "/")) or "${" in where:
        return "", ""
    bare = re.sub(r"^[a-z0-9]+::", "", where)
    if bare.startswith(("http://", "git://")):
        return "without TLS", "use https or ssh"
    if _GIT.match(where):
        ref = re.search(r"[?&](?:ref|rev)=([^&]*)", where)
        fix = "write ?ref=FULL_COMMIT behind the source"
        if ref is None or not ref[1]:
            return "from git without a ref", fix
        return (f"at the branch {ref[1][:40]}", fix) if _BRANCH.fullmatch(ref[1]) else ("", "")
    if bare.startswith("https://"):
        address = take_apart(bare)
        if address.trouble:
            return address.trouble, "write the address plainly"
        return ("", "") if "checksum=" in where or "::" in where else ("from an address without a checksum", "add ?checksum=sha256:HEX")
    found = _REGISTRY.fullmatch(where)
    if found is None:
        return "", ""
    if found[1] and found[1].lower() not in hosts:
        host = found[1][:80]
        return f"from {host}, which is no allowed registry", f"allow the host under gate.dependencies.registries: terraform: [{host}]"
    return ("", "") if module.versioned else ("from a registry without a version", 'add version = "X.Y.Z"')


RULE = Rule(
    "module-unpinned",
    Kind.MODULE,
    "",
    "no lock covers modules, and what they say is done with the credentials of whoever applies it",
    check,
)

# SPDX-License-Identifier: Apache-2.0
"""``token``: init, check, tidy, info."""

from __future__ import annotations

from urllib.parse import quote

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import secret_doors, tidy_doors
from pipeline_guard.cli.keys import say_unfinished
from pipeline_guard.cli.table import show_one
from pipeline_guard.cli.wiring import Token, Wiring
from pipeline_guard.config import duration
from pipeline_guard.errors import ExitCode, NothingToDo, UsageError
from pipeline_guard.flows import secrets
from pipeline_guard.flows.tidy import PATIENCE, tidy
from pipeline_guard.flows.token_check import examine
from pipeline_guard.model.boundary import Grade
from pipeline_guard.model.token_uri import TokenUri
from pipeline_guard.report import as_boundary


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``token``."""
    if args.action == "init":
        key = secrets.wrapping_key(doors=secret_doors(wiring))
        label = wiring.token("").facts()["label"]
        wiring.console.data(f"token {label} is ready; wrapping key {key.ref.name}/{key.ref.version}")
    elif args.action == "check":
        say_unfinished(wiring)
        return _check(args, wiring)
    elif args.action == "tidy":
        _tidy(args, wiring)
    else:
        facts = dict(wiring.token("").facts())
        note = (
            "software token, no validation; keys are files protected by the PIN"
            if "SoftHSM" in facts["manufacturer"]
            else "not checked by pipeline-guard"
        )
        show_one("token", {**facts, "home": wiring.home, "validation": note, "attested": False}, args, wiring)
    return ExitCode.CLEAN


def _tidy(args: Args, wiring: Wiring) -> None:
    patience = args.text("older-than")
    done = tidy(duration(patience) if patience else PATIENCE, doors=tidy_doors(wiring))
    if not done:
        raise NothingToDo("no key was left unfinished in this token", "pipeline-guard keys list tells of those that were")
    for intent in done:
        wiring.console.data(f"removed what was left of {intent.ref.name}/{intent.ref.version}, begun {intent.begun:%Y-%m-%d %H:%M} UTC")


def _check(args: Args, wiring: Wiring) -> ExitCode:
    """Examine the token now, whatever is known of it; the exit code says whether it may hold keys."""
    token = _asked(args.text("token"), wiring)
    boundary = examine(token, wiring.state(), wiring.clock)
    wiring.console.data(as_boundary.document(boundary) if args.text("format") == "json" else as_boundary.text(boundary))
    return ExitCode.NO if boundary.grade is Grade.REJECT else ExitCode.CLEAN


def _asked(uri: str, wiring: Wiring) -> Token:
    """Open the token that a URI names; without a module of its own, in the configured one. Raises UsageError for another than it names."""
    if not uri.startswith("pkcs11:"):
        return wiring.token(uri)
    named, section = TokenUri.parse(uri), wiring.config("").token
    module = section.module or (TokenUri.parse(section.uri).module_path if section.uri.startswith("pkcs11:") else "")
    if not named.module_path and module:
        uri += ("&" if "?" in uri else "?") + f"module-path={quote(module)}"
    token = wiring.token(uri)
    facts = token.facts()
    if (named.token or facts["label"], named.serial or facts["serial"]) != (facts["label"], facts["serial"]):
        raise UsageError(
            f"the token here is {facts['label']}, serial {facts['serial']}: not the one that the URI names",
            "name the module of the other one: pkcs11:token=LABEL?module-path=/path/to/module.so",
        )
    return token

# SPDX-License-Identifier: Apache-2.0
"""Results to standard output and to files, in as many formats as asked for; all from one run."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.commands import FORMATS
from pipeline_guard.cli.look import look_of
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import UsageError
from pipeline_guard.model.finding import ScanReport
from pipeline_guard.model.package import Package
from pipeline_guard.model.verdict import Verdict
from pipeline_guard.report.look import Look

STANDARD_OUTPUT = "-"
SBOM_FORMS = ("cyclonedx", "spdx")
_MODULES = {name: f"as_{name.replace('-', '_')}" for name in FORMATS} | {"github": "as_annotations"}


def render(result: ScanReport | Verdict, form: str, look: Look | None = None) -> str:
    """Return ``result`` as text of one format; ``look`` is of use to text for people only."""
    module: Any = import_module(f"pipeline_guard.report.{_MODULES[form]}")
    renderer = module.render_scan if isinstance(result, ScanReport) else module.render_verdict
    text: str = renderer(result, look) if look and form == "text" else renderer(result)
    return text


def targets(args: Args, forms: Sequence[str] = FORMATS) -> list[tuple[str, str]]:
    """Read --output as (format, file) pairs; a bare FILE takes --format, or json where that is text; "-" is standard output.

    Raises UsageError for a format that is misspelt, a file that two results would go to, and two results for standard output.
    """
    otherwise = "json" if args.text("format") == "text" else args.text("format")
    found = [named_target(item, forms, otherwise) for item in args.many("output")]
    check_targets(found)
    if (STANDARD_OUTPUT in (path for _, path in found)) and args.origins["format"] in ("flag", "environment"):
        raise UsageError("--format and --output FORMAT=- both ask for standard output", "leave one of them out, or name a file")
    return found


def named_target(item: str, forms: Sequence[str], otherwise: str) -> tuple[str, str]:
    """Split one --output into form and file; raise UsageError for what is neither."""
    form, equals, path = item.partition("=")
    if equals and form not in forms and form.isalnum():
        import difflib  # only those who misspelt need it

        near = difflib.get_close_matches(form, forms, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(forms)}; for a file of this name: {otherwise}={item[:40]}"
        raise UsageError(f"--output {item[:60]}: no form is called {form[:20]}", hint)
    if not equals or form not in forms:
        form, path = otherwise, item
    if not path:
        raise UsageError(f"--output {item}: no file named", "write FORMAT=FILE")
    return form, path


def check_targets(found: Sequence[tuple[str, str]]) -> None:
    """Raise UsageError where two results would go to one place: the second would replace the first."""
    places = [path if path == STANDARD_OUTPUT else posixpath.normpath(path) for _, path in found]
    for place in places:
        if places.count(place) > 1 and not place.startswith("/dev/"):
            raise UsageError(f"--output names {place[:100]} twice", "give each form a file of its own")


def sbom_targets(args: Args) -> list[tuple[str, str]]:
    """Read --sbom as (form, file) pairs. Raises UsageError."""
    found = []
    for item in args.many("sbom"):
        form, _, path = item.partition("=")
        if form not in SBOM_FORMS or not path:
            raise UsageError(f"--sbom {item[:60]}: neither cyclonedx=FILE nor spdx=FILE", "write --sbom cyclonedx=bom.cdx.json")
        found.append((form, path))
    return found


def render_sbom(packages: Sequence[Package], form: str, title: str, time: datetime) -> str:
    """Return packages as an SBOM."""
    module: Any = import_module(f"pipeline_guard.report.as_{form}")
    text: str = module.render_packages(packages, title, time)
    return text


def emit(result: ScanReport | Verdict, args: Args, wiring: Wiring, *, variants: Mapping[str, ScanReport | Verdict] | None = None) -> None:
    """Write every asked-for form: files first, then standard output. ``variants`` are results for single forms."""
    others = variants or {}
    deliver(args, wiring, targets(args), lambda form, look: render(others.get(form, result), form, look))


def deliver(args: Args, wiring: Wiring, files: Sequence[tuple[str, str]], write: Callable[[str, Look], str]) -> None:
    """Write what ``write`` makes of a form and a look to each of ``files``, which ``targets`` gave, then to standard output."""
    shown = args.text("format")
    for form, path in files:
        if path == STANDARD_OUTPUT:
            shown = form
        else:
            wiring.files.write(path, write(form, Look(verbose=args.on("verbose"))).encode("utf-8"))
    wiring.console.data(write(shown, look_of(args, wiring)))

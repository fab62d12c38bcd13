# SPDX-License-Identifier: Apache-2.0
"""Results to standard output and to files, in as many formats as asked for; all from one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

SBOM_FORMS = ("cyclonedx", "spdx")
_MODULES = {name: f"as_{name.replace('-', '_')}" for name in FORMATS} | {"github": "as_annotations"}


def render(result: ScanReport | Verdict, form: str, look: Look | None = None) -> str:
    """Return ``result`` as text of one format; ``look`` is of use to text for people only."""
    module: Any = import_module(f"pipeline_guard.report.{_MODULES[form]}")
    renderer = module.render_scan if isinstance(result, ScanReport) else module.render_verdict
    text: str = renderer(result, look) if look and form == "text" else renderer(result)
    return text


def targets(args: Args) -> list[tuple[str, str]]:
    """Read --output as (format, file) pairs; a bare FILE takes --format, or json where that is text. Raises UsageError."""
    found = []
    for item in args.many("output"):
        form, equals, path = item.partition("=")
        if not equals or form not in FORMATS:
            form, path = ("json" if args.text("format") == "text" else args.text("format")), item
        if not path:
            raise UsageError(f"--output {item}: no file named", "write FORMAT=FILE")
        found.append((form, path))
    return found


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
    for form, path in targets(args):
        content = render(others.get(form, result), form, Look(verbose=args.on("verbose")))
        wiring.files.write(path, content.encode("utf-8"))
    wiring.console.data(render(others.get(args.text("format"), result), args.text("format"), look_of(args, wiring)))

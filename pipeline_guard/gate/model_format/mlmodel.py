# SPDX-License-Identifier: Apache-2.0
"""MLflow's MLmodel: which module loads the model, and which Python files come with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.model_format.place import leaves
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

_LARGEST = 4 * 1024 * 1024
_LINE = re.compile(r"^\s*(?:-\s*)?[\"']?(\w+)[\"']?\s*:\s*(?:[\"']?)([^\"'#\n]*?)[\"']?\s*(?:#.*)?$", re.MULTILINE)
_PATHS = {
    "model_path",
    "data",
    "pickled_model",
    "model_data",
    "model_code_path",
    "code",
    "code_paths",
    "python_model",
    "artifact_path",
    "model_data_path",
}
_FIX = "log the model with one of MLflow's own flavors and no code paths; demand a signature with gate.artifacts"


def inspect(content: Octets, _name: str) -> Iterator[Hazard | Doubt]:
    """Give the modules and files that loading would run."""
    if len(content) > _LARGEST:
        yield Doubt("an MLmodel of more than 4 MiB")
        return
    text = content[:].decode("utf-8", "replace")
    for key, value in _LINE.findall(text):
        if key == "loader_module" and not re.fullmatch(r"mlflow(\.\w+)+", value):
            yield code(f"loader_module: {value[:80]!r} is imported to load it", value, fix=_FIX)
        elif key in ("code", "model_code_path", "code_paths") and value not in ("", "null", "~"):
            yield code(f"{key}: {value[:80]!r} is Python code that comes with the model", value, fix=_FIX)
        if key in _PATHS and (how := leaves(value)):
            yield code(f"{key}: {value[:80]!r} {how}", value, fix=_FIX)
    if re.search(r"[{&*!]", re.sub(r"[\"'][^\"'\n]*[\"']", "", text.split("signature:")[0])) and "loader_module" in text:
        flow = re.search(r"loader_module[\"']?\s*:\s*[\"']?([\w.]+)", text)
        if flow and not flow[1].startswith("mlflow."):
            yield code(f"loader_module: {flow[1][:80]!r} is imported to load it", flow[1], fix=_FIX)

# SPDX-License-Identifier: Apache-2.0
"""TensorFlow graphs (SavedModel, frozen GraphDef): operations that read and write files or call Python.

Schemas: tensorflow/core/protobuf/{saved_model,meta_graph}.proto, tensorflow/core/framework/{graph,function,node_def}.proto.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.model_format import keras
from pipeline_guard.gate.model_format.wire import Broken, Message
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.octets import Octets

_PYTHON = "PyFunc PyFuncStateless EagerPyFunc"
_FILES = (
    "ReadFile WriteFile MatchingFiles MatchingFilesDataset ImmutableConst FixedLengthRecordReader FixedLengthRecordReaderV2 TFRecordReader "
    "TFRecordReaderV2 TextLineReader TextLineReaderV2 WholeFileReader WholeFileReaderV2 LMDBReader TextLineDataset TFRecordDataset "
    "TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 SqlDataset LoadDataset SaveDataset SaveDatasetV2 LMDBDataset "
    "DatasetToTFRecord ExperimentalDatasetToTFRecord SnapshotDataset SnapshotDatasetV2 CacheDataset CacheDatasetV2 "
    "CreateSummaryFileWriter CreateSummaryDbWriter LoadAndRemapMatrix GenerateVocabRemapping CSVDataset CSVDatasetV2 "
    "ExperimentalCSVDataset ExperimentalSqlDataset ExperimentalLMDBDataset BigtableClient GcsConfigureCredentials RegisterDataset "
    "RegisterDatasetV2 "
    "DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 DistributedSave ExperimentalAssertNextDataset"
)
_NATIVE = "TRTEngineOp XlaCustomCall XlaCustomCallV2 XlaLaunchV2 RpcCall TryRpc Rpc RpcClient RpcServer IreeExecute"
_DEBUG = "DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary DebugNumericSummaryV2"
_WHY = {
    **dict.fromkeys(_PYTHON.split(), "calls a Python function"),
    **dict.fromkeys(_FILES.split(), "reads or writes files or hosts"),
    **dict.fromkeys(_NATIVE.split(), "runs a program of its own"),
    **dict.fromkeys(_DEBUG.split(), "sends values to a file or host"),
}
_SAVING = {"MergeV2Checkpoints", "SaveV2", "Save", "SaveSlices"}  # every model has them, in the functions that save it
_SAVERS = re.compile(r"(.*/)?(save(_\d+)?/.*|.*_traced_save_?\d*|.*_traced_restore_?\d*|.*checkpoint.*|.*saver.*)")
_TEXT_OPERATION = re.compile(rb"\bop\s*:\s*['\"](\w{1,80})['\"]")
_FIX = "export the model without the operation, and load what it read yourself"


def is_graph(content: Octets, name: str) -> bool:
    """Tell whether a file is a graph: by name, or as a SavedModel begins."""
    return name.endswith((".pb", ".pbtxt", ".meta")) or (content.startswith(b"\x08\x01\x12") and b"\x05serve" in content[:4096])


def inspect(content: Octets, name: str) -> Iterator[Hazard | Doubt]:
    """Give every operation that leaves the graph."""
    if name.endswith(".pbtxt"):
        yield from _text(content)
        return
    seen: set[str] = set()
    certain = name.endswith("saved_model.pb") or content.startswith(b"\x08\x01\x12")
    try:
        for place, operation, at in _operations(Message(content), name):
            if operation not in seen and (found := _judge(place, operation, at)) is not None:
                seen.add(operation)
                yield found
    except Broken as broken:
        if certain or seen:
            yield Doubt(f"a TensorFlow graph that cannot be read: {broken}")
    yield from keras.within(content)


def _judge(place: str, operation: str, at: int) -> Hazard | None:
    if operation in _SAVING:
        return (
            None
            if _SAVERS.fullmatch(place)
            else code(f"the operation {operation} outside of what saves the model: it writes or deletes files", operation, at, _FIX)
        )
    return code(f"the operation {operation}, which {_WHY[operation]}", operation, at, _FIX) if operation in _WHY else None


def _operations(message: Message, name: str) -> Iterator[tuple[str, str, int]]:
    """Give (function and node, operation, byte) of every node, whichever of the messages this is."""
    if name.endswith(".meta"):
        yield from _meta_graph(message)
        return
    for field in message:
        if field.wire != 2:
            continue
        if field.number == 2:
            yield from _meta_graph(message.into(field))  # of a SavedModel
            yield from _library(message.into(field))  # of a frozen graph
        elif field.number == 1:
            yield from _node(message.into(field), "")


def _meta_graph(message: Message) -> Iterator[tuple[str, str, int]]:
    try:
        for graph in message.inside(2):
            for node in graph.inside(1):
                yield from _node(node, "")
            for library in graph.inside(2):
                yield from _library(library)
    except Broken:
        return


def _library(message: Message) -> Iterator[tuple[str, str, int]]:
    try:
        for function in message.inside(1):
            name = next((text for signature in function.inside(1) for text in signature.texts(1)), "")
            for node in function.inside(3):
                yield from _node(node, name)
    except Broken:
        return


def _node(message: Message, function: str) -> Iterator[tuple[str, str, int]]:
    name = operation = ""
    try:
        for field in message:
            if field.number == 1:
                name = message.text(field)
            elif field.number == 2:
                operation = message.text(field)
    except Broken:
        return
    if operation:
        yield function or name, operation, message.begin


def _text(content: Octets) -> Iterator[Hazard | Doubt]:
    seen = set()
    if len(content) > 64 * 1024 * 1024:
        yield Doubt("a graph in text form that is too large")
        return
    for match in _TEXT_OPERATION.finditer(content[:]):
        operation = match[1].decode()
        if operation in _WHY and operation not in seen:
            seen.add(operation)
            yield code(f"the operation {operation}, which {_WHY[operation]}", operation, match.start(), _FIX)

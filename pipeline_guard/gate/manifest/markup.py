# SPDX-License-Identifier: Apache-2.0
"""XML as a tree with lines, read with limits: no document type, no entities, no network, bounded depth and size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.reading import MAX_BYTES

_MAX_DEPTH = 64
_MAX_ELEMENTS = 400_000


@dataclass(slots=True)
class Element:
    """One element: its name without namespace, its line, its own text."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def descend(self, *names: str) -> Iterator[Element]:
        """Give every element at a path of names."""
        if not names:
            yield self
            return
        for child in self.children:
            if child.name == names[0]:
                yield from child.descend(*names[1:])

    def walk(self) -> Iterator[Element]:
        """Give every element below."""
        for child in self.children:
            yield child
            yield from child.walk()


def read_xml(content: bytes, path: str) -> Element:
    """Return the root element; raise UsageError for anything irregular, a document type first of all."""
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES} bytes")
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.buffer_text = True
    top = Element("", 0)
    stack = [top]
    count = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > _MAX_DEPTH or count > _MAX_ELEMENTS:
            raise UsageError(f"{path}:{parser.CurrentLineNumber}: too deep or too large")
        element = Element(name.rpartition(":")[2], parser.CurrentLineNumber, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_name: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        if len(stack[-1].text) < 100_000:
            stack[-1].text += data

    def refuse(*_words: object) -> None:
        raise UsageError(f"{path}:{parser.CurrentLineNumber}: a document type declaration", "remove it; entities are not read")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UsageError(f"{path}:{error.lineno}: not valid XML: {expat.ErrorString(error.code)}") from None
    except (ValueError, LookupError):
        raise UsageError(f"{path}: an encoding that is not known") from None
    return top.children[0]

# SPDX-License-Identifier: Apache-2.0
"""What is sealed, as bytes in order: the content of one file, or a folder as an archive. Read straight into the caller's buffer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from pipeline_guard.errors import IntegrityError
from pipeline_guard.ports import Reading, Streams
from pipeline_guard.seal.archive import FOLDER, Member, head, tail


class FileSource:
    """The content of one file."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._offset = 0

    def fill(self, buffer: memoryview) -> int:
        """Give the next bytes; raise IntegrityError where the file changed meanwhile."""
        count = self._reading.read_into(buffer, self._offset)
        self._offset += count
        if count < len(buffer):
            self._reading.check()
        return count


class FolderSource:
    """A folder's archive. ``close`` gives back the file that is open."""

    def __init__(self, root: str, members: Sequence[Member], streams: Streams) -> None:
        self._root = root
        self._streams = streams
        self._members = iter(members)
        self._open = ExitStack()
        self._head = memoryview(b"")
        self._reading: Reading | None = None
        self._shown = ""
        self._offset = self._left = 0
        self._ended = False

    def fill(self, buffer: memoryview) -> int:
        """Give the next bytes; raise IntegrityError where a file changed meanwhile."""
        done = 0
        while done < len(buffer):
            rest = buffer[done:]
            if self._head:
                count = min(len(self._head), len(rest))
                rest[:count] = self._head[:count]
                self._head = self._head[count:]
            elif self._left:
                count = self._read(rest[: self._left])
            elif self._advance():
                continue
            else:
                break
            done += count
        return done

    def close(self) -> None:
        """Close the file that is open."""
        self._open.close()

    def _read(self, buffer: memoryview) -> int:
        count = self._reading.read_into(buffer, self._offset) if self._reading else 0
        if count != len(buffer):
            raise IntegrityError(f"{self._shown}: became shorter while it was read", "let whatever writes it finish, then try again")
        self._offset += count
        self._left -= count
        return count

    def _advance(self) -> bool:
        """Go to the next member; False after the end entry."""
        if self._reading:
            self._reading.check()
            self._reading = None
        self._open.close()
        if self._ended:
            return False
        member = next(self._members, None)
        if member is None:
            self._ended = True
            self._head = memoryview(tail())
        elif member.kind == FOLDER:
            self._head = memoryview(head(member))
        else:
            self._reading = self._open.enter_context(self._streams.reading(self._root, member.path))
            self._offset, self._left, self._shown = 0, self._reading.size(), member.path
            self._head = memoryview(head(Member(member.kind, member.path, self._left)))
        return True

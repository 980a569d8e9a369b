"""Contents of a disk after the power is cut: replays what ``recorder.cjs`` noted up to any call.

Guaranteed is only what was synced: a file's bytes by its own sync, its name by its folder's. Of all else any part may
be there: each write of a file or not, and the changes of a folder's names up to any of them.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class File:
    data: bytes = b""
    """As it is on the disk."""
    writes: list[tuple[int | None, bytes]] = field(default_factory=list)
    """Not synced yet: position (None: the end) and bytes; a cut as position and None."""
    synced: int = 0
    """How many were."""

    def after(self, writes: list[tuple[int | None, bytes | None]]) -> bytes:
        data = bytearray(self.data)
        for at, written in writes:
            if written is None:
                del data[at:]
                data.extend(bytes(at - len(data)))
                continue
            start = len(data) if at is None else at
            data.extend(bytes(max(0, start - len(data))))
            data[start : start + len(written)] = written
        return bytes(data)


@dataclass
class Folder:
    entries: dict[str, File | Folder] = field(default_factory=dict)
    """As they are on the disk."""
    changes: list[tuple[str, Any]] = field(default_factory=list)
    """Not synced yet."""
    synced: int = 0
    """How many were."""

    def after(self, count: int | None = None) -> dict[str, File | Folder]:
        entries = dict(self.entries)
        for kind, what in self.changes[:count]:
            if kind == "put":
                entries[what[0]] = what[1]
            elif kind == "rename":
                entries[what[1]] = entries.pop(what[0])
            else:
                entries.pop(what, None)
        return entries


class Disk:
    """A folder's tree, as a process sees it and as the disk has it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = self._read(root)
        self._open: dict[str, File | Folder] = {}
        self._syncs: dict[str, int] = {}
        self._removing: set[tuple[str, ...]] = set()

    def _read(self, path: Path) -> File | Folder:
        if path.is_file():
            return File(path.read_bytes())
        return Folder({entry.name: self._read(entry) for entry in path.iterdir()})

    def _parts(self, path: str) -> tuple[str, ...]:
        return Path(path).relative_to(self.root).parts

    def _find(self, parts: tuple[str, ...]) -> File | Folder | None:
        at: File | Folder | None = self.tree
        for part in parts:
            at = at.after().get(part) if isinstance(at, Folder) else None
        return at

    def perform(self, call: dict[str, Any]) -> None:
        kind = call["call"]
        if kind in ("write", "truncate"):
            data = base64.b64decode(call["data"]) if kind == "write" else None
            self._open[call["id"]].writes.append((call["at"] if kind == "write" else call["length"], data))
        elif kind == "sync":
            held = self._open[call["id"]]
            self._syncs[call["sync"]] = held.synced + len(held.writes if isinstance(held, File) else held.changes)
        elif kind == "synced":
            held = self._open[call["id"]]
            # Another sync of the same may have ended meanwhile.
            count = max(0, self._syncs[call["sync"]] - held.synced)
            held.synced += count
            if isinstance(held, File):
                held.data, held.writes = held.after(held.writes[:count]), held.writes[count:]
            else:
                held.entries, held.changes = held.after(count), held.changes[count:]
        else:
            self._name(kind, call)

    def _name(self, kind: str, call: dict[str, Any]) -> None:
        parts = self._parts(call["path"])
        if not parts:
            if kind == "open":
                self._open[call["id"]] = self.tree
            return
        folder, name = self._find(parts[:-1]), parts[-1]
        there = self._find(parts)
        if kind == "open":
            if there is None:
                assert call["create"], call
                there = File()
                folder.changes.append(("put", (name, there)))
            elif call["truncate"]:
                there.writes.append((0, None))
            self._open[call["id"]] = there
        elif kind == "mkdir":
            for depth in range(1, len(parts) + 1):
                if self._find(parts[:depth]) is None:
                    self._find(parts[: depth - 1]).changes.append(("put", (parts[depth - 1], Folder())))
        elif kind == "rename":
            to = self._parts(call["to"])
            if to[:-1] == parts[:-1]:
                folder.changes.append(("rename", (name, to[-1])))
            else:
                # One of the two folders may be on the disk before the other.
                self._find(to[:-1]).changes.append(("put", (to[-1], there)))
                folder.changes.append(("remove", name))
        elif kind == "link":
            folder.changes.append(("put", (self._parts(call["to"])[-1], there)))
        elif kind == "removing":
            self._removing.add(parts)
        else:
            self._removing.discard(parts)
            if there is not None:
                folder.changes.append(("remove", name))

    def cut(self, chance: random.Random, lost: float) -> None:
        """Puts in place of the folder what its disk may hold; ``lost``: how likely what was not synced is not there."""
        shutil.rmtree(self.root)
        self._write(self.tree, self.root, chance, lost)
        # Half removed, in any order.
        for parts in self._removing:
            for path in sorted(self.root.joinpath(*parts).rglob("*")):
                if path.is_file() and chance.random() < 0.5:
                    path.unlink()

    def _write(self, held: File | Folder, path: Path, chance: random.Random, lost: float) -> None:
        def keeps() -> bool:
            return chance.random() >= lost

        if isinstance(held, File):
            writes = [(at, data) for at, data in held.writes if keeps()]
            data = held.after(writes)
            if writes and not keeps():
                # The length is there, and some of the content is not.
                start = chance.randrange(len(data) + 1)
                data = data[:start] + bytes(len(data) - start)
            path.write_bytes(data)
            return
        path.mkdir()
        count = 0
        while count < len(held.changes) and keeps():
            count += 1
        for name, entry in held.after(count).items():
            self._write(entry, path / name, chance, lost)


def calls_of(log: Path) -> list[dict[str, Any]]:
    with log.open() as lines:
        return [json.loads(line) for line in lines]

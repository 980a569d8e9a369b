"""The files of one OME-Zarr, wherever they are: in a folder or an archive, behind the helper, or made of an array."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from .multiscale import axes_of

#: The size of a file, None where there is none; where the bytes begin; the bytes; and the file's version, which is
#: another one for whatever takes its name, and for the same file after a change. None: nobody knows.
Part: TypeAlias = tuple[int | None, int, bytes, str | None]
NO_FILE: Part = (None, 0, b"", None)


class Files:
    """Reads the files of one OME-Zarr image, by their keys."""

    #: its path or address, or what an array is called
    root: Path | str
    #: of the metadata of its root
    metadata_key = "zarr.json"
    #: what these say of the image
    multiscale: dict[str, Any]

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Part:
        """Bytes of the file ``key``, as `range_of` has them; ``NO_FILE`` where there is none, and only then."""
        raise NotImplementedError

    @property
    def axes(self) -> list[dict[str, Any]]:
        """The axes as the metadata has them; none where it does not say."""
        return axes_of(self.multiscale)

    def fingerprint(self) -> list[dict[str, Any]]:
        """Marks by which a page finds the same files on its server; empty where no server has them."""
        return []

    def _metadata(self) -> bytes | None:
        """The root's metadata, of OME-Zarr 0.5 or 0.4, of which the key is noted; None where there are none."""
        for key in ("zarr.json", ".zattrs"):
            size, _, document, _ = self.read(key)
            if size is not None:
                self.metadata_key = key
                return document
        return None


def range_of(size: int, offset: int, length: int | None) -> tuple[int, int]:
    """The first byte that is read of so many, and the one past the last.

    ``offset`` may be negative: that many bytes from the end. Without ``length``: to the end; 0 asks for the size alone.
    """
    start = min(size, max(0, size + offset) if offset < 0 else offset)
    return start, size if length is None else min(size, start + length)


def part_of(data: bytes, offset: int, length: int | None) -> Part:
    """Bytes of a file that is in memory."""
    start, stop = range_of(len(data), offset, length)
    return len(data), start, data[start:stop], None

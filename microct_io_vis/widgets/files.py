"""The files of one OME-Zarr, read for a viewer that cannot reach them over HTTP."""

from __future__ import annotations

import difflib
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ConversionError
from ..image_files import NO_FILE, Files, Part, range_of
from ..multiscale import multiscale_of
from ..process import ask
from .archive import Archive

#: Bytes that one answer carries at most; who wants more asks again from where it ended.
MAX_READ = 64 * 2**20

#: Bytes of each sample in a fingerprint.
SAMPLE = 2048


class OmeZarrFiles(Files):
    """Reads under the folder of one OME-Zarr, or in the one file (``.ozx``) that it is, and nowhere else.

    Raises ``FileNotFoundError`` when there is no such folder and ``ValueError`` when it is no OME-Zarr image.
    """

    root: Path

    def __init__(self, root: str | os.PathLike[str]) -> None:
        if not os.fspath(root):
            raise ValueError("an empty path: give that of an OME-Zarr")
        self.root = Path(os.path.realpath(os.path.expanduser(root)))
        self._archive = Archive(self.root) if self.root.is_file() and self.root.suffix.lower() == ".ozx" else None
        if not self._archive and not self.root.is_dir():
            if self.root.exists():
                raise ValueError(
                    f"{os.fspath(root)}: a file, not an OME-Zarr, which is a folder or an .ozx: convert it first"
                )
            if re.match(r"[a-z][a-z0-9+.-]+:/", os.fspath(root), re.I):
                raise FileNotFoundError(_advice(os.fspath(root)))
            near = _nearest(self.root)
            raise FileNotFoundError(
                f"{os.fspath(root)}: no such folder" + (f"; beside it would be {near}" if near else "")
            )
        self.multiscale = self._described(os.fspath(root))

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Part:
        """Bytes of the file ``key``, at most ``MAX_READ`` of them."""
        path = self._path(key)
        first = 0
        try:
            if self._archive:
                place = self._archive.place(key)
                if place is None:
                    return NO_FILE
                (first, length_there), path = place, self.root
            with open(path, "rb", buffering=0) as file:
                stat = os.fstat(file.fileno())
                size = length_there if self._archive else stat.st_size
                start, stop = range_of(size, offset, length)
                data = _read_all(file, first + start, min(stop - start, MAX_READ))
                return size, start, data, f"{stat.st_ino}-{stat.st_mtime_ns}"
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return NO_FILE
        except PermissionError:
            if path.is_dir():  # Windows' error for a folder
                return NO_FILE
            raise

    def fingerprint(self) -> list[dict[str, Any]]:
        """Marks that tell this volume from others: the root metadata, and samples of a chunk of the coarsest level.

        The coarsest level is made from all the others, so that another volume under the same name does not pass for
        this one. Each sample is ``{key, size, modified, offset, bytes}``, ``modified`` in whole seconds since 1970.
        Empty when the files say too little, and for an OME-Zarr in one file, of which no server serves the parts.
        """
        if self._archive:
            return []
        try:
            folder = self._path(self.multiscale["datasets"][-1]["path"])
            chunk = _middle_file(folder)
            if chunk is None:
                return []
            return [*self._samples(self.root / self.metadata_key), *self._samples(chunk)]
        except (OSError, KeyError, IndexError, TypeError, ValueError):
            return []

    def _samples(self, path: Path) -> list[dict[str, Any]]:
        key = path.relative_to(self.root).as_posix()
        stat = path.stat()
        last = max(0, stat.st_size - SAMPLE)
        samples = []
        for offset in sorted({0, last // 2, last}):
            _, start, data, _ = self.read(key, offset, SAMPLE)
            where = {"key": key, "size": stat.st_size, "modified": int(stat.st_mtime), "offset": start}
            samples.append({**where, "bytes": data})
        return samples

    def _described(self, name: str) -> dict[str, Any]:
        """The first multiscale image that its metadata describe."""
        document = self._metadata()
        if document is None:
            self._refuse_array(name)
            raise ValueError(f"{name}: not an OME-Zarr (neither zarr.json nor .zattrs is in it)")
        key = self.metadata_key
        try:
            return multiscale_of(key, document)
        except (LookupError, TypeError):
            self._refuse_array(name)
            what = f"{key} describes no OME-Zarr image (multiscales); of an array in it"
            raise ValueError(f"{name}: {what}, write one with write_image") from None
        except ValueError as reason:
            raise ValueError(f"{name}: {key} is damaged ({reason})") from None

    def _refuse_array(self, name: str) -> None:
        """Says of an array by itself what can be done with it."""
        try:
            is_array = json.loads(self.read("zarr.json")[2] or b"{}").get("node_type") == "array"
        except (AttributeError, ValueError):
            is_array = False
        if is_array or self.read(".zarray")[0] is not None:
            what = "a Zarr array by itself, which says nothing of axes and voxels, and no OME-Zarr"
            how = f"look at it with view(zarr.open_array({name!r})), or write an OME-Zarr of it with write_image"
            raise ValueError(f"{name}: {what}: {how}")

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        odd = not parts or any(part in ("/", "..") or "\\" in part or ":" in part or "\0" in part for part in parts)
        path = self.root.joinpath(*parts) if not odd else self.root
        if odd or not Path(os.path.realpath(path)).is_relative_to(self.root):
            raise ValueError(f"{key!r} does not name a file of {self.root}")
        return path


def _advice(place: str) -> str:
    """What is said everywhere of an address of a kind that is not read."""
    try:
        ask("info", place, None, {}, "--no-files")
    except ConversionError as error:
        return str(error)
    return f"{place}: no such folder"


def _nearest(path: Path) -> str | None:
    """The name of the OME-Zarr, in the folder of a path that names nothing, that may have been meant."""
    try:
        names = [entry.name for entry in os.scandir(path.parent) if entry.name.endswith(".zarr") and entry.is_dir()]
    except OSError:
        return None
    # An ending that all names share makes none of them near.
    stems = {name.removesuffix(".zarr").removesuffix(".ome"): name for name in names}
    near = difflib.get_close_matches(path.name.removesuffix(".zarr").removesuffix(".ome"), stems, 1)
    return stems[near[0]] if near else None


def _middle_file(folder: Path) -> Path | None:
    """The chunk in the middle of the tree of chunks."""
    entries = [entry for entry in os.scandir(folder) if entry.name != "zarr.json" and not entry.name.startswith(".")]
    if not entries:
        return None
    entries.sort(key=lambda entry: (len(entry.name), entry.name))
    middle = entries[len(entries) // 2]
    return _middle_file(Path(middle.path)) if middle.is_dir() else Path(middle.path)


def _read_all(file: Any, start: int, count: int) -> bytes:
    file.seek(start)
    pieces = []
    while count > 0 and (piece := file.read(count)):
        pieces.append(piece)
        count -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)

"""An array as the OME-Zarr that a viewer asks for, chunk by chunk: nothing of it is written or copied as a whole."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from ..image_files import NO_FILE, Files, Part, part_of
from .files import OmeZarrFiles

#: Voxels of a chunk along each axis of space: at most 2 MiB a message.
CHUNK = 64
#: An axis as long as this needs no coarser level.
SMALL = 2 * CHUNK
#: Types that a viewer shows as they are.
SHOWN = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32")
#: Types in whose place another one is shown, with all values.
WIDENED = {"bool": "uint8", "float16": "float32"}

_CHUNK_KEY = re.compile(r"(\d+)/c/(\d+(?:/\d+)*)")

#: Scale, translation and unit, each by axis.
Geometry: TypeAlias = tuple[dict[str, float], dict[str, float], dict[str, str | None]]


class ArrayFiles(Files):
    """Files that are made of an array when they are read. Raises ``ValueError`` for an array that cannot be shown.

    Level 0 is the array; of coarser levels each voxel is one of its: every 2nd, 4th, ... along each axis.
    """

    root: str

    def __init__(
        self,
        array: Any,
        name: str,
        axes: str,
        scale: Sequence[float],
        translation: Sequence[float],
        units: Sequence[str | None],
        labels: bool,
    ) -> None:
        self.root = name
        self._array = array
        self._labels = labels
        self.shape = tuple(int(length) for length in array.shape)
        if 0 in self.shape:
            raise ValueError(f"{name}: an array of {self.shape} voxels: there is nothing to see")
        self.stored = _stored(array, name, labels)
        self._names = axes
        kinds = {"t": "time", "c": "channel"}
        named = [
            {"name": axis, "type": kinds.get(axis, "space"), **({"unit": unit} if unit else {})}
            for axis, unit in zip(axes, units, strict=True)
        ]
        self._scale, self._translation = tuple(scale), tuple(translation)
        self.factors = [(1,) * len(axes)]
        while any(-(-n // f) > SMALL for n, f in self._space(self.factors[-1])):
            self.factors.append(
                tuple(
                    f * 2 if axis in "zyx" and -(-n // f) > SMALL else f
                    for axis, n, f in zip(axes, self.shape, self.factors[-1], strict=True)
                )
            )
        self.multiscale = {"name": name, "axes": named, "datasets": self._datasets()}

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Part:
        """Bytes of the file ``key``, without a version."""
        data = self._file(key)
        return NO_FILE if data is None else part_of(data, offset, length)

    def geometry(self) -> Geometry:
        """Scale, translation and unit by axis, of level 0."""
        units = {axis["name"]: axis.get("unit") for axis in self.axes}
        by_axis = [dict(zip(self._names, values, strict=True)) for values in (self._scale, self._translation)]
        return by_axis[0], by_axis[1], units

    def _space(self, factor: Sequence[int]) -> list[tuple[int, int]]:
        return [(n, f) for axis, n, f in zip(self._names, self.shape, factor, strict=True) if axis in "zyx"]

    def _chunk(self) -> list[int]:
        return [min(n, CHUNK) if axis in "zyx" else 1 for axis, n in zip(self._names, self.shape, strict=True)]

    def _file(self, key: str) -> bytes | None:
        if key == "zarr.json":
            return json.dumps(self._group()).encode()
        level, _, rest = key.partition("/")
        if not level.isdigit() or int(level) >= len(self.factors):
            return None
        factor = self.factors[int(level)]
        shape = [-(-n // f) for n, f in zip(self.shape, factor, strict=True)]
        if rest == "zarr.json":
            return json.dumps(self._level(shape)).encode()
        found = _CHUNK_KEY.fullmatch(key)
        cell = [int(n) for n in found[2].split("/")] if found else []
        chunk = self._chunk()
        if len(cell) != len(shape) or any(n * c >= s for n, c, s in zip(cell, chunk, shape, strict=True)):
            return None
        return self._voxels(cell, chunk, shape, factor)

    def _voxels(self, cell: list[int], chunk: list[int], shape: list[int], factor: Sequence[int]) -> bytes:
        import numpy as np

        where = tuple(
            slice(n * c * f, min((n + 1) * c, s) * f, f) for n, c, s, f in zip(cell, chunk, shape, factor, strict=True)
        )
        found = np.asarray(self._array[where])
        stored = np.dtype(self.stored).newbyteorder("<")
        if found.dtype.kind in "iu" and found.size:
            _check_range(found.min(), found.max(), stored, self.root, self._labels)
        # Voxels of the last chunk that lie beyond the array are not looked at.
        block = np.zeros(chunk, stored)
        block[tuple(slice(n) for n in found.shape)] = found
        return block.tobytes()

    def _datasets(self) -> list[dict[str, Any]]:
        return [
            {
                "path": str(number),
                "coordinateTransformations": [
                    {"type": "scale", "scale": [s * f for s, f in zip(self._scale, factor, strict=True)]},
                    # The centre of a coarser voxel is that of the voxel that it shows.
                    {"type": "translation", "translation": list(self._translation)},
                ],
            }
            for number, factor in enumerate(self.factors)
        ]

    def _group(self) -> dict[str, Any]:
        ome = {"version": "0.5", "multiscales": [self.multiscale]}
        return {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}

    def _level(self, shape: list[int]) -> dict[str, Any]:
        return {
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": self.stored,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self._chunk()}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": 0,
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "dimension_names": list(self._names),
            "attributes": {},
        }


class LevelFiles(OmeZarrFiles):
    """The files of an OME-Zarr from one of its levels on."""

    #: None until the metadata has been read.
    _document: dict[str, Any] | None = None

    def __init__(self, root: str, level: int) -> None:
        super().__init__(root)
        document = json.loads(super().read(self.metadata_key)[2])
        inside = document["attributes"]["ome"] if self.metadata_key == "zarr.json" else document
        self.multiscale = inside["multiscales"][0]
        del self.multiscale["datasets"][:level]
        self._document = document

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Part:
        """Bytes of the file ``key``; of the root's metadata what is left of these."""
        if self._document is None or key != self.metadata_key:
            return super().read(key, offset, length)
        return part_of(json.dumps(self._document).encode(), offset, length)

    def fingerprint(self) -> list[dict[str, Any]]:
        """Nothing: the server has it with all its levels."""
        return []


def _stored(array: Any, name: str, labels: bool) -> str:
    """The type as which an array is shown."""
    import numpy as np

    dtype = np.dtype(array.dtype)
    given = str(dtype.newbyteorder("=").name)
    if dtype.kind == "f" and labels:
        raise ValueError(f"{name}: {given} voxels, and labels are whole numbers: .astype('uint32') makes them so")
    if given in WIDENED:
        return WIDENED[given]
    if labels and dtype.kind == "i":
        return given.replace("int", "uint")
    if given in SHOWN:
        return given
    if dtype.kind == "f":
        return "float32"
    if given == "int64":
        # Whole arrays are looked through; of what is read piece by piece each piece is checked.
        low, high = (int(array.min()), int(array.max())) if isinstance(array, np.ndarray) else (-1, 0)
        stored = "uint64" if low >= 0 and high >= 2**31 else "int32"
        _check_range(low, high, np.dtype(stored), name, labels)
        return stored
    shown = ", ".join((*SHOWN, "float16", "float64", "int64", "bool"))
    raise ValueError(f"{name}: {given} voxels, where one of these was expected: {shown}")


def _check_range(low: Any, high: Any, stored: Any, name: str, labels: bool) -> None:
    import numpy as np

    least, most = (0, math.inf) if stored.kind == "f" else (int(np.iinfo(stored).min), int(np.iinfo(stored).max))
    if stored.kind == "f" or (int(low) >= least and int(high) <= most):
        return
    what = "labels are not negative" if labels else f"the viewer shows such arrays as {stored.name}"
    raise ValueError(f"{name}: values from {int(low)} to {int(high)}, and {what}: give it as another type by astype()")

"""Volumes to measure on: noise on structure, as a reconstruction has it, made once and kept.

``python inputs.py FOLDER``, followed by specifications as JSON, makes them in a process of its own, whose memory is not
the benchmark's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Volume:
    """A multi-page BigTIFF; uncompressed and contiguous unless `options` of tifffile's writer say otherwise."""

    pages: int
    dtype: str = "float32"
    #: rows and columns
    slice: tuple[int, int] = (1024, 1024)
    options: dict[str, Any] = field(default_factory=dict)

    def path(self, folder: Path) -> Path:
        words = [
            self.dtype,
            "x".join(map(str, (self.pages, *self.slice))),
            *(f"{key}-{value}" for key, value in self.options.items()),
        ]
        return folder / f"{'-'.join(words).replace('>', 'big')}.tif"


def prepare(folder: Path, volumes: list[Volume]) -> None:
    """Makes those that are not there yet."""
    missing = [json.dumps(asdict(volume)) for volume in volumes if not volume.path(folder).exists()]
    if missing:
        subprocess.run([sys.executable, __file__, str(folder), *missing], check=True)


def write(volume: Volume, path: Path) -> None:
    import numpy
    import tifffile

    height, width = volume.slice
    y, x = numpy.ogrid[:height, :width]
    noise = numpy.random.default_rng(1).standard_normal(volume.slice, dtype="float32")

    def values(z: int) -> numpy.ndarray:
        structure = (numpy.sin(z / 9) * numpy.sin(y / 11) * numpy.sin(x / 7)).astype("float32")
        # The same noise for all slices, but nowhere twice in one place.
        value = 0.02 + 0.004 * structure + 0.001 * numpy.roll(noise, (31 * z, 7919 * z), (0, 1))
        if volume.dtype == "float32":
            return value
        top = numpy.iinfo(volume.dtype).max
        return (value * top / 0.04).clip(0, top).astype(volume.dtype)

    options = dict(volume.options)
    order = options.pop("byteorder", "<")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with tifffile.TiffWriter(partial, bigtiff=True, byteorder=order) as writer:
        for z in range(volume.pages):
            writer.write(values(z), contiguous=not options, photometric="minisblack", metadata=None, **options)
    partial.rename(path)


if __name__ == "__main__":
    for text in sys.argv[2:]:
        volume = Volume(**json.loads(text))
        write(volume, volume.path(Path(sys.argv[1])))

"""Volumes to measure on: noise on structure, as a reconstruction has it, made once and kept."""

from pathlib import Path

import numpy
import tifffile

SLICE = (1024, 1024)


def values(dtype: str, z: int) -> numpy.ndarray:
    """Slice z, of shape (Y, X): smooth structure and Gaussian noise, in a range that suits the type."""
    y, x = numpy.ogrid[: SLICE[0], : SLICE[1]]
    structure = numpy.sin(z / 9) * numpy.sin(y / 11) * numpy.sin(x / 7)
    noise = numpy.random.default_rng(z).standard_normal(SLICE, dtype="float32")
    value = 0.02 + 0.004 * structure + 0.001 * noise
    if dtype == "float32":
        return value.astype("float32")
    top = numpy.iinfo(dtype).max
    return (value * top / 0.04).clip(0, top).astype(dtype)


def volume(folder: Path, gigabytes: float, dtype: str = "float32", **options) -> Path:
    """A multi-page TIFF of so many bytes of voxels (10^9), one strip a page by default."""
    name = "-".join(
        [
            dtype,
            f"{gigabytes:g}GB",
            *(f"{key}={value}" for key, value in options.items()),
        ]
    )
    path = folder / f"{name.replace('>', 'big')}.tif"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        pages = max(
            1,
            round(gigabytes * 1e9 / (SLICE[0] * SLICE[1] * numpy.dtype(dtype).itemsize)),
        )
        order = options.pop("byteorder", "<")
        with tifffile.TiffWriter(partial, bigtiff=True, byteorder=order) as writer:
            for z in range(pages):
                writer.write(
                    values(dtype, z),
                    contiguous=not options,
                    photometric="minisblack",
                    metadata=None,
                    **options,
                )
        partial.rename(path)
    return path

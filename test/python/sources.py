"""Volumes, written as TIFF by tifffile, and read back by it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

INTEGERS = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
DTYPES = (*INTEGERS, "float16", "float32", "float64")


def as_stored(dtype: str) -> tuple[str, list[str]]:
    """The type that voxels are stored in, and the options that a type of NumPy's takes to stay as it is."""
    return ("float32", []) if dtype == "float16" else (dtype, ["-d", dtype] if dtype == "float64" else [])


@dataclass(frozen=True)
class Encoding:
    """How a volume lies in its file or files."""

    dtype: str
    byteorder: str = "little"
    layout: str = "page"
    compression: str = "none"
    predictor: int = 1
    container: str = "classic"

    def possible(self) -> bool:
        """Whether tifffile can write it and the program reads it."""
        if self.compression == "jpeg" and self.dtype != "uint8":
            return False
        if self.compression == "lerc" and self.byteorder == "big" and self.dtype not in ("uint8", "int8"):
            return False
        if self.compression == "lerc" and self.dtype in ("uint64", "int64", "float16"):
            return False  # LERC has none of them
        if self.predictor != 1 and self.compression not in ("lzw", "deflate", "zstd"):
            return False
        if self.predictor == (2 if self.dtype.startswith("float") else 3):
            return False
        if self.container == "ome" and self.dtype in ("uint64", "int64", "float16"):  # OME-XML has no name for them
            return False
        if self.container.startswith("imagej"):
            plain = self.layout == "page" and self.compression == "none"
            return plain and self.dtype in ("uint8", "uint16", "int16", "float32")
        return True

    @property
    def stored(self) -> str:
        """The type that is written unless another is asked for."""
        return "float32" if self.dtype.startswith("float") else self.dtype

    @property
    def lossless(self) -> bool:
        return self.compression != "jpeg"


VOXEL_SIZE = (0.5, 0.25, 0.25)
"""Edge lengths (Z, Y, X) in micrometer of what is written as ImageJ or OME-TIFF."""


def calibrated(container: str) -> bool:
    return container.startswith("imagej") or container == "ome"


def volume(shape: tuple[int, int, int], encoding: Encoding, seed: int = 0) -> np.ndarray:
    """A volume with all that is difficult: a still half, a noisy one, extremes, NaN and infinities if possible."""
    chance = np.random.default_rng([seed, *shape])
    dtype = np.dtype(encoding.dtype)
    z, y, x = np.ogrid[tuple(slice(n) for n in shape)]
    smooth = np.sin(z / 7) + np.cos(y / 11) * np.sin(x / 5) + 2
    if encoding.compression == "jpeg":
        return np.rint(40 * smooth + 20).astype(dtype)
    still = np.broadcast_to(x < shape[2] // 2, shape)
    if dtype.kind == "f":
        noisy = smooth + chance.normal(0, 0.3, shape)
        array = np.where(still, smooth, noisy).astype(dtype)
        if encoding.compression == "lerc":  # its handling of NaN is its own
            return array
        flat = array.reshape(-1)
        extremes = {"float16": [65504, 6e-8], "float32": [3.4e38, 1e-45], "float64": [1e300, 1e-300, 3.4028236e38]}
        specials = [np.nan, np.inf, -np.inf, -0.0, *extremes[encoding.dtype], -extremes[encoding.dtype][0]]
        at = chance.random(flat.shape) < 0.03
        flat[at] = chance.choice(np.array(specials, dtype), int(at.sum()))
        array[shape[0] // 3 :, shape[1] // 2 : shape[1] // 2 + 9, -7:] = np.nan
        array[:, : shape[1] // 4, : shape[2] // 4] = 0
        return array
    limits = np.iinfo(dtype)
    noisy = chance.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    array = np.where(still, (smooth * 25).astype(dtype), noisy).astype(dtype)
    at = chance.random(shape) < 0.02
    specials = np.array([limits.min, limits.max, limits.max - 1, 0, 1], dtype)
    array[at] = chance.choice(specials, int(at.sum()))
    return array


def write(folder: Path, array: np.ndarray, encoding: Encoding) -> Path:
    """Writes a volume (Z, Y, X) and returns what to convert: a file, or a folder of slices."""
    order = {"little": "<", "big": ">"}[encoding.byteorder]
    settings: dict = {"photometric": "minisblack", "byteorder": order}
    if encoding.layout == "tiles":
        settings["tile"] = (32, 48)
    else:
        settings["rowsperstrip"] = {"page": array.shape[1], "rows": min(3, array.shape[1]), "row": 1}[encoding.layout]
    if encoding.compression != "none":
        settings["compression"] = encoding.compression
        if encoding.compression == "jpeg":
            settings["compressionargs"] = {"level": 90}
    if encoding.predictor != 1:
        settings["predictor"] = encoding.predictor
    if encoding.container == "slices":
        source = folder / "slices"
        source.mkdir()
        for number, plane in enumerate(array):
            tifffile.imwrite(source / f"slice_{number}.tif", plane, metadata=None, **settings)
        return source
    source = folder / "scan.tif"
    resolution = {"resolution": (1 / VOXEL_SIZE[2], 1 / VOXEL_SIZE[1])}
    match encoding.container:
        case "classic":
            # tifffile's own description of the shape, which programs that know nothing of it must see through.
            tifffile.imwrite(source, array, **settings)
        case "bigtiff":
            tifffile.imwrite(source, array, bigtiff=True, metadata=None, **settings)
        case "imagej" | "imagej-single":
            del settings["rowsperstrip"]
            metadata = {"axes": "ZYX", "spacing": VOXEL_SIZE[0], "unit": "um"}
            # Truncated: one page and the planes after it, as ImageJ itself does beyond 4 GB.
            single = {"truncate": True} if encoding.container == "imagej-single" else {}
            tifffile.imwrite(source, array, imagej=True, metadata=metadata, **settings, **resolution, **single)
        case "ome":
            source = folder / "scan.ome.tif"
            names = ("PhysicalSizeZ", "PhysicalSizeY", "PhysicalSizeX")
            metadata = {"axes": "ZYX", **dict(zip(names, VOXEL_SIZE, strict=True))}
            metadata |= {f"{name}Unit": "µm" for name in names}
            tifffile.imwrite(source, array, ome=True, metadata=metadata, **settings)
    return source


def read(source: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """A source's voxels (Z, Y, X) as tifffile reads them, in this machine's byte order."""
    if source.is_dir():
        planes = [tifffile.imread(source / f"slice_{number}.tif") for number in range(shape[0])]
        array = np.stack(planes)
    else:
        with tifffile.TiffFile(source) as file:
            array = file.series[0].asarray() if file.is_imagej else np.stack([page.asarray() for page in file.pages])
    return array.reshape(shape).astype(array.dtype.newbyteorder("="))

"""Downsampled windows of voxels, where values are often as frequent as others and voxels are no cubes."""

import numpy as np
import pytest
import tifffile
from oracle import Expected, check
from pairwise import pairwise
from sources import DTYPES, as_stored

PARAMETERS = {
    "method": ("mode", "max", "nearest", "mean"),
    "dtype": DTYPES,
    "shape": ((1, 1, 1), (2, 2, 2), (3, 5, 7), (1, 33, 40), (17, 1, 66), (9, 70, 131), (64, 20, 20)),
    "voxel_size": (None, (5, 1, 1), (1, 1, 4), (0.9, 3.7, 1.8), (2, 2, 1)),
    "chunk": ((8, 8, 8), (1, 64, 64), (5, 9, 32)),
    "levels": (None, 4),
    "version": ("0.5", "0.4"),
}
CASES = pairwise(PARAMETERS, lambda row: True)


def regions(shape: tuple[int, int, int], dtype: str) -> np.ndarray:
    """Regions of few values, with ragged borders."""
    chance = np.random.default_rng(shape)
    z, y, x = np.ogrid[tuple(slice(n) for n in shape)]
    numbers = ((z + 2 * y) // 7 + x // 5 + chance.integers(0, 2, shape)) % 5
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return np.array([0, 1.5, -2.25, np.nan, -np.inf], dtype)[numbers]
    limits = np.iinfo(kind)
    return np.array([0, 1, limits.max, limits.min, limits.max - 3], dtype)[numbers]


def name(row: dict) -> str:
    return "-".join("x".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in row.values())


@pytest.mark.parametrize("row", CASES, ids=name)
def test_every_method(cli, tmp_path, row):
    array = regions(row["shape"], row["dtype"])
    tifffile.imwrite(tmp_path / "scan.tif", array, photometric="minisblack", metadata=None)
    words = ["--downsample", row["method"], "-c", *row["chunk"], "--ome-zarr", row["version"]]
    words += ["-n", row["levels"]] if row["levels"] else []
    words += ["--voxel-size", *row["voxel_size"]] if row["voxel_size"] else []
    output = tmp_path / "scan.ome.zarr"
    stored, kept = as_stored(row["dtype"])
    cli.convert(tmp_path / "scan.tif", output, *words, *kept)
    expected = Expected(
        array.astype(stored),
        chunk=row["chunk"],
        levels=row["levels"],
        downsample=row["method"],
        version=row["version"],
        voxel_size=row["voxel_size"],
    )
    check(output, expected)

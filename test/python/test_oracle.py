"""Every kind of TIFF to every kind of OME-Zarr, judged by tifffile, NumPy, zarr, TensorStore and ome-zarr-models."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import sources
from command_line import CommandLine
from oracle import COMPRESSIONS, Expected, check
from pairwise import pairwise
from sources import DTYPES, VOXEL_SIZE, Encoding

PARAMETERS = {
    "dtype": DTYPES,
    "byteorder": ("little", "big"),
    "layout": ("page", "rows", "row", "tiles"),
    "source": ("none", "lzw", "deflate", "packbits", "zstd", "jpeg", "lerc"),
    "predictor": (1, 2, 3),
    "container": ("classic", "bigtiff", "imagej", "imagej-single", "ome", "slices"),
    "shape": (
        *((1, 1, 1), (1, 7, 5), (5, 1, 300), (2, 2, 2), (3, 130, 129)),
        *((129, 65, 257), (33, 64, 64), (40, 97, 31), (7, 200, 3)),
    ),
    "chunk": ((128, 128, 128), (16, 32, 64), (7, 9, 33), (1, 64, 64), (25, 1, 50), (64, 256, 16)),
    "levels": (None, 1, 2, 3, 12),
    "downsample": ("mean", "mode", "max", "nearest"),
    "compression": COMPRESSIONS,
    "version": ("0.5", "0.4"),
    "region": ("all", "inner", "edge", "line"),
    "memory": ("4G", "300M"),
    "jobs": (None, 1, 3),
    "calibration": ("source", "user"),
}


def encoding(row: dict) -> Encoding:
    return Encoding(row["dtype"], row["byteorder"], row["layout"], row["source"], row["predictor"], row["container"])


CASES = pairwise(PARAMETERS, lambda row: encoding(row).possible())


def region(kind: str, shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """First voxel and end along each axis."""
    match kind:
        case "inner":
            return [(n // 4, max(n // 4 + 1, n - n // 3)) for n in shape]
        case "edge":
            return [(n // 2, n) for n in shape]
        case "line":
            return [(shape[0] - 1, shape[0]), (0, 1), (0, shape[2])]
    return [(0, n) for n in shape]


def prepare(folder: Path, row: dict) -> tuple[list, Expected]:
    """Writes a case's source; returns the command's words and what must come of it."""
    how, shape = encoding(row), row["shape"]
    array = sources.volume(shape, how)
    source = sources.write(folder, array, how)
    read = sources.read(source, shape)
    if how.lossless:
        np.testing.assert_array_equal(read, array)
    cut = region(row["region"], shape)
    words: list = [source, folder / "out.ome.zarr", "-c", *row["chunk"]]
    words += ["-n", row["levels"] or "auto", "--compression", row["compression"], "--ome-zarr", row["version"]]
    words += ["--downsample", row["downsample"], "-m", row["memory"]]
    if row["jobs"]:
        words += ["-j", row["jobs"]]
    if row["region"] != "all":
        words += ["--roi", *(bound for bounds in cut for bound in bounds)]
    size, unit = (VOXEL_SIZE, "micrometer") if sources.calibrated(row["container"]) else (None, None)
    if row["calibration"] == "user":
        size, unit = (3, 2.5, 0.125), "millimeter"
        words += ["--voxel-size", *size, "--unit", "mm"]
    expected = Expected(
        level0=as_stored(read[tuple(slice(*bounds) for bounds in cut)], how.stored),
        chunk=row["chunk"],
        levels=row["levels"],
        downsample=row["downsample"],
        compression=row["compression"],
        version=row["version"],
        start=tuple(start for start, _ in cut),
        voxel_size=size,
        unit=unit,
        tolerance=0 if how.lossless else 1,
    )
    return words, expected


def as_stored(array: np.ndarray, dtype: str) -> np.ndarray:
    """Voxels in another type; what is too great becomes infinite."""
    with np.errstate(over="ignore"):
        return array.astype(dtype)


@pytest.fixture(scope="module")
def two_at_once():
    with ThreadPoolExecutor(2) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)


class Ahead:
    """Prepares and converts the next cases while a test looks at the last one."""

    def __init__(self, pool: ThreadPoolExecutor, cli: CommandLine, root: Path, numbers: list[int]) -> None:
        self.pool, self.cli, self.root = pool, cli, root
        self.numbers = numbers
        self.started: dict[int, Future] = {}

    def convert(self, number: int) -> tuple[dict, list, Expected]:
        folder = self.root / str(number)
        folder.mkdir()
        words, expected = prepare(folder, CASES[number])
        return self.cli.convert(*words), words, expected

    def result(self, number: int) -> tuple[dict, list, Expected]:
        at = self.numbers.index(number)
        for near in self.numbers[at : at + 3]:
            if near not in self.started:
                self.started[near] = self.pool.submit(self.convert, near)
        return self.started.pop(number).result()


@pytest.fixture(scope="module")
def ahead(two_at_once, cli, tmp_path_factory, request) -> Ahead:
    chosen = [item.callspec.params["number"] for item in request.session.items if item.name.startswith("test_pairs[")]
    return Ahead(two_at_once, cli, tmp_path_factory.mktemp("pairs"), chosen)


def name(number: int) -> str:
    row = CASES[number]
    return f"{number}-{row['container']}-{row['dtype']}-{row['byteorder']}-{row['layout']}-{row['source']}"


@pytest.mark.parametrize("number", range(len(CASES)), ids=name)
def test_pairs(number, ahead):
    done, words, expected = ahead.result(number)
    output = Path(words[1])
    own = check(output, expected)
    assert done["output"] == str(output)
    assert done["levels"] == len(expected.shapes)
    assert done["bytesWritten"] == sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    assert done["nanVoxels"] == 0 and done["valueRange"] is None
    assert own

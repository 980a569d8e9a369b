"""The same voxels, however the work is cut: memory, threads, layout of the source."""

import hashlib

import numpy as np
import pytest
import tifffile
from oracle import Expected, check, files

SHAPE = (70, 190, 310)
CHUNK = (16, 24, 40)


@pytest.fixture(scope="module")
def array():
    chance = np.random.default_rng(7)
    z, y, x = np.ogrid[tuple(slice(n) for n in SHAPE)]
    smooth = (np.sin(z / 9) * np.cos(y / 13) + np.sin(x / 17) + 2) * 9000
    return (smooth + chance.normal(0, 300, SHAPE)).astype(np.uint16)


@pytest.fixture(scope="module")
def scans(array, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cuts")
    settings = {
        "raw": {},
        "page": {"compression": "deflate", "rowsperstrip": SHAPE[1]},
        "tiles": {"compression": "lzw", "predictor": 2, "tile": (64, 64), "byteorder": ">"},
    }
    for name, kind in settings.items():
        tifffile.imwrite(folder / f"{name}.tif", array, photometric="minisblack", **kind)
    return folder


def digests(output):
    return {name: hashlib.sha256((output / name).read_bytes()).hexdigest() for name in sorted(files(output))}


@pytest.fixture(scope="module")
def reference(cli, scans, array, tmp_path_factory):
    output = tmp_path_factory.mktemp("reference") / "out.ome.zarr"
    cli.convert(scans / "raw.tif", output, "-c", *CHUNK, "-j", 1)
    check(output, Expected(array, chunk=CHUNK))
    return digests(output)


def smallest_budget(cli, source, output, *words) -> int:
    """The bytes that a refusal names."""
    run = cli("convert", source, output, *words, "-m", "1M", "--progress", "json")
    assert run.status == 1
    message = run.events[-1]["message"]
    return int(message.split(" bytes")[0].split("(")[-1])


@pytest.mark.parametrize("kind", ["raw", "page", "tiles"])
@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("memory", ["least", "some", "4G"])
def test_same_output(cli, scans, reference, tmp_path, kind, jobs, memory):
    """Every file is the same to the byte, the metadata's names aside."""
    source, output = scans / f"{kind}.tif", tmp_path / "out.ome.zarr"
    words = ["-c", *CHUNK, "-j", jobs]
    if memory != "4G":
        words += ["-m", smallest_budget(cli, source, output, *words) + (memory == "some") * 12_000_000]
    cli.convert(source, output, *words)
    found = digests(output)
    assert found.pop("zarr.json")
    assert found == {name: digest for name, digest in reference.items() if name != "zarr.json"}


@pytest.mark.parametrize("compression", ["blosc-lz4", "blosc-zstd", "none"])
def test_chunks_of_many_blocks(cli, tmp_path, compression):
    """Blosc's blocks begin and end in the middle of planes and rows; chunks at the edges are filled up."""
    shape, chunk = (41, 310, 437), (40, 301, 401)
    array = np.random.default_rng(5).normal(100, 9, shape).astype(np.uint8)
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    tifffile.imwrite(source, array, photometric="minisblack")
    cli.convert(source, output, "-c", *chunk, "--compression", compression)
    check(output, Expected(array, chunk=chunk, compression=compression))

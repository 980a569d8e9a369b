"""Shards: many chunks in a file, read back by libraries that nobody here wrote."""

import json

import numpy as np
import pytest
import tifffile
import zarr
from oracle import COMPRESSIONS, Expected, check

CASES = {
    "whole shards": ((64, 128, 128), "uint16", (32, 64, 64), (16, 32, 32)),
    "cut at every end": ((37, 101, 75), "float32", (32, 32, 64), (16, 32, 16)),
    "larger than the volume": ((20, 30, 40), "uint8", (64, 64, 64), (16, 16, 16)),
    "one chunk": ((40, 50, 60), "uint16", (16, 32, 32), (16, 32, 32)),
    "odd lengths": ((45, 44, 43), "int16", (15, 21, 9), (5, 7, 3)),
    "one voxel": ((1, 1, 1), "uint8", (2, 2, 2), (1, 1, 1)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_voxels(cli, tmp_path, case, compression):
    shape, dtype, shard, chunk = CASES[case]
    array = np.random.default_rng(3).normal(100, 20, shape).clip(0, 255).astype(dtype)
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    tifffile.imwrite(source, array, photometric="minisblack", metadata=None)
    cli.convert(source, output, "-c", *chunk, "--shard", *shard, "--compression", compression)
    own = check(output, Expected(array, chunk=chunk, shard=shard, compression=compression))
    assert own["shard"] == list(shard)


def test_large_shards(cli, tmp_path):
    """Of more than is gathered before it is written, so that a shard is written in several pieces."""
    array = np.random.default_rng(4).integers(0, 65535, (70, 600, 700), np.uint16)
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    tifffile.imwrite(source, array, photometric="minisblack", metadata=None)
    cli.convert(source, output, "-c", 32, 64, 64, "--shard", 64, 512, 512, "-m", "300M")
    check(output, Expected(array, chunk=(32, 64, 64), shard=(64, 512, 512)))


def test_one_chunk_is_read_alone(cli, tmp_path):
    """A reader needs the index and the chunk, not the shard."""
    array = np.random.default_rng(5).integers(0, 255, (64, 64, 64), np.uint8)
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    tifffile.imwrite(source, array, photometric="minisblack", metadata=None)
    cli.convert(source, output, "-c", 16, 16, 16, "--shard", 64, 64, 64, "-n", 1)
    assert zarr.open_array(output / "0").shards == (64, 64, 64)
    file = output / "0/c/0/0/0"
    data = bytearray(file.read_bytes())
    offset, length = np.frombuffer(data[-(64 * 16 + 4) : -4], "<u8").reshape(64, 2)[0]
    data[offset : offset + length] = bytes(length)
    file.write_bytes(data)
    np.testing.assert_array_equal(zarr.open_array(output / "0")[16:], array[16:])


@pytest.mark.parametrize(
    "words, field, named",
    [
        (["--shard", 32, 32, 33], "shard", "[32,32,33]"),
        (["--shard", 0, 32, 32], "shard", "[0,32,32]"),
        (["--shard", 32, 32, 32, "--ome-zarr", "0.4"], "shard", "0.4"),
        (["--shard", 16000, 16000, 16000], "shard", "chunks"),
        (["-c", 64, 64, 64, "--shard", 1024, 1024, 1024, "-m", "200M"], "maxMemory", "shards of 1024"),
    ],
)
def test_what_cannot_be(cli, tmp_path, words, field, named):
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    with tifffile.TiffWriter(source) as writer:
        writer.write(shape=(2000, 300, 300), dtype="uint8", photometric="minisblack")
    run = cli("convert", source, output, *([] if "-c" in words else ["-c", 16, 16, 16]), *words, "--progress", "json")
    assert run.status == 1
    error = json.loads(run.stderr.splitlines()[-1])
    assert error["field"] == field and named in error["message"]
    assert not output.exists()

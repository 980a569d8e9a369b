"""The memory that the operating system counts, against the budget and the plan's promise."""

import ctypes
import mmap
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

from microct_io_vis import page_cache
from microct_io_vis.node import PYTHON, command

MIB = 2**20


def write_ramps(path: Path, shape: tuple[int, int, int], compressed: bool = False) -> None:
    """A BigTIFF of float32, page by page, never whole in this process; every page is noise of its own."""
    import tifffile

    chance = np.random.default_rng(11)
    noise = chance.random(shape[1:], np.float32)
    settings = {"compression": "zstd", "rowsperstrip": shape[1]} if compressed else {}

    def planes():
        for z in range(shape[0]):
            yield np.roll(noise, 31 * z, axis=1) + np.float32(z)

    tifffile.imwrite(path, planes(), shape=shape, dtype=np.float32, bigtiff=True, photometric="minisblack", **settings)


def check_peak(cli, source: Path, budget: str, *words: object) -> int:
    """Converts within a budget, holds the peak against it and against the plan, and returns it."""
    output = source.parent / "out.ome.zarr"
    plan = cli.estimate(source, output, "-m", budget, *words)
    run, peak = cli.peak_memory("convert", source, output, "-m", budget, *words, "-q")
    assert run.status == 0, run.stderr
    limit = int(budget.removesuffix("M")) * MIB
    promised = plan["peakMemoryBytes"]
    print(f"{peak / MIB:.0f} MiB of {promised / MIB:.0f} promised and {budget} allowed, {plan['workers']} workers")
    assert peak <= promised <= limit
    return peak


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """1.1 GB, more than four times the budget below."""
    source = tmp_path_factory.mktemp("memory") / "scan.tif"
    write_ramps(source, (264, 1024, 1024))
    yield source
    source.unlink()


def forget(source: Path) -> None:
    import shutil

    shutil.rmtree(source.parent / "out.ome.zarr")


@pytest.mark.parametrize(
    "words", [["--compression", "blosc-zstd"], ["--compression", "none", "-d", "uint16"]], ids=["zstd", "uint16"]
)
def test_volume_four_times_the_budget(cli, large, words):
    assert large.stat().st_size > 4 * 256 * MIB
    peak = check_peak(cli, large, "256M", *words)
    assert peak > 60 * MIB  # it is the converting process that was measured
    level = zarr.open_array(large.parent / "out.ome.zarr" / "0", mode="r")
    assert level.shape == (264, 1024, 1024)
    # A plane far down is there, in order.
    middle = level[200]
    assert np.argmin(middle) >= 0 and middle.max() > middle.min()
    forget(large)


@pytest.mark.parametrize("compression", ["blosc-zstd", "blosc-lz4", "zstd", "gzip", "none"])
@pytest.mark.parametrize("budget", ["180M", "700M"])
def test_every_compression(cli, tmp_path, compression, budget):
    source = tmp_path / "scan.tif"
    write_ramps(source, (64, 600, 700))
    check_peak(cli, source, budget, "-c", 64, 64, 64, "--compression", compression, "-j", 6)


def test_a_batch(cli, tmp_path):
    """The memory of one conversion is not there beside that of the next."""
    (tmp_path / "scans").mkdir()
    write_ramps(tmp_path / "scans" / "0.tif", (20, 512, 512))
    for copy in range(1, 12):
        (tmp_path / "scans" / f"{copy}.tif").hardlink_to(tmp_path / "scans" / "0.tif")
    (tmp_path / "out").mkdir()
    run, peak = cli.peak_memory("convert", "--batch", tmp_path / "scans", tmp_path / "out", "-m", "256M", "-q")
    assert run.status == 0, run.stderr
    assert 60 * MIB < peak <= 256 * MIB


def test_compressed_pages(cli, tmp_path):
    """Whole pages in one strip have to be decoded at once."""
    source = tmp_path / "scan.tif"
    write_ramps(source, (48, 1500, 1500), compressed=True)
    check_peak(cli, source, "256M", "-c", 64, 64, 64, "-j", 3)


def test_many_pages(cli, tmp_path):
    """Tables of pages are memory too."""
    source = tmp_path / "scan.tif"
    write_small_pages(source, 20_000)
    check_peak(cli, source, "256M", "-c", 64, 64, 64)


def write_small_pages(path: Path, count: int) -> None:
    """A classic TIFF of many 16 × 16 pages of uint8."""
    tags = [(256, 16), (257, 16), (258, 8), (259, 1), (262, 1), (273, 0), (277, 1), (278, 16), (279, 256)]
    length = 2 + 12 * len(tags) + 4
    start = 8 + count * length
    parts = [struct.pack("<2sHI", b"II", 42, 8)]
    for page in range(count):
        parts.append(struct.pack("<H", len(tags)))
        for tag, value in tags:
            parts.append(struct.pack("<HHII", tag, 4, 1, start + 256 * page if tag == 273 else value))
        parts.append(struct.pack("<I", 0 if page == count - 1 else 8 + (page + 1) * length))
    parts.append(np.arange(count * 256, dtype=np.uint32).astype(np.uint8).tobytes())
    path.write_bytes(b"".join(parts))


def test_descriptions(cli, tmp_path):
    """They are read within the budget too, and what of them is wanted is found behind 24 MB of the rest."""
    import tifffile

    rest = "x" * (12 << 20)
    image = '<Pixels SizeZ="2" SizeC="1" SizeT="1" SizeX="8" SizeY="8" Type="uint8"><TiffData/></Pixels>'
    around = f'<!--{rest}--><Annotations><Value a="{rest}">{rest}</Value>{"<a/>" * (1 << 20)}</Annotations>'
    for status, xml in [(0, f"{around}<Image>{image}</Image>"), (1, f'<Image Name="{rest}">{image}</Image>')]:
        source = tmp_path / f"{status}.ome.tif"
        voxels = np.zeros((2, 8, 8), np.uint8)
        tifffile.imwrite(source, voxels, description=f"<OME>{xml}</OME>", metadata=None, photometric="minisblack")
        run, peak = cli.peak_memory("info", source)
        assert run.status == status, run.stderr
        assert peak < 200 * MIB


def write_sparse(path: Path) -> int:
    """A BigTIFF of uint16, 500 GB to whoever asks, with a 7 at (1, 0, 0); returns where its voxels begin."""
    import tifffile

    voxels = tifffile.memmap(path, shape=(100, 50_000, 50_000), dtype=np.uint16, bigtiff=True)
    voxels[1, 0, 0] = 7
    # A page that is not on the disk yet stays in the page cache.
    voxels.flush()
    return voxels.offset


@pytest.mark.skipif(sys.platform != "linux", reason="what the page cache has is asked of Linux")
def test_source_that_does_not_fit_the_memory_is_not_kept_there(cli, tmp_path):
    """It would push out what other programs have in the page cache."""
    source = tmp_path / "scän.tif"
    offset = write_sparse(source)
    run = cli("convert", source, "--roi", 0, 16, 0, 128, 0, 50_000, "-q")
    assert run.status == 0, run.stderr
    array = zarr.open_array(tmp_path / "scän.ome.zarr" / "0", mode="r")
    assert array.shape == (16, 128, 50_000) and array[1, 0, 0] == 7
    with open(source, "rb") as file, mmap.mmap(file.fileno(), 6 * 10**9, prot=mmap.PROT_READ) as mapped:
        assert pages_in_memory(mapped, offset + 50_000**2 * 2, 128 * 100_000) == 0
        cli("verify", tmp_path / "scän.ome.zarr", "--against", source, "-q").succeeded()
        assert pages_in_memory(mapped, offset + 50_000**2 * 2, 128 * 100_000) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="what the page cache has is asked of Linux")
def test_what_is_read_ahead_of_such_a_source_stays_until_it_is_read(tmp_path):
    """It would be read from the disk a second time."""
    source, told, python = tmp_path / "scän (1).tif", tmp_path / "told", tmp_path / "python"
    offset = write_sparse(source)
    python.write_text(f"#!/bin/sh\ntee '{told}' | '{sys.executable}' \"$@\"\n")
    python.chmod(0o755)
    # More than is forgotten in one go.
    words = ["--roi", "0", "16", "256", "1280", "0", "50000", "-m", "1G", "--compression", "blosc-lz4", "-q"]
    subprocess.run(
        command("convert", str(source), str(tmp_path / "out.ome.zarr"), *words),
        env={**os.environ, PYTHON: str(python)},
        check=True,
    )
    *early, last = told.read_bytes().removesuffix(b"\0").split(b"\0")
    # In the end what lies between is, too; beyond may be what another part is to read.
    position, length, path = last.split(b" ", 2)
    begin, end = offset + 256 * 100_000, offset + (15 * 50_000 + 1280) * 100_000
    assert path == os.fsencode(source)
    assert (int(position), int(length)) == (begin, end - begin)
    rows = set()
    for entry in early:
        position, length, path = entry.split(b" ", 2)
        assert path == os.fsencode(source)
        first, rest = divmod(int(position) - offset, 100_000)
        count, rest_of_length = divmod(int(length), 100_000)
        assert rest == rest_of_length == 0
        rows |= {divmod(row, 50_000) for row in range(first, first + count)}
    assert len(rows) * 100_000 >= 2**30 - 2**28
    assert {z for z, _ in rows} <= set(range(16)) and {y for _, y in rows} <= set(range(256, 1280))


@pytest.mark.skipif(sys.platform != "linux", reason="what the page cache has is asked of Linux")
def test_only_what_is_named_is_forgotten(tmp_path):
    file = tmp_path / "a file"
    size = 16 * MIB
    with open(file, "wb") as new:
        new.write(b"\1" * size)
        os.fsync(new.fileno())
    # As long as the pieces that the system keeps files in, or longer: it drops none of which it is to keep a part.
    said = b"".join(b"%d %d %s\0" % (at, 4 * MIB, os.fsencode(file)) for at in (0, 8 * MIB))
    subprocess.run([sys.executable, "-I", page_cache.__file__], input=said, check=True)
    with open(file, "rb") as opened, mmap.mmap(opened.fileno(), size, prot=mmap.PROT_READ) as mapped:
        there = [pages_in_memory(mapped, at, 4 * MIB) for at in range(0, size, 4 * MIB)]
    assert there == [0, 4 * MIB // mmap.PAGESIZE] * 2


def pages_in_memory(mapped: mmap.mmap, start: int, length: int) -> int:
    start -= start % mmap.PAGESIZE
    found = (ctypes.c_ubyte * -(-length // mmap.PAGESIZE))()
    address = np.frombuffer(mapped, np.uint8).ctypes.data
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mincore(ctypes.c_void_p(address + start), ctypes.c_size_t(length), found) != 0:
        raise OSError(ctypes.get_errno(), "mincore")
    return sum(page & 1 for page in found)

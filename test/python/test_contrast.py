"""The window of values that the viewer chooses where the metadata has none, with zarr-python and NumPy as oracles."""

import json
import shutil
import subprocess
from pathlib import Path

import numcodecs
import numpy
import pytest
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from zarr.codecs.numcodecs import LZMA

WINDOWS = Path(__file__).with_name("windows.ts")
RNG = numpy.random.default_rng(9)


def windows(*paths):
    node = shutil.which("node")
    run = subprocess.run([node, str(WINDOWS), *map(str, paths)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def values(dtype, shape):
    """A skewed distribution over much of the type's range."""
    skewed = RNG.gamma(2, 0.1, shape).clip(0, 1)
    if numpy.dtype(dtype).kind == "f":
        return (skewed * 7 - 0.5).astype(dtype)
    info = numpy.iinfo(dtype)
    least, span = max(info.min, -(2**40)), min(info.max, 2**40) - max(info.min, -(2**40))
    return (least + skewed * span).astype(dtype)


def write(path, levels, version="0.5", axes="zyx", **options):
    """An OME-Zarr image without windows. `options` are those of zarr-python's `create_array`."""
    options = {"chunks": tuple(min(16, n) for n in levels[0].shape), **options}
    v3 = version == "0.5"
    group = zarr.open_group(path, mode="w", zarr_format=3 if v3 else 2)
    kinds = {"c": "channel", "t": "time"}
    multiscale = {
        "axes": [{"name": axis, "type": kinds.get(axis, "space")} for axis in axes],
        "datasets": [
            {"path": str(n), "coordinateTransformations": [{"type": "scale", "scale": [float(2**n)] * len(axes)}]}
            for n in range(len(levels))
        ],
    }
    if v3:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}
    else:
        group.attrs["multiscales"] = [{"version": "0.4", **multiscale}]
        options["chunk_key_encoding"] = {"name": "v2", "separator": "/"}
    for n, level in enumerate(levels):
        dtype = options.pop("dtype", level.dtype) if n == 0 else level.dtype
        array = group.create_array(str(n), shape=level.shape, dtype=dtype, **options)
        array[...] = level
    return path


def agrees(found, voxels, dtype):
    window, (low, high) = found["windows"][0], numpy.percentile(voxels.astype("float64"), [1, 99])
    assert found["dim"] is None
    rounding = 0 if numpy.dtype(dtype).kind == "f" else 1
    span = high - low
    assert abs(window["start"] - low) <= rounding + 1e-6 * span and abs(window["end"] - high) <= rounding + 1e-6 * span
    assert window["min"] == pytest.approx(float(voxels.min())) and window["max"] == pytest.approx(float(voxels.max()))


SHAPE = (20, 30, 37)

V3 = {
    "uint8": {"compressors": None},
    "uint16": {"compressors": ZstdCodec()},
    "int16": {"compressors": GzipCodec()},
    "uint32": {"compressors": BloscCodec(cname="lz4", shuffle="bitshuffle")},
    "float32": {"compressors": BloscCodec(cname="zstd", shuffle="shuffle")},
    "int8": {"compressors": [ZstdCodec(), Crc32cCodec()]},
    ">i4": {"serializer": BytesCodec(endian="big"), "compressors": None},
    ">f4": {"serializer": BytesCodec(endian="big"), "fill_value": float("nan")},
    "uint64": {"filters": [TransposeCodec(order=(2, 0, 1))]},
    "<u2": {"shards": (32, 32, 64), "chunks": (16, 16, 16)},
}


def test_ome_zarr_0_5(tmp_path):
    voxels = {dtype: values(dtype, SHAPE) for dtype in V3}
    levels = {dtype: [numpy.zeros((40, 60, 74), voxels[dtype].dtype), voxels[dtype]] for dtype in V3}
    paths = [write(tmp_path / str(n), levels[dtype], **options) for n, (dtype, options) in enumerate(V3.items())]
    for dtype, found in zip(V3, windows(*paths), strict=True):
        agrees(found, voxels[dtype], dtype)


V2 = {
    "|u1": {"compressors": None},
    ">u2": {"compressors": numcodecs.Blosc("zstd", shuffle=2)},
    "<i2": {"compressors": numcodecs.Zlib()},
    ">f4": {"compressors": numcodecs.GZip(), "order": "F"},
    "<u4": {"compressors": numcodecs.Zstd()},
    "<f4": {"compressors": numcodecs.Blosc("lz4")},
}


def test_ome_zarr_0_4(tmp_path):
    voxels = {dtype: values(dtype, SHAPE) for dtype in V2}
    paths = [
        write(tmp_path / str(n), [voxels[dtype]], "0.4", dtype=dtype, **options)
        for n, (dtype, options) in enumerate(V2.items())
    ]
    for dtype, found in zip(V2, windows(*paths), strict=True):
        agrees(found, voxels[dtype], dtype)


def test_what_was_not_measured_does_not_count(tmp_path):
    voxels = values("float32", SHAPE)
    measured = voxels.copy()
    voxels[:, :7] = numpy.nan
    voxels[:, 7:15] = -9999
    voxels[3, 20, 3:5] = numpy.inf, -numpy.inf
    # Chunks that are not there: zarr-python leaves out what has the fill value.
    sparse = numpy.zeros((64, 64, 64), "uint16")
    sparse[:16, :16, :16] = values("uint16", (16, 16, 16))
    nothing = numpy.zeros((64, 64, 64), "uint16")
    paths = [
        write(tmp_path / "gaps", [voxels], fill_value=-9999.0),
        write(tmp_path / "sparse", [sparse], fill_value=0),
        write(tmp_path / "sharded", [sparse], fill_value=0, shards=(32, 32, 32)),
        write(tmp_path / "nothing", [nothing], fill_value=0),
    ]
    gaps, *sparse_ones, nothing = windows(*paths)
    held = measured[:, 15:].astype("float64").ravel()
    low, high = numpy.percentile(held, [1, 99])
    window = gaps["windows"][0]
    assert window["start"] == pytest.approx(low, abs=1e-2) and window["end"] == pytest.approx(high, abs=1e-2)
    for found in sparse_ones:
        agrees(found, sparse[:16, :16, :16], "uint16")
    assert nothing["windows"] == [None] and nothing["dim"] is None


def test_one_value_and_nearly_one(tmp_path):
    few = numpy.zeros(SHAPE, "uint8")
    few[5, 5, :9] = 200
    paths = [
        write(tmp_path / "zero", [numpy.zeros(SHAPE, "uint8")], fill_value=1),
        write(tmp_path / "constant", [numpy.full(SHAPE, 1000, "uint16")]),
        write(tmp_path / "below", [numpy.full(SHAPE, -2.5, "float32")]),
        write(tmp_path / "few", [few], fill_value=1),
    ]
    found = [(w["start"], w["end"]) for w in (each["windows"][0] for each in windows(*paths))]
    assert found == [(0, 1), (0, 2000), (-5, 0), (0, 200)]


def test_each_channel_has_its_own(tmp_path):
    channels = numpy.stack([values("uint16", SHAPE) // 8, values("uint16", SHAPE)])
    hyperstack = numpy.stack([channels, channels])
    paths = [
        write(tmp_path / "apart", [hyperstack], axes="tczyx", chunks=(1, 1, 16, 16, 16)),
        write(tmp_path / "together", [hyperstack.transpose(0, 2, 3, 4, 1)], axes="tzyxc", chunks=(1, 16, 16, 16, 2)),
    ]
    for found in windows(*paths):
        for n, window in enumerate(found["windows"]):
            low, high = numpy.percentile(channels[n], [1, 99])
            assert abs(window["start"] - low) <= 1 and abs(window["end"] - high) <= 1


def test_of_a_huge_level_only_the_middle_is_read(tmp_path):
    huge = numpy.zeros((400, 40, 40), "uint8")
    huge[150:250] = values("uint8", (100, 40, 40)) // 2 + 100
    path = write(tmp_path / "huge", [huge], chunks=(1, 40, 40), compressors=None, fill_value=255)
    (found,) = windows(path)
    assert found["files"] < 140 and found["bytes"] < 128 * 1600 + 10_000
    assert found["windows"][0]["start"] == 0 and found["windows"][0]["end"] > 100


def test_what_cannot_be_read_is_said_and_has_no_window(tmp_path):
    voxels = values("uint16", SHAPE)
    cut = write(tmp_path / "cut", [voxels], compressors=None)
    chunk = cut / "0" / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:100])
    [found] = windows(cut)
    assert found["windows"] == [None] and found["dim"]
    with pytest.raises(subprocess.CalledProcessError) as refused:
        windows(write(tmp_path / "codec", [voxels], compressors=LZMA()))
    assert "chunks of level 0 are encoded by numcodecs.lzma, which the viewer cannot read" in refused.value.stderr

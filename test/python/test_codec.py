"""Chunks that the engine encodes, decoded by the libraries that people read them with."""

import json
import subprocess
from itertools import product
from pathlib import Path

import blosc as python_blosc
import numpy as np
import pytest
import tensorstore
import zarr
from numcodecs import blosc

from microct_io_vis.node import node

ENCODER = Path(__file__).with_name("encode_chunks.ts")
BLOSC = ["blosc-zstd", "blosc-lz4"]
DTYPES = ["uint8", "int16", "uint16", "float32", "uint64", "float64"]
SHAPE = (33, 40, 47)


def encode(folder: Path, chunks: list[tuple[bytes, str, int]]) -> tuple[list[bytes], dict]:
    """Encodes (content, compression, bytes per voxel) in one process; also returns all metadata."""
    manifest = []
    for number, (content, compression, size) in enumerate(chunks):
        file = folder / f"{number}.chunk"
        file.write_bytes(content)
        manifest.append({"file": str(file), "compression": compression, "bytesPerVoxel": size})
    listing = folder / "manifest.json"
    listing.write_text(json.dumps(manifest))
    run = subprocess.run([node(), ENCODER, listing], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return [Path(f"{chunk['file']}.encoded").read_bytes() for chunk in manifest], json.loads(run.stdout)


def content(kind: str, length: int, rng: np.random.Generator) -> bytes:
    if kind == "zeros":
        return bytes(length)
    if kind == "noise":
        return rng.bytes(length)
    if kind == "ramp":
        return np.arange(length // 4 + 1, dtype="<u4").tobytes()[:length]
    if kind == "repeats":
        return (rng.bytes(777) * (length // 777 + 1))[:length]
    if kind == "nan":
        return np.full(length // 4 + 1, np.nan, "<f4").tobytes()[:length]
    scan = np.sin(np.arange(length // 4 + 1) / 40) + 0.01 * rng.standard_normal(length // 4 + 1)
    return scan.astype("<f4").tobytes()[:length]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_c_blosc_reads_every_length(tmp_path: Path, size: int) -> None:
    rng = np.random.default_rng(size)
    lengths = [1, size, 127 * size, 128 * size, 129 * size, *range(1000, 1018), 65536, 70000]
    lengths += [2**19 - 1, 2**19, 2**19 + 4, 2**20 + 2**19, 2**21, 2**21 + 12, *rng.integers(1, 70000, 12).tolist()]
    kinds = ["zeros", "ramp", "noise", "repeats", "nan", "scan"]
    cases = [
        (content(kind, length, rng), compression, size) for kind, length, compression in product(kinds, lengths, BLOSC)
    ]
    encoded, _ = encode(tmp_path, cases)
    for (plain, _, _), frame in zip(cases, encoded, strict=True):
        assert blosc.decompress(frame) == plain
        assert python_blosc.decompress(frame) == plain
        assert len(frame) <= len(plain) + 16


def scan(dtype: str) -> np.ndarray:
    """One chunk of a smooth volume with noise, of SHAPE."""
    rng = np.random.default_rng(5)
    z, y, x = np.ogrid[tuple(slice(n) for n in SHAPE)]
    values = 100 + 40 * np.sin(z / 9) * np.sin(y / 11) * np.sin(x / 7) + 2 * rng.standard_normal(SHAPE)
    return values.astype(dtype)


@pytest.mark.parametrize("compression", [*BLOSC, "zstd", "gzip", "none"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_zarr_and_tensorstore_read_the_metadata(tmp_path: Path, dtype: str, compression: str) -> None:
    volume = scan(dtype)
    size = volume.itemsize
    [encoded], metadata = encode(tmp_path, [(volume.tobytes(), compression, size)])
    described = metadata[f"{compression}/{size}"]

    v3 = tmp_path / "v3"
    (v3 / "c/0/0").mkdir(parents=True)
    (v3 / "c/0/0/0").write_bytes(encoded)
    endian = {"configuration": {"endian": "little"}} if size > 1 else {}
    array = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": SHAPE,
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": SHAPE}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "bytes", **endian}, *described["v3"]],
    }
    (v3 / "zarr.json").write_text(json.dumps(array))

    v2 = tmp_path / "v2"
    v2.mkdir()
    (v2 / "0.0.0").write_bytes(encoded)
    array = {
        "zarr_format": 2,
        "shape": SHAPE,
        "chunks": SHAPE,
        "dtype": volume.dtype.str,
        "compressor": described["v2"],
        "fill_value": 0,
        "order": "C",
        "filters": None,
    }
    (v2 / ".zarray").write_text(json.dumps(array))

    for folder, driver in [(v3, "zarr3"), (v2, "zarr")]:
        np.testing.assert_array_equal(zarr.open_array(folder, mode="r")[:], volume)
        store = {"driver": driver, "kvstore": {"driver": "file", "path": f"{folder}/"}}
        np.testing.assert_array_equal(tensorstore.open(store, read=True).result().read().result(), volume)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_no_larger_than_c_blosc(tmp_path: Path, dtype: str) -> None:
    """On a noisy volume, against C-Blosc's own middle way (clevel 5, the shuffle that it picks)."""
    rng = np.random.default_rng(6)
    z, y, x = np.ogrid[:64, :96, :96]
    values = 100 + 40 * np.sin(z / 9) * np.sin(y / 11) * np.sin(x / 7) + 4 * rng.standard_normal((64, 96, 96))
    volume = (values * (1 if dtype == "uint8" else 200)).astype(dtype)
    encoded, _ = encode(tmp_path, [(volume.tobytes(), name, volume.itemsize) for name in BLOSC])
    for ours, cname in zip(encoded, (b"zstd", b"lz4"), strict=True):
        theirs = blosc.compress(volume, cname, 5, blosc.AUTOSHUFFLE)
        assert len(ours) <= 1.01 * len(theirs), (cname, len(ours) / len(theirs))

"""`verify` of what others write: voxel types, codecs, orders and axes that this program does not."""

import json
import subprocess
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from numcodecs import BZ2, LZ4, LZMA, Blosc, Delta, FixedScaleOffset, Quantize, Shuffle, Zlib

from microct_io_vis.node import node

SHAPE = (10, 12, 14)
CHUNK = (4, 8, 8)
DTYPES = [*(f"{kind}{bits}" for kind in ("uint", "int") for bits in (8, 16, 32, 64)), "float32", "float64"]


def verify_all(folder: Path, pairs: list[tuple[Path, Path | None]]) -> list[dict]:
    """The verdicts on (OME-Zarr, source), all by one process."""
    listing = folder / "pairs.json"
    listing.write_text(json.dumps([[str(output), source and str(source)] for output, source in pairs]))
    run = subprocess.run([node(), Path(__file__).with_name("verify_many.ts"), listing], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def image(folder: Path, version: int, axes: str = "zyx", **more: object) -> Path:
    """The metadata that makes a group an OME-Zarr image."""
    kinds = {"t": "time", "c": "channel"}
    scale = [{"type": "scale", "scale": [1.0] * len(axes)}]
    multiscales = [
        {
            "version": "0.4",
            "axes": [{"name": name, "type": kinds.get(name, "space")} for name in axes],
            "datasets": [{"path": "0", "coordinateTransformations": scale}],
            **more,
        }
    ]
    attributes = {"multiscales": multiscales}
    zarr.open_group(folder, mode="a", zarr_format=version).attrs.update(
        {"ome": {"version": "0.5", **attributes}} if version == 3 else attributes
    )
    return folder


def scan(path: Path, array: np.ndarray, **more: object) -> Path:
    tifffile.imwrite(path, array, **{"photometric": "minisblack", "metadata": None, **more})
    return path


def values(dtype: str) -> np.ndarray:
    """Values that a type can hold and others cannot, among some that all can."""
    wanted = [0, 1, 77, 127, -1, 128, 255, 256, -129, 32768, 65535, 65536, -(2**31), 2**24 + 1, 2**32 - 1, 2**53 + 1]
    wanted += [2**63 - 1, -(2**63), 2**64 - 1, 2**62 + 2**38 + 1]
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return np.array([*map(float, wanted), 0.5, np.nan, np.inf, -np.inf, -0.0, 3e38, 0.1, 16777217.0], kind)
    limits = np.iinfo(kind)
    found = [n for n in wanted if limits.min <= n <= limits.max]
    return np.resize(np.array(found, kind), len(wanted) + 8)


def exact(value: np.generic) -> object:
    """A number that is only equal to the same one, whatever their types."""
    if isinstance(value, np.floating) and not np.isfinite(value):
        return str(value)
    return Fraction(value.item())


def test_pairs_of_types(tmp_path):
    """A voxel is right where it is the source's number, or what that is rounded to in a float type."""
    rng = np.random.default_rng(61)
    pairs, expected = [], []
    sources = {}
    for dtype in DTYPES:
        array = values(dtype).reshape(1, 4, 7)
        big = ">" if rng.integers(2) else "<"
        sources[dtype] = (scan(tmp_path / f"{dtype}.tif", array, byteorder=big), array)
    # Two of ten, so that it stays short: each type as source and as stored, with two others.
    chosen = [(a, b) for (i, a), (j, b) in product(enumerate(DTYPES), enumerate(DTYPES)) if (i + 3 * j) % 10 in (0, 4)]
    for source, stored in chosen:
        path, array = sources[source]
        with np.errstate(all="ignore"):
            cast = array.astype(stored)
            right = array.astype(stored if stored.startswith("float") else source)
        folder = image(tmp_path / f"{source}-{stored}.zarr", 2)
        order = ">" if rng.integers(2) else "<"
        zarr.create_array(
            folder / "0", data=cast.astype(np.dtype(stored).newbyteorder(order)), chunks=(1, 3, 4), zarr_format=2
        )
        same = [exact(a) == exact(b) for a, b in zip(array.flat, cast.flat, strict=True)]
        rounded = [
            not s and stored.startswith("float") and exact(a) == exact(b)
            for s, a, b in zip(same, right.flat, cast.flat, strict=True)
        ]
        pairs.append((folder, path))
        expected.append((source != stored, same.count(False) - rounded.count(True), rounded.count(True)))
    for (folder, _), (differs, wrong, rounded), found in zip(pairs, expected, verify_all(tmp_path, pairs), strict=True):
        assert "error" not in found, (folder.name, found)
        notes = " ".join(found["notes"])
        assert (found["ok"], found["voxelsDiffering"]) == (wrong == 0, wrong), (folder.name, found)
        assert found["compared"] and found["voxelsCompared"] == 28
        assert ("compared as numbers" in notes) == differs, (folder.name, notes)
        assert (f" {rounded} are the source's, rounded" in notes) == (rounded > 0), (folder.name, notes)


def test_codecs_orders_and_axes(tmp_path):
    array = np.random.default_rng(3).integers(0, 1000, SHAPE).astype("uint16")
    several = np.random.default_rng(4).integers(0, 1000, (3, 2, *SHAPE)).astype("uint16")
    source = scan(tmp_path / "scan.tif", array)
    plane = scan(tmp_path / "plane.tif", array[0])
    hyperstack = tmp_path / "several.tif"
    tifffile.imwrite(hyperstack, several.transpose(0, 2, 1, 3, 4), imagej=True, metadata={"axes": "TZCYX"})
    cases: list[tuple[Path, Path]] = []

    def case(name: str, version: int, data: np.ndarray, against: Path, axes: str = "zyx", **settings: object) -> None:
        folder = image(tmp_path / f"{name}.zarr", version, axes)
        settings = {"chunks": CHUNK[-data.ndim :], **settings}
        stored = zarr.create_array(folder / "0", shape=data.shape, dtype=data.dtype, zarr_format=version, **settings)
        stored[...] = data
        assert np.array_equal(zarr.open_array(folder / "0")[...], data)
        cases.append((folder, against))

    for compressor in (
        Zlib(1),
        BZ2(1),
        BZ2(9),
        LZ4(),
        Blosc("blosclz", 1, 0),
        Blosc("blosclz", 9, 1),
        Blosc("blosclz", 5, 2),
        Blosc("zlib", 1, 1),
        Blosc("zlib", 9, 2),
    ):
        case(f"v2-{len(cases)}", 2, array, source, compressors=compressor)
    filtered = {
        "delta": [Delta("uint16")],
        "shuffle": [Shuffle(2)],
        "both": [Delta("uint16"), Shuffle(2)],
    }
    for name, filters in filtered.items():
        for compressor in (None, Zlib(1)):
            case(f"{name}-{compressor is None}", 2, array, source, filters=filters, compressors=compressor)
    case("delta-f", 2, array, source, filters=filtered["delta"], order="F")
    case("big-endian-delta", 2, array.astype(">u2"), source, filters=[Delta(">u2"), Shuffle(4)])
    whole = array.astype("float32") - 500
    against = scan(tmp_path / "f4.tif", whole)
    case("delta-f4", 2, whole, against, filters=[Delta("float32")])
    case("rounded", 2, whole, against, filters=[Quantize(0, "float32")])
    case("bz2-runs", 2, np.zeros_like(array), scan(tmp_path / "zeros.tif", np.zeros_like(array)), compressors=BZ2())
    with pytest.warns(UserWarning, match="numcodecs|Numcodecs"):
        from zarr.codecs import numcodecs as codecs3

        case("v3-delta", 3, array, source, filters=[codecs3.Delta(dtype="uint16")])
        case("v3-shuffle", 3, array, source, compressors=[codecs3.Shuffle(elementsize=2), codecs3.Zlib(level=1)])
        for codec in (codecs3.Zlib(level=1), codecs3.BZ2(level=1), codecs3.LZ4(), codecs3.Blosc(cname="blosclz")):
            case(f"v3-{len(cases)}", 3, array, source, compressors=codec)
    case("order-f", 2, array, source, order="F", compressors=Zlib())
    for order in ((2, 1, 0), (1, 2, 0), (0, 2, 1)):
        transposed = zarr.codecs.TransposeCodec(order=order)
        case(f"transposed-{order}", 3, array, source, filters=[transposed])
    case("shards", 3, array, source, filters=[transposed], shards=(8, 8, 16))
    case("big-endian", 2, array.astype(">u2"), source, order="F", compressors=None)
    case("plane", 2, array[0], plane, "yx")
    case("plane-f", 3, array[0], plane, "yx", filters=[zarr.codecs.TransposeCodec(order=(1, 0))])
    case("xyz", 2, array.T.copy(), source, "xyz")
    for chunks in ((2, 2, *CHUNK), (3, 1, *CHUNK), (1, 2, *SHAPE)):
        case(f"several-{chunks}", 2, several, hyperstack, "tczyx", chunks=chunks)
    case("channel-first", 2, several.transpose(1, 0, 2, 3, 4), hyperstack, "ctzyx", chunks=(2, 2, *CHUNK))
    case("several-f", 2, several, hyperstack, "tczyx", chunks=(2, 2, *CHUNK), order="F")
    case("several-shards", 3, several, hyperstack, "tczyx", chunks=(1, 2, *CHUNK), shards=(2, 2, 8, 8, 16))

    found = verify_all(tmp_path, cases)
    for (folder, _), verdict in zip(cases, found, strict=True):
        assert "error" not in verdict, (folder.name, verdict)
        stored = zarr.open_array(folder / "0")
        assert verdict["ok"] and verdict["voxelsCompared"] == stored.size, (folder.name, verdict["differences"][:2])
        assert verdict["chunksRead"] == stored.nchunks, (folder.name, verdict["chunksRead"])
    # One voxel in each third of them is another, and is found where it is.
    changed = cases[::3]
    for folder, _ in changed:
        stored = zarr.open_array(folder / "0")
        at = tuple(n - 1 - (n > 3) for n in stored.shape)
        stored[at] = stored[at] + 1
    for (folder, _), verdict in zip(changed, verify_all(tmp_path, changed), strict=True):
        at = [n - 1 - (n > 3) for n in zarr.open_array(folder / "0").shape]
        assert [each["voxel"] for each in verdict["differences"]] == [at], (folder.name, verdict)


def test_damaged_chunks_of_others(tmp_path):
    """Whatever a byte becomes, it is found or changes no voxel."""
    array = np.random.default_rng(5).integers(0, 9, (4, 8, 8)).astype("uint16").repeat(3, axis=2)
    source = scan(tmp_path / "scan.tif", array)
    rng = np.random.default_rng(6)
    cases = []
    for compressor in (Zlib(1), BZ2(1), LZ4(), Blosc("blosclz", 9, 1), Blosc("zlib", 5, 2)):
        folder = image(tmp_path / f"{len(cases)}.zarr", 2)
        stored = zarr.create_array(folder / "0", data=array, chunks=array.shape, zarr_format=2, compressors=compressor)
        whole = (folder / "0/0.0.0").read_bytes()
        for n in range(6):
            copy = image(tmp_path / f"{len(cases)}-{n}.zarr", 2)
            (copy / "0").mkdir()
            (copy / "0/.zarray").write_bytes((folder / "0/.zarray").read_bytes())
            data = bytearray(whole if n % 3 else whole[: rng.integers(len(whole))])
            if n % 3:
                data[rng.integers(len(data))] ^= 1 << rng.integers(8)
            (copy / "0/0.0.0").write_bytes(data)
            cases.append((copy, source))
        assert stored.shape == array.shape
    for (folder, _), verdict in zip(cases, verify_all(tmp_path, cases), strict=True):
        assert "error" not in verdict, (folder, verdict)
        try:
            same = np.array_equal(zarr.open_array(folder / "0")[...], array)
        except Exception:
            assert not verdict["ok"], folder
        else:
            assert same or not verdict["ok"], folder


def test_the_reason_is_named(tmp_path):
    array = np.random.default_rng(7).integers(0, 256, SHAPE).astype("uint8")
    inverted = scan(tmp_path / "inverted.tif", array, photometric="miniswhite")
    palette = tmp_path / "palette.tif"
    colours = np.random.default_rng(8).integers(0, 65536, (3, 256)).astype("uint16")
    tifffile.imwrite(palette, array, photometric="palette", colormap=colours, metadata=None)
    outputs = []
    for name in ("stored", "turned", "labelled"):
        outputs.append(image(tmp_path / f"{name}.zarr", 3))
        zarr.create_array(outputs[-1] / "0", data=255 - array if name == "turned" else array, chunks=CHUNK)
    zarr.open_group(tmp_path / "labelled.zarr/labels", mode="w").attrs["ome"] = {"labels": ["cells", "pores"]}
    stored, turned, labelled = outputs
    pairs = [(stored, inverted), (turned, inverted), (stored, palette), (labelled / "labels", None), (stored, None)]
    found = verify_all(tmp_path, pairs)
    assert (
        not found[0]["ok"]
        and "MinIsWhite" in found[0]["notes"][-1]
        and "that is the difference" in found[0]["notes"][-1]
    )
    assert found[1]["ok"] and "MinIsWhite" not in str(found[1]["notes"])
    assert found[2]["ok"] and found[2]["voxelsCompared"] == array.size and "palette" in found[2]["notes"][0]
    assert "group of labels (cells, pores)" in found[3]["error"]
    assert found[4]["ok"] and not found[4]["compared"] and found[4]["chunksRead"] > 0


@pytest.mark.parametrize("store", [2, 3])
def test_padded_outputs_of_the_predecessor(tmp_path, store):
    """Its metadata of 0.4 lies in Zarr v3; all axes are padded with 0 to multiples, and it says what they were."""
    array = np.random.default_rng(9).random(SHAPE, "float32") + 1
    source = scan(tmp_path / "scan.tif", array)
    padded = np.zeros((16, 16, 16), "float32")
    padded[tuple(slice(n) for n in SHAPE)] = array
    folder = image(tmp_path / "out.zarr", 2, metadata={"original_shape": SHAPE}, type="local_mean")
    if store == 3:
        attributes = json.loads((folder / ".zattrs").read_text())
        (folder / ".zattrs").unlink()
        (folder / ".zgroup").unlink()
        zarr.open_group(folder, mode="w", zarr_format=3).attrs.update(attributes)
    stored = zarr.create_array(folder / "0", data=padded, chunks=(8, 8, 8), zarr_format=store)
    [found] = verify_all(tmp_path, [(folder, source)])
    assert found["ok"] and found["voxelsCompared"] == array.size, found
    assert "original_shape, 10 × 12 × 14" in " ".join(found["notes"])
    stored[9, 11, 13] = 0
    [found] = verify_all(tmp_path, [(folder, source)])
    assert [each["voxel"] for each in found["differences"]] == [[9, 11, 13]]


@pytest.mark.parametrize(
    "settings",
    [{"compressors": LZMA()}, {"filters": [FixedScaleOffset(0, 2, "uint16")]}, {"filters": [Delta("uint8")]}],
    ids=["lzma", "fixedscaleoffset", "delta"],
)
def test_what_is_not_read_is_named(tmp_path, settings, request):
    folder = image(tmp_path / "out.zarr", 2)
    zarr.create_array(folder / "0", data=np.zeros(SHAPE, "uint16"), chunks=CHUNK, zarr_format=2, **settings)
    [found] = verify_all(tmp_path, [(folder, None)])
    assert request.node.callspec.id in found["error"] and "does not read" in found["error"]

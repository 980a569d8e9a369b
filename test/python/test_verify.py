"""`verify`: what is whole is said to be so, what is damaged is found where it is, and zarr-python says the same."""

import json
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import sources
import tensorstore
import tifffile
import zarr
from command_line import CommandLine, finish
from numcodecs import Blosc, GZip, Zstd
from oracle import COMPRESSIONS
from sources import Encoding

from microct_io_vis import ConversionError, VerifyResult, verify

SHAPE = (40, 50, 60)
CHUNK = (16, 16, 32)


def verdict(cli: CommandLine, *words: object) -> dict:
    """The JSON of a verification, whose exit status says the same."""
    run = cli("verify", *words, "--json", "--quiet")
    assert run.status in (0, 1) and run.stderr == "", run.stderr
    found = run.json
    assert found["ok"] == (run.status == 0) == (found["differences"] == [])
    return found


def whole(cli: CommandLine, *words: object) -> dict:
    found = verdict(cli, *words)
    assert found["ok"], found["differences"]
    return found


@pytest.fixture(scope="module")
def array():
    chance = np.random.default_rng(11)
    z, y, x = np.ogrid[tuple(slice(n) for n in SHAPE)]
    smooth = (np.sin(z / 9) * np.cos(y / 13) + np.sin(x / 17) + 2) * 9000
    return (smooth + chance.normal(0, 30, SHAPE)).astype(np.uint16)


@pytest.fixture(scope="module")
def scan(array, tmp_path_factory):
    source = tmp_path_factory.mktemp("scan") / "scan.tif"
    metadata = {"axes": "ZYX", "spacing": 0.5, "unit": "um"}
    tifffile.imwrite(source, array, imagej=True, metadata=metadata, resolution=(4, 4))
    return source


@pytest.fixture(scope="module", params=[*COMPRESSIONS, "shards", "0.4"])
def converted(cli, scan, tmp_path_factory, request):
    """An output of each codec, in shards, and of OME-Zarr 0.4."""
    output = tmp_path_factory.mktemp("converted") / "out.ome.zarr"
    more = {"shards": ["--shard", 32, 32, 64], "0.4": ["--ome-zarr", "0.4"]}
    options = more.get(request.param) or ["--compression", request.param]
    cli.convert(scan, output, "-c", *CHUNK, *options)
    return output


@pytest.fixture
def output(converted, tmp_path):
    """A copy to be damaged."""
    return shutil.copytree(converted, tmp_path / "out.ome.zarr")


def chunk_file(output: Path, level: int, *index: int) -> Path:
    folder = output / str(level) / ("c" if (output / "zarr.json").exists() else "")
    return folder.joinpath(*map(str, index))


def files(output: Path, level: int) -> list[Path]:
    return sorted(path for path in (output / str(level)).rglob("*") if path.is_file() and path.name.isdigit())


def test_whole_outputs(cli, scan, array, converted):
    found = whole(cli, converted, "--against", scan)
    shapes = [SHAPE, (40, 25, 30), (20, 13, 15), (10, 7, 8)]
    assert found["levels"] == 4
    assert found["voxelsCompared"] == sum(np.prod(shape) for shape in shapes)
    assert found["chunksRead"] == 3 * 4 * 2 + 3 * 2 * 1 + 2 + 1
    assert found["against"] == str(scan) and found["notes"] == []
    # Another reader finds the same.
    np.testing.assert_array_equal(zarr.open_array(converted / "0", mode="r")[...], tifffile.imread(scan))
    alone = whole(cli, converted)
    assert alone["against"] is None and "scan.tif" in alone["notes"][0]
    assert alone["voxelsCompared"] == found["voxelsCompared"] - np.prod(SHAPE)
    assert alone["chunksRead"] == found["chunksRead"]


def test_flipped_bytes_are_found_where_zarr_finds_them(cli, scan, array, output):
    """A byte of every other chunk is changed; what then reads as other voxels, or not at all, is what is reported."""
    chance = np.random.default_rng(5)
    damaged = files(output, 0)[::2]
    for path in damaged:
        data = bytearray(path.read_bytes())
        at = chance.integers(20, len(data) - 20)
        data[at] ^= 1 << chance.integers(8)
        path.write_bytes(data)
    found = verdict(cli, output, "--against", scan)
    stored = zarr.open_array(output / "0", mode="r")
    expected = {}
    for index in np.ndindex(3, 4, 2):
        box = tuple(slice(i * n, (i + 1) * n) for i, n in zip(index, CHUNK, strict=True))
        try:
            there = stored[box]
        except Exception:
            expected[index] = None
            continue
        if not np.array_equal(there, array[box]):
            first = np.argwhere(there != array[box])[0]
            voxel = tuple(int(i * n + k) for i, n, k in zip(index, CHUNK, first, strict=True))
            expected[index] = (voxel, int(array[voxel]), int(there[tuple(first)]), int((there != array[box]).sum()))
    at_level_0 = [difference for difference in found["differences"] if difference["level"] == 0]
    reported = {}
    for difference in at_level_0:
        if difference["voxel"] is None:
            continue
        index = tuple(k // n for k, n in zip(difference["voxel"], CHUNK, strict=True))
        reported[index] = (tuple(difference["voxel"]), *(difference[name] for name in ("expected", "found", "voxels")))
        assert difference["path"] in difference["message"]
    assert reported == {index: one for index, one in expected.items() if one}
    unreadable = [difference for difference in at_level_0 if difference["voxel"] is None]
    filled = [difference for difference in unreadable if "beyond the edge" in difference["message"]]
    assert len(unreadable) - len(filled) == sum(one is None for one in expected.values())
    assert len(at_level_0) >= len(damaged) / 2
    names = {path.relative_to(output).as_posix() for path in damaged}
    assert {difference["path"] for difference in at_level_0} <= names


HEADERS = {
    "blosc-lz4": [(2, 0x08), (3, 0x02), (9, 0x40), (0, 0x04), (1, 0x02)],
    "blosc-zstd": [(1, 0x02), (2, 0x08), (10, 0x80)],
    "zstd": [(4, 0x04), (4, 0x08)],
}


@pytest.mark.parametrize("compression", HEADERS)
def test_what_others_refuse_is_damaged(cli, scan, tmp_path, compression):
    """A chunk that could be decoded in spite of what its header says, and that zarr cannot read."""
    output = tmp_path / "out.ome.zarr"
    cli.convert(scan, output, "-c", 128, 128, 128, "--compression", compression)
    path = chunk_file(output, 0, 0, 0, 0)
    whole = path.read_bytes()
    for at, mask in HEADERS[compression]:
        data = bytearray(whole)
        data[at] ^= mask
        path.write_bytes(data)
        with pytest.raises(RuntimeError):
            zarr.open_array(output / "0", mode="r")[...]
        found = verdict(cli, output, "--against", scan)
        assert not found["ok"] and found["differences"][0]["path"] == "0/c/0/0/0", (at, mask)


def test_missing_truncated_and_swapped(cli, scan, array, output):
    sharded = (output / "zarr.json").exists() and "sharding" in (output / "0/zarr.json").read_text()
    index = (1, 1, 0) if sharded else (2, 3, 1)
    last = chunk_file(output, 0, *index)
    content = last.read_bytes()
    last.unlink()
    [*here] = verdict(cli, output, "--against", scan)["differences"]
    assert {(one["level"], one["path"]) for one in here} == {(0, last.relative_to(output).as_posix())}
    assert "is missing" in here[0]["message"] and here[0]["voxel"] is None
    # Without the source nothing else is wrong either: what cannot be known is not compared.
    assert verdict(cli, output)["differences"] == here
    for length in (0, 1, 15, len(content) // 2, len(content) - 1):
        last.write_bytes(content[:length])
        [*here] = verdict(cli, output, "--against", scan)["differences"]
        assert {(one["level"], one["path"]) for one in here} == {(0, last.relative_to(output).as_posix())}
    last.write_bytes(content)
    first, other = chunk_file(output, 0, 0, 0, 0), chunk_file(output, 0, 0, 1, 0)
    whole(cli, output, "--against", scan)
    contents = first.read_bytes(), other.read_bytes()
    first.write_bytes(contents[1])
    other.write_bytes(contents[0])
    found = verdict(cli, output, "--against", scan)
    paths = {one["path"] for one in found["differences"] if one["level"] == 0}
    assert paths == {path.relative_to(output).as_posix() for path in (first, other)}
    # The pyramid alone tells that too.
    assert 1 in {one["level"] for one in verdict(cli, output)["differences"]}


def test_an_altered_source_voxel_is_found(cli, scan, array, converted, tmp_path):
    altered = array.copy()
    altered[17, 30, 41] += 5
    other = tmp_path / "scan.tif"
    metadata = {"axes": "ZYX", "spacing": 0.5, "unit": "um"}
    tifffile.imwrite(other, altered, imagej=True, metadata=metadata, resolution=(4, 4))
    [difference] = verdict(cli, converted, "--against", other)["differences"]
    assert (difference["level"], difference["voxel"], difference["voxels"]) == (0, [17, 30, 41], 1)
    assert difference["expected"] == altered[17, 30, 41] and difference["found"] == array[17, 30, 41]
    text = cli("verify", converted, "--against", other)
    assert text.status == 1
    for word in ("DIFFERENT", "level 0", "17 30 41", str(altered[17, 30, 41]), str(array[17, 30, 41])):
        assert word in text.stdout


def rewrite(path: Path, change) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def put(*keys_and_value):
    *keys, last, new = keys_and_value

    def change(value):
        for key in keys:
            value = value[key]
        value[last] = new

    return change


IMAGE = ("attributes", "ome", "multiscales", 0, "datasets")
STEPS = "coordinateTransformations"
METADATA = {
    "shape": ("1/zarr.json", put("shape", [40, 25, 31]), 1, "40 × 25 × 31"),
    "shape of level 0": ("0/zarr.json", put("shape", [40, 50, 59]), 0, "40 × 50 × 59"),
    "type": ("2/zarr.json", put("data_type", "int16"), 2, "int16"),
    "chunks": ("1/zarr.json", put("chunk_grid", "configuration", "chunk_shape", [16, 32, 16]), 1, "16 × 32 × 16"),
    "codec": ("0/zarr.json", put("codecs", 1, {"name": "gzip", "configuration": {"level": 1}}), 0, "gzip"),
    "no json": ("1/zarr.json", None, 1, "JSON"),
    "scale": ("zarr.json", put(*IMAGE, 1, STEPS, 0, "scale", [0.5, 0.5, 0.51]), 1, "0.51"),
    "translation": ("zarr.json", put(*IMAGE, 2, STEPS, 1, "translation", [0, 0, 0]), 2, "0 × 0 × 0"),
    "voxel size": (
        "zarr.json",
        lambda json: [
            put(STEPS, 0, "scale", [2 * n for n in level[STEPS][0]["scale"]])(level)
            or [
                put(STEPS, k, "translation", [2 * n for n in one["translation"]])(level)
                for k, one in enumerate(level[STEPS])
                if "translation" in one
            ]
            for level in json["attributes"]["ome"]["multiscales"][0]["datasets"]
        ],
        0,
        "1 × 0.5 × 0.5",
    ),
    "unit": (
        "zarr.json",
        put("attributes", "ome", "multiscales", 0, "axes", 1, "unit", "millimeter"),
        0,
        "millimeter for y",
    ),
    "levels": (
        "zarr.json",
        lambda json: json["attributes"]["ome"]["multiscales"][0]["datasets"].pop(),
        None,
        "3 levels",
    ),
}


@pytest.fixture(scope="module")
def plain(cli, scan, tmp_path_factory):
    output = tmp_path_factory.mktemp("plain") / "out.ome.zarr"
    cli.convert(scan, output, "-c", *CHUNK)
    return output


@pytest.mark.parametrize("case", METADATA)
def test_altered_metadata(cli, scan, plain, tmp_path, case):
    name, change, level, word = METADATA[case]
    output = shutil.copytree(plain, tmp_path / "out.ome.zarr")
    if change:
        rewrite(output / name, change)
    else:
        (output / name).write_text((output / name).read_text()[:-20])
    found = verdict(cli, output, "--against", scan)
    here = [one for one in found["differences"] if one["path"] == name]
    assert here[0]["level"] == level and word in here[0]["message"], found["differences"]


def test_a_level_that_is_gone(cli, scan, plain, tmp_path):
    output = shutil.copytree(plain, tmp_path / "out.ome.zarr")
    shutil.rmtree(output / "1")
    [difference] = verdict(cli, output, "--against", scan)["differences"]
    assert (difference["level"], difference["path"]) == (1, "1/zarr.json")


def test_what_fills_up_chunks(cli, scan, tmp_path):
    output = tmp_path / "out.ome.zarr"
    cli.convert(scan, output, "-c", *CHUNK, "--compression", "none", "-n", 1)
    path = output / "0/c/2/0/1"
    data = bytearray(path.read_bytes())
    data[-1] = 1
    path.write_bytes(data)
    [difference] = verdict(cli, output)["differences"]
    assert difference["path"] == "0/c/2/0/1" and "beyond the edge" in difference["message"]


@pytest.mark.parametrize(
    "encoding", [Encoding("float32", "big", "tiles", "deflate", 3), Encoding("int16", layout="rows")]
)
@pytest.mark.parametrize(
    "options",
    [[], ["-d", "uint8"], ["-d", "uint16", "--value-range", -50, 60.5], ["--roi", 3, 30, 5, 49, 7, 60]],
    ids=["as it is", "uint8", "range", "roi"],
)
def test_values_and_regions(cli, tmp_path, encoding, options):
    """Scaled values, NaN, infinities and regions are compared as they were converted."""
    source = sources.write(tmp_path, sources.volume(SHAPE, encoding), encoding)
    output = tmp_path / "out.ome.zarr"
    cli.convert(source, output, "-c", 13, 16, 20, *options)
    found = whole(cli, output, "--against", source, "-m", "300M", "-j", 3)
    assert found["voxelsCompared"] > 27 * 44 * 53


@pytest.mark.parametrize("method", ["mode", "max", "nearest"])
def test_other_ways_to_make_levels(cli, scan, tmp_path, method):
    output = tmp_path / "out.ome.zarr"
    cli.convert(scan, output, "-c", *CHUNK, "--downsample", method)
    whole(cli, output, "--against", scan)
    rewrite(output / "zarr.json", put("attributes", "microct-io-vis", "downsample", "mean"))
    found = verdict(cli, output, "--against", scan)["differences"]
    assert found[0]["level"] is None and method in found[0]["message"]
    assert any(one["level"] == 1 and one["voxel"] for one in found)


def test_time_points_and_channels(cli, tmp_path):
    """The index of a voxel has all axes; every volume is compared with its own."""
    array = np.random.default_rng(4).integers(0, 60000, (2, 9, 3, 20, 30), np.uint16)
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    tifffile.imwrite(source, array, imagej=True, metadata={"axes": "TZCYX"})
    cli.convert(source, output, "-c", 4, 16, 16, "-n", 2)
    found = whole(cli, output, "--against", source)
    assert found["voxelsCompared"] == array.size + 6 * 5 * 10 * 15
    array[1, 7, 2, 18, 29] += 1
    tifffile.imwrite(source, array, imagej=True, metadata={"axes": "TZCYX"})
    [difference] = verdict(cli, output, "--against", source)["differences"]
    assert difference["voxel"] == [1, 2, 7, 18, 29]
    assert difference["path"] == "0/c/1/2/1/1/1"


@pytest.mark.parametrize("compression", ["blosc-lz4", "gzip"])
def test_memory_is_kept(cli, tmp_path, compression):
    """The least budget that is enough is enough."""
    array = np.random.default_rng(6).normal(100, 20, (150, 300, 400)).astype(np.float32)
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    tifffile.imwrite(source, array, photometric="minisblack", compression="zlib", rowsperstrip=50)
    cli.convert(source, output, "--compression", compression)
    needed = cli("verify", output, "--against", source, "-m", "1M").stderr
    budget = int(re.search(r"\((\d+) bytes", needed)[1])
    run, peak = cli.peak_memory("verify", output, "--against", source, "-m", budget, "-q")
    assert run.status == 0 and run.stdout.startswith("OK"), run
    assert peak < budget < 400 * 2**20


def test_pages_that_do_not_fit_the_memory(cli, tmp_path):
    """Digests of them say what is the same, and what differs is told as where they fit."""
    array = np.zeros((40, 700, 600), np.float32)
    array[::3, ::5, ::7] = np.random.default_rng(8).normal(100, 20, array[::3, ::5, ::7].shape)
    array[7, 300, 333] = np.nan
    source, output = tmp_path / "scan.tif", tmp_path / "out.ome.zarr"
    form = {"photometric": "minisblack", "compression": "zlib", "rowsperstrip": 450}
    tifffile.imwrite(source, array, **form)
    cli.convert(source, output, "-c", 16, 64, 64, "--roi", 1, 40, 3, 700, 5, 600)
    words = ["verify", output, "--against", source, "-j", 2, "--json", "--progress", "json"]
    runs = [cli(*words, "-m", budget) for budget in ("170M", "4G")]
    totals = [json.loads(run.stderr.splitlines()[-1])["totalBytes"] for run in runs]
    assert totals[0] - totals[1] == 39 * 697 * 595 * 4, "digested"
    assert [run.status for run in runs] == [0, 0]
    array.view(np.uint32)[7, 300, 333] ^= 1  # still not a number
    for place in ((1, 3, 5), (17, 452, 68), (39, 699, 599)):
        array[place] += 1
    tifffile.imwrite(source, array, **form)
    chunk_file(output, 0, 1, 2, 3).unlink()
    damaged = chunk_file(output, 0, 2, 9, 0)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    tight, roomy = ({**cli(*words, "-m", budget).json, "seconds": 0} for budget in ("170M", "4G"))
    assert tight == roomy
    assert tight["chunksDiffering"] == 5 and tight["voxelsDiffering"] == 3


def test_the_source_beside_the_output_is_taken(cli, scan, tmp_path):
    shutil.copy(scan, tmp_path)
    cli.convert(tmp_path / "scan.tif", "-c", *CHUNK)
    output = tmp_path / "scan.ome.zarr"
    assert whole(cli, output)["against"] == str(tmp_path / "scan.tif")
    tifffile.imwrite(tmp_path / "scan.tif", np.zeros((3, 4, 5), np.uint8), photometric="minisblack")
    found = whole(cli, output)
    assert found["against"] is None and "another volume" in found["notes"][0]
    [difference] = verdict(cli, output, "--against", tmp_path / "scan.tif")["differences"]
    assert "3 × 4 × 5" in difference["message"]


# --- what other programs write ----------------------------------------------------------------------------------------


def image(folder: Path, version: int, axes: str = "zyx", levels: int = 1) -> None:
    """The metadata that makes a group an OME-Zarr image."""
    kinds = {"t": "time", "c": "channel"}
    datasets = [
        {"path": f"s{k}", "coordinateTransformations": [{"type": "scale", "scale": [2.0**k] * len(axes)}]}
        for k in range(levels)
    ]
    multiscales = [{"axes": [{"name": n, "type": kinds.get(n, "space")} for n in axes], "datasets": datasets}]
    attributes = (
        {"ome": {"version": "0.5", "multiscales": multiscales}} if version == 3 else {"multiscales": multiscales}
    )
    zarr.open_group(folder, mode="a", zarr_format=version).attrs.update(attributes)


V3 = {
    "default": {},
    "shards": {"shards": (32, 32, 64)},
    "lz4": {"compressors": zarr.codecs.BloscCodec(cname="lz4", shuffle="bitshuffle")},
    "lz4hc of bytes": {"compressors": zarr.codecs.BloscCodec(cname="lz4hc", shuffle="shuffle", typesize=1)},
    "zstd of threes": {"compressors": zarr.codecs.BloscCodec(cname="zstd", shuffle="shuffle", typesize=3, clevel=9)},
    "no shuffle": {"compressors": zarr.codecs.BloscCodec(cname="lz4", shuffle="noshuffle", clevel=1, blocksize=4096)},
    "stored": {"compressors": zarr.codecs.BloscCodec(cname="zstd", shuffle="bitshuffle", clevel=0)},
    "gzip and checksum": {"compressors": [zarr.codecs.GzipCodec(), zarr.codecs.Crc32cCodec()]},
    "checksum alone": {"compressors": [zarr.codecs.Crc32cCodec()]},
    "big-endian": {"serializer": zarr.codecs.BytesCodec(endian="big"), "compressors": None},
    "other keys": {"chunk_key_encoding": {"name": "v2", "separator": "."}},
}


@pytest.mark.parametrize("case", V3)
def test_outputs_of_zarr_python(cli, scan, array, tmp_path, case):
    folder = tmp_path / "out.zarr"
    image(folder, 3)
    chunks = {"chunks": (16, 16, 32)}
    stored = zarr.create_array(folder / "s0", shape=SHAPE, dtype="uint16", zarr_format=3, **chunks, **V3[case])
    stored[...] = array
    found = whole(cli, folder, "--against", scan)
    assert found["voxelsCompared"] == array.size and "not checked" in found["notes"][-1]
    stored[20, 21, 22] = array[20, 21, 22] + 1
    [difference] = verdict(cli, folder, "--against", scan)["differences"]
    assert difference["voxel"] == [20, 21, 22] and difference["found"] == array[20, 21, 22] + 1


V2 = {
    "zstd": Zstd(3),
    "gzip": GZip(1),
    "none": None,
    "blosc-lz4": Blosc("lz4", 5, Blosc.BITSHUFFLE, 777),
    "blosc-zstd": Blosc("zstd", 9, Blosc.SHUFFLE),
    "blosc-zstd-bits": Blosc("zstd", 1, Blosc.BITSHUFFLE, 65536),
    "blosc-lz4-stored": Blosc("lz4", 0, Blosc.SHUFFLE),
}


@pytest.mark.parametrize("separator", [".", "/"])
@pytest.mark.parametrize("case", V2)
def test_outputs_of_zarr_python_in_version_2(cli, scan, array, tmp_path, case, separator):
    folder = tmp_path / "out.zarr"
    image(folder, 2, "tczyx")
    settings = {"chunks": (1, 1, 17, 19, 60), "zarr_format": 2, "compressors": V2[case]}
    keys = {"name": "v2", "separator": separator}
    stored = zarr.create_array(folder / "s0", shape=(1, 1, *SHAPE), dtype="uint16", chunk_key_encoding=keys, **settings)
    stored[0, 0] = array
    whole(cli, folder, "--against", scan)


def test_outputs_of_tensorstore(cli, scan, array, tmp_path):
    """Shards of Blosc, of which those that hold only the fill value are not there; a second level, made in some way."""
    folder = tmp_path / "out.zarr"
    array = array.copy()
    array[:32, :32, :] = 7
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, array, photometric="minisblack")
    image(folder, 3, levels=2)
    inner = [{"name": "bytes", "configuration": {"endian": "little"}}]
    inner += [{"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "bitshuffle", "typesize": 2}}]
    sharding = {"name": "sharding_indexed", "configuration": {"chunk_shape": CHUNK, "codecs": inner}}
    for level, data in enumerate([array, array[::2, ::2, ::2]]):
        metadata = {
            "shape": data.shape,
            "data_type": "uint16",
            "fill_value": 7,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [32, 32, 64]}},
            "codecs": [sharding],
        }
        store = {"driver": "file", "path": f"{folder / f's{level}'}/"}
        spec = {"driver": "zarr3", "kvstore": store, "metadata": metadata, "create": True}
        tensorstore.open(spec).result().write(data).result()
    assert not (folder / "s0/c/0/0/0").exists()
    found = whole(cli, folder, "--against", source)
    assert found["voxelsCompared"] == array.size and found["levels"] == 2
    data = bytearray((folder / "s1/c/0/0/0").read_bytes())
    data[-9] ^= 1
    (folder / "s1/c/0/0/0").write_bytes(data)
    [*differences] = verdict(cli, folder, "--against", source)["differences"]
    assert {(one["level"], one["path"]) for one in differences} == {(1, "s1/c/0/0/0")}


# --- command line, Python ---------------------------------------------------------------------------------------------


def test_what_cannot_be_verified(cli, tmp_path, plain, scan):
    run = cli("verify", tmp_path / "missing.ome.zarr", "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, "not-found")
    run = cli("verify", tmp_path, "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, "output-not-ome-zarr")
    run = cli("verify", plain, "--against", tmp_path / "missing.tif", "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, "not-found")
    run = cli("verify", plain, "-m", "1M", "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, "memory-too-small")
    for words in ([], [plain, scan], [plain, "--roi", 1], [plain, "--against"]):
        assert cli("verify", *words).status == 2


def test_an_unfinished_output_is_refused(cli, tmp_path):
    array = np.random.default_rng(3).integers(0, 65535, (300, 500, 500), np.uint16)
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, array, photometric="minisblack")
    cli.crash(source, "--compression", "gzip")
    partial = tmp_path / "scan.ome.zarr.partial"
    assert partial.exists()
    run = cli("verify", partial, "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, "output-not-ome-zarr")
    assert "--resume" in run.events[-1]["message"]


def test_a_signal_cancels(cli, tmp_path):
    array = np.random.default_rng(3).integers(0, 65535, (300, 500, 500), np.uint16)
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, array, photometric="minisblack")
    cli.convert(source, "--compression", "gzip", "-c", 16, 64, 64)
    process = cli.start("verify", tmp_path / "scan.ome.zarr", "--progress", "json", "-j", 1)
    assert json.loads(process.stderr.readline())["event"] == "progress"
    run = finish(process, signal.SIGINT)
    assert run.status == 130 and run.stdout == ""
    assert run.events[-1]["code"] == "cancelled"


def test_from_python(scan, plain, tmp_path):
    told = []
    found = verify(plain, scan, progress=told.append, max_memory="500M", jobs=2)
    assert isinstance(found, VerifyResult) and found and found.ok and found.differences == ()
    assert told[-1]["done_bytes"] == told[-1]["total_bytes"]
    output = shutil.copytree(plain, tmp_path / "out.ome.zarr")
    (output / "0/c/0/0/0").unlink()
    found = verify(output, against=scan)
    assert not found and found.chunks_differing == 1
    [difference] = found.differences
    assert (difference.level, difference.path, difference.voxel) == (0, "0/c/0/0/0", None)
    with pytest.raises(ConversionError, match="no such folder"):
        verify(tmp_path / "missing")


def test_not_a_number_is_a_word_in_json_and_a_number_in_python(cli, tmp_path):
    array = np.zeros((4, 8, 8), np.float32)
    array[1, 2, 3] = np.nan
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, array, photometric="minisblack")
    cli.convert(source, "-c", 4, 4, 4)
    array[1, 2, 3] = 2
    array[1, 2, 5] = -np.inf
    tifffile.imwrite(source, array, photometric="minisblack")
    first, second = verdict(cli, tmp_path / "scan.ome.zarr")["differences"]
    assert (first["expected"], first["found"], second["expected"]) == (2, "NaN", "-Infinity")
    first, second = verify(tmp_path / "scan.ome.zarr", progress=False).differences
    assert np.isnan(first.found) and second.expected == -np.inf


def test_a_choice_of_slices_and_a_voxel_size_from_beside(cli, tmp_path):
    """The chosen slices of a folder are compared; a copy of them without the scanner's file is no other volume."""
    array = sources.volume((6, 20, 30), Encoding("uint8"))
    folder = sources.write(tmp_path, array, Encoding("uint8", container="slices"))
    log = ["[Reconstruction]", "Result Image Width (pixels)=30", "Result Image Height (pixels)=20", "Pixel Size (um)=5"]
    (folder / "slice.log").write_text("\n".join(log))
    output = tmp_path / "slices.ome.zarr"
    cli.convert(folder, output, "--slices", "2-4")
    assert whole(cli, output)["against"] == str(folder)
    assert whole(cli, output, "--against", folder)["voxelsCompared"] == 3 * 20 * 30
    (folder / "slice.log").unlink()
    whole(cli, output, "--against", folder)
    (folder / "slice.log").write_text("\n".join(log).replace("=5", "=6"))
    assert "voxel size" in verdict(cli, output)["differences"][0]["message"]

"""Output for programs: names and types of the JSON, defaults; `estimate` says what `convert` then does."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import sources
import tifffile
from oracle import Expected, check, pyramid
from sources import VOXEL_SIZE, Encoding

INFO = {
    "source": str,
    "format": str,
    "axes": str,
    "shape": list,
    "dtype": str,
    "byteOrder": str,
    "layout": str,
    "compression": str,
    "pages": int,
    "bytes": int,
    "voxelSize": (list, type(None)),
    "unit": (str, type(None)),
    "voxelSizeFrom": (str, type(None)),
    "channels": (list, type(None)),
    "timeStep": (int, float, type(None)),
    "timeUnit": (str, type(None)),
    "voxelSizeFile": (str, type(None)),
    "voxelSizeNotes": list,
    "calibrationFunction": (dict, type(None)),
    "warnings": list,
}
PLAN = {
    **INFO,
    "output": str,
    "levels": list,
    "uncompressedBytes": int,
    "diskBytes": int,
    "freeDiskBytes": int,
    "peakMemoryBytes": int,
    "workers": int,
    "unfinished": (dict, type(None)),
    "outputRefusal": (dict, type(None)),
}


def check_fields(value: dict, fields: dict) -> None:
    assert set(value) == set(fields)
    for name, kind in fields.items():
        assert isinstance(value[name], kind) and not isinstance(value[name], bool), name


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding("uint16"),
        Encoding("float32", "big", "rows", "deflate", 3, "bigtiff"),
        Encoding("int8", layout="tiles", compression="lzw"),
        Encoding("uint8", "big", container="imagej"),
        Encoding("int16", "big", container="imagej-single"),
        Encoding("int32", compression="zstd", container="slices"),
        Encoding("uint32", compression="packbits", container="ome"),
        Encoding("uint8", compression="jpeg"),
        Encoding("float32", compression="lerc"),
    ],
    ids=lambda encoding: f"{encoding.container}-{encoding.dtype}-{encoding.compression}",
)
def test_info(cli, tmp_path, encoding):
    shape = (5, 40, 50)
    source = sources.write(tmp_path, sources.volume(shape, encoding), encoding)
    info = cli.info(source)
    check_fields(info, INFO)
    assert info["source"] == str(source)
    formats = {"classic": "tiff", "ome": "tiff", "imagej-single": "imagej"}
    assert info["format"] == formats.get(encoding.container, encoding.container)
    assert info["axes"] == "zyx"
    assert tuple(info["shape"]) == shape and info["pages"] == 5
    assert info["dtype"] == encoding.dtype
    assert info["byteOrder"] == encoding.byteorder
    assert info["layout"] == ("tiles" if encoding.layout == "tiles" else "strips")
    assert info["compression"] == encoding.compression
    paths = source.iterdir() if source.is_dir() else [source]
    assert info["bytes"] == sum(path.stat().st_size for path in paths)
    if sources.calibrated(encoding.container):
        np.testing.assert_allclose(info["voxelSize"], VOXEL_SIZE)
        assert info["unit"] == "micrometer" and info["voxelSizeFrom"]
    else:
        assert (info["voxelSize"], info["unit"], info["voxelSizeFrom"]) == (None, None, None)


@pytest.mark.parametrize("unit", ["um", "µm", "\\u00B5m", "micron", "microns", "mm", "nm", "cm", "inch", "pixel", ""])
def test_units_of_imagej(cli, tmp_path, unit):
    """Units get their UDUNITS names; what is none is unknown, and never invented."""
    source = tmp_path / "scan.tif"
    description = f"ImageJ=1.53t\nimages=4\nslices=4\nunit={unit}\nspacing=2.5\nloop=false\n"
    tifffile.imwrite(
        source,
        np.zeros((4, 20, 30), np.uint16),
        photometric="minisblack",
        metadata=None,
        description=description.encode("latin-1"),
        resolution=(4, 8),
    )
    names = {"mm": "millimeter", "nm": "nanometer", "cm": "centimeter", "inch": "inch", "pixel": None, "": None}
    info = cli.info(source)
    assert info["format"] == "imagej"
    assert info["unit"] == names.get(unit, "micrometer")
    if info["unit"]:
        np.testing.assert_allclose(info["voxelSize"], [2.5, 0.125, 0.25])


@pytest.mark.parametrize("per_inch", [72, 96, 100, 150, 300, 600])
def test_resolution_of_printers_is_no_voxel_size(cli, tmp_path, per_inch):
    source = tmp_path / "scan.tif"
    resolution = {"resolution": (per_inch, per_inch), "resolutionunit": 2}
    tifffile.imwrite(source, np.zeros((4, 20, 30), np.uint16), photometric="minisblack", metadata=None, **resolution)
    assert cli.info(source)["voxelSize"] is None


def test_estimate_and_convert_agree(cli, tmp_path):
    encoding = Encoding("float32", container="imagej")
    array = sources.volume((30, 90, 200), encoding)
    source = sources.write(tmp_path, array, encoding)
    output = tmp_path / "volume.zarr"
    options = ["-c", 16, 32, 48, "-n", 3, "--roi", 1, 29, 0, 88, 10, 200, "-d", "uint16"]
    plan = cli.estimate(source, output, *options)
    check_fields(plan, PLAN)
    assert list(tmp_path.iterdir()) == [source]  # an estimate writes nothing
    assert plan["output"] == str(output)
    assert plan["freeDiskBytes"] <= os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize * 1.1
    assert 0 < plan["peakMemoryBytes"] <= 4 * 2**30
    run = cli("convert", source, output, *options, "--progress", "json").succeeded()
    assert run.stdout == f"{output}\n"
    for level, planned in enumerate(plan["levels"]):
        assert set(planned) == {"shape", "chunks", "bytes"}
        written = json.loads((output / str(level) / "zarr.json").read_text())
        assert planned["shape"] == written["shape"]
        assert planned["bytes"] == 2 * np.prod(planned["shape"])
        chunks = [path for path in (output / str(level) / "c").rglob("*") if path.is_file()]
        assert np.prod(planned["chunks"]) == len(chunks)
    assert len(plan["levels"]) == 3 and not (output / "3").exists()
    assert plan["uncompressedBytes"] == sum(level["bytes"] for level in plan["levels"])
    done = run.events[-1]
    assert done["levels"] == 3
    assert {"event", "output", "seconds"} <= set(done)
    assert done["seconds"] > 0


def test_progress_events(cli, tmp_path):
    """At least the last state is told, the work done never shrinks, and never exceeds the whole."""
    array = np.random.default_rng(2).random((128, 500, 500), np.float32)
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, array, photometric="minisblack")
    run = cli("convert", source, "-c", 32, 64, 64, "--compression", "gzip", "--progress", "json").succeeded()
    *events, done = run.events
    assert done["event"] == "done"
    assert len(events) >= 2
    for event in events:
        assert set(event) == {"event", "doneBytes", "totalBytes", "bytesPerSecond", "secondsLeft"}
        assert event["event"] == "progress"
        assert 0 <= event["doneBytes"] <= event["totalBytes"]
        assert event["bytesPerSecond"] >= 0
        assert event["secondsLeft"] is None or event["secondsLeft"] >= 0
    amounts = [event["doneBytes"] for event in events]
    assert amounts == sorted(amounts)
    assert amounts[-1] == events[-1]["totalBytes"] == array.nbytes
    assert len(events) <= 5 * done["seconds"] + 2


def test_defaults(cli, tmp_path):
    """128³ chunks, cut to the volume, levels until one chunk holds the last, blosc-zstd, 4G, the source's type, 0.5."""
    encoding = Encoding("uint8")
    array = sources.volume((3, 130, 270), encoding)
    source = sources.write(tmp_path, array, encoding)
    before = source.read_bytes()
    run = cli("convert", source.name, cwd=tmp_path).succeeded()
    assert run.stdout == f"{tmp_path / 'scan.ome.zarr'}\n"
    expected = Expected(array)
    assert len(expected.shapes) == 3
    check(tmp_path / "scan.ome.zarr", expected)
    assert source.read_bytes() == before
    given = ["-c", 3, 128, 128, "-n", "auto", "-m", "4G", "-d", "source", "--ome-zarr", "0.5"]
    given += ["--compression", "blosc-zstd"]
    plain, explicit = cli.estimate(source, tmp_path / "b.zarr"), cli.estimate(source, tmp_path / "b.zarr", *given)
    plain.pop("freeDiskBytes"), explicit.pop("freeDiskBytes")
    assert plain == explicit


@pytest.mark.parametrize(
    ("shape", "words", "chunks"),
    [
        ((3, 4100, 4100), [], [1, 9, 9]),
        ((1, 9000, 9000), [], [1, 9, 9]),
        ((3, 4100, 4100), ["--shard", 3, 256, 256], [1, 33, 33]),
        ((3, 4100, 4100), ["--roi", 0, 3, 0, 400, 0, 400], [1, 4, 4]),
    ],
)
def test_many_flat_chunks_are_longer(cli, tmp_path, shape, words, chunks):
    """At most as many voxels as 128³; the usual lengths where there are few, or where they share files."""
    tifffile.imwrite(tmp_path / "a.tif", shape=shape, dtype=np.uint8, photometric="minisblack")
    assert cli.estimate(tmp_path / "a.tif", tmp_path / "b.zarr", *words)["levels"][0]["chunks"] == chunks


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.tif", "a"), ("b.ome.tif", "b"), ("c.TIFF", "c"), ("d.btf", "d"), ("e.f.tf8", "e.f"), ("g h é.tif", "g h é")],
)
def test_default_output(cli, tmp_path, name, stem):
    settings = {"photometric": "minisblack", "metadata": None, "ome": False}
    tifffile.imwrite(tmp_path / name, np.zeros((2, 3, 4), np.uint8), **settings)
    run = cli("convert", tmp_path / name, "-q").succeeded()
    assert run.stdout == f"{tmp_path / stem}.ome.zarr\n"
    assert run.stderr == ""
    check(tmp_path / f"{stem}.ome.zarr", Expected(np.zeros((2, 3, 4), np.uint8)))


@pytest.mark.parametrize("slash", ["", "/"])
def test_default_output_of_a_folder(cli, tmp_path, slash):
    encoding = Encoding("uint8", container="slices")
    folder = sources.write(tmp_path, sources.volume((12, 20, 30), encoding), encoding)
    (folder / ".hidden.tif").write_bytes(b"not a slice")
    (folder / "notes.txt").write_text("not a slice")
    done = cli.convert(f"{folder}{slash}")
    assert done["output"] == str(tmp_path / "slices.ome.zarr")
    # Slices are in the order of their numbers: 2 before 10.
    check(Path(done["output"]), Expected(sources.volume((12, 20, 30), encoding)))


def test_levels_beyond_the_last(cli, tmp_path):
    """No level is like the one above it: a warning says that there are fewer."""
    tifffile.imwrite(tmp_path / "scan.tif", np.ones((5, 6, 7), np.uint16), photometric="minisblack")
    plan = cli.estimate(tmp_path / "scan.tif", "-n", 9)
    assert [tuple(level["shape"]) for level in plan["levels"]] == [
        shape for shape, _ in pyramid((5, 6, 7), (128,) * 3, 9)
    ]
    assert len(plan["levels"]) == 4 and len(plan["warnings"]) == 1
    done = cli.convert(tmp_path / "scan.tif", "-n", 9)
    assert done["levels"] == 4 and done["warnings"] == plan["warnings"]


@pytest.mark.parametrize("words", [["--help"], ["convert", "--help"], ["help", "convert"], ["--version"]])
def test_help(cli, words):
    run = cli(*words).succeeded()
    assert run.stdout and run.stderr == ""
    if "convert" in words:
        options = """
            slices chunk-size num-levels shard downsample labels parent compression max-memory dtype channel value-range
            roi
            voxel-size unit ome-zarr jobs overwrite resume quiet progress
        """
        for option in options.split():
            assert f"--{option}" in run.stdout


def test_text_for_people(cli, tmp_path):
    source = sources.write(tmp_path, np.zeros((5, 6, 7), np.float32), Encoding("float32", container="imagej"))
    assert "float32" in cli("info", source).succeeded().stdout
    assert "scan.ome.zarr" in cli("estimate", source).succeeded().stdout


def test_names_that_look_like_options(cli, tmp_path):
    tifffile.imwrite(tmp_path / "-n.tif", np.zeros((2, 3, 4), np.uint8), photometric="minisblack", metadata=None)
    run = cli("convert", "-q", "--", "-n.tif", cwd=tmp_path).succeeded()
    assert run.stdout == f"{tmp_path / '-n.ome.zarr'}\n"

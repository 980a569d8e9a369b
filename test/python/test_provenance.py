"""Provenance in an output: where it comes from, and what its values mean."""

import hashlib
import json
import math
import os
import shutil

import numpy as np
import pytest
import tifffile
import zarr

from microct_io_vis import CalibrationFunction, info

SHAPE = (4, 40, 50)
VOXELS = np.random.default_rng(8).integers(0, 256, SHAPE).astype(np.uint8)


def own(output):
    return json.loads((output / "zarr.json").read_text())["attributes"]["microct-io-vis"]


def header_hash(files) -> str:
    """Of each file its size and a line feed, and its first 16,384 bytes."""
    found = hashlib.sha256()
    for file in files:
        found.update(b"%d\n" % file.stat().st_size + file.read_bytes()[:16384])
    return found.hexdigest()


def test_a_source_is_known_again_wherever_it_lies(cli, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    large = np.tile(VOXELS, (10, 1, 1))
    tifffile.imwrite(here / "scan.tif", large, photometric="minisblack", bigtiff=True)
    shutil.copyfile(here / "scan.tif", there / "copy.tif")
    os.utime(there / "copy.tif", (1e9, 1e9))
    cli.convert(here / "scan.tif", "-c", 16, 32, 32, "-j", 1)
    cli.convert(there / "copy.tif", here / "copy.ome.zarr", "-c", 16, 32, 32, "-j", 2, "-m", "300M")
    one, other = own(here / "scan.ome.zarr"), own(here / "copy.ome.zarr")
    assert one["source"]["name"] == "scan.tif" and other["source"].pop("name") == "copy.tif"
    del one["source"]["name"]
    assert one == other
    assert one["source"]["files"] == 1
    assert one["source"]["bytes"] == (here / "scan.tif").stat().st_size > 16384
    assert one["source"]["headerSha256"] == header_hash([here / "scan.tif"])
    text = (here / "scan.ome.zarr" / "zarr.json").read_text()
    assert str(tmp_path) not in text and "/" not in json.dumps(one)


def test_slices(cli, tmp_path):
    folder = tmp_path / "slices"
    folder.mkdir()
    files = [folder / f"s{n}.tif" for n in range(40)]
    for n, file in enumerate(files):
        tifffile.imwrite(file, np.full((30, 40), n, np.uint8), photometric="minisblack")
    cli.convert(folder)
    source = own(tmp_path / "slices.ome.zarr")["source"]
    assert (source["name"], source["files"]) == ("slices", 40)
    assert source["bytes"] == sum(file.stat().st_size for file in files)
    assert source["headerSha256"] == header_hash(files)
    # Another order is another volume.
    listed = tmp_path / "listed.txt"
    listed.write_text("".join(f"{file}\n" for file in reversed(files)))
    cli.convert(f"@{listed}", tmp_path / "reversed.ome.zarr")
    other = own(tmp_path / "reversed.ome.zarr")["source"]
    assert other["headerSha256"] == header_hash(files[::-1]) != source["headerSha256"]


def test_options(cli, tmp_path):
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, VOXELS.astype(np.uint16), photometric="minisblack")
    cli.convert(source)
    plain = own(tmp_path / "scan.ome.zarr")["options"]
    assert plain["dtype"] == "source" and plain["levels"] == "auto" and plain["valueRange"] is None
    given = ["-d", "uint8", "--value-range", "1%", 200, "-c", 2, 32, 32, "--roi", 0, 4, 0, 40, 1, 50]
    cli.convert(source, *given, "-j", 2, "-m", "1G", "--overwrite", "--resume")
    found = own(tmp_path / "scan.ome.zarr")["options"]
    told = {"dtype": "uint8", "valueRange": ["1%", 200], "chunkSize": [2, 32, 32], "roi": [0, 4, 0, 40, 1, 50]}
    assert found == {**plain, **told}
    assert not {"output", "maxMemory", "jobs", "overwrite", "resume"} & set(found)


def imagej(path, array, *lines):
    description = "\n".join(["ImageJ=1.54f", f"images={len(array)}", f"slices={len(array)}", *lines, ""])
    tifffile.imwrite(path, array, photometric="minisblack", description=description, metadata=None)
    return path


# Number and coefficients, and what ImageJ makes of a value x (`ij.measure.CurveFitter.f`).
FUNCTIONS = {
    "straight line": (0, [-1000, 0.5], lambda p, x: p[0] + p[1] * x),
    "2nd degree polynomial": (1, [1, 2, 3], lambda p, x: p[0] + x * (p[1] + x * p[2])),
    "3rd degree polynomial": (2, [1, -2, 0.5, 0.1], lambda p, x: p[0] + x * (p[1] + x * (p[2] + x * p[3]))),
    "4th degree polynomial": (
        3,
        [1, -2, 0.5, 0.1, 1e-3],
        lambda p, x: p[0] + x * (p[1] + x * (p[2] + x * (p[3] + x * p[4]))),
    ),
    "exponential": (4, [2, 0.01], lambda p, x: p[0] * math.exp(p[1] * x)),
    "power": (5, [2, 1.5], lambda p, x: p[0] * x ** p[1]),
    "log": (6, [3, 0.7], lambda p, x: p[0] * math.log(p[1] * x)),
    "Rodbard": (7, [1, 2, 30, 4], lambda p, x: p[3] + (p[0] - p[3]) / (1 + (x / p[2]) ** p[1])),
    "gamma variate": (
        8,
        [5, 2, 1.5, 40],
        lambda p, x: p[1] * (x - p[0]) ** p[2] * math.exp(-(x - p[0]) / p[3]),
    ),
    "y = a+b*ln(x-c)": (9, [1, 2, -3], lambda p, x: p[0] + p[1] * math.log(x - p[2])),
    "Rodbard NIH Image": (10, [1, 2, 3, 300], lambda p, x: p[2] * ((x - p[0]) / (p[3] - x)) ** (1 / p[1])),
    "exponential with offset": (11, [9, 0.02, 4], lambda p, x: p[0] * math.exp(-p[1] * x) + p[2]),
    "Gaussian": (
        12,
        [1, 7, 100, 30],
        lambda p, x: p[0] + (p[1] - p[0]) * math.exp(-((x - p[2]) ** 2) / (2 * p[3] ** 2)),
    ),
    "exponential recovery": (13, [9, 0.02, 4], lambda p, x: p[0] * (1 - math.exp(-p[1] * x)) + p[2]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_calibration_functions(tmp_path, name):
    number, coefficients, function = FUNCTIONS[name]
    lines = [f"cf={number}", *(f"c{n}={value}" for n, value in enumerate(coefficients)), "vunit=HU"]
    source = imagej(tmp_path / "scan.tif", VOXELS, *lines)
    found = info(source)
    assert found.dtype == "uint8" and found.warnings == ()
    known = found.calibration_function
    assert isinstance(known, CalibrationFunction)
    assert (known.name, known.number, known.unit) == (name, number, "HU")
    assert known.coefficients == tuple(coefficients) and known.zero_clip is False
    formula = known.formula.partition(", and")[0].replace("^", "**")
    names = {f"c{n}": value for n, value in enumerate(coefficients)} | {"exp": math.exp, "ln": math.log}
    for value in (7, 100, 255):
        assert eval(formula, names | {"v": value}) == pytest.approx(function(coefficients, value), rel=1e-12)


def test_the_way_to_the_calibrated_value(cli, tmp_path):
    """Through the scaling to the source's values, and through the function to what these mean; or in one step."""
    source = imagej(tmp_path / "scan.tif", VOXELS.astype(np.uint16) * 20, "cf=0", "c0=-1000", "c1=0.5", "vunit=HU")
    text = cli("info", source).succeeded().stdout
    assert "in HU: c0 + c1 * v (straight line), c0 = -1000, c1 = 0.5" in text
    for words in [[], ["-d", "uint8", "--value-range", 100, 4000]]:
        cli.convert(source, "--overwrite", *words)
        output = tmp_path / "scan.ome.zarr"
        stored = np.asarray(zarr.open_array(output / "0", mode="r")[...]).astype(np.float64)
        found = own(output)
        calibration, scaling = found["calibration"], found["scaling"] or {"slope": 1, "intercept": 0}
        if not words:
            np.testing.assert_array_equal(stored, VOXELS * 20.0)
        value = scaling["slope"] * stored + scaling["intercept"]
        by_steps = calibration["coefficients"][0] + calibration["coefficients"][1] * value
        at_once = calibration["ofStored"]["slope"] * stored + calibration["ofStored"]["intercept"]
        np.testing.assert_allclose(at_once, by_steps, rtol=1e-12)
        wanted = -1000 + 0.5 * (VOXELS * 20.0).clip(*((100, 4000) if words else (0, 65535)))
        np.testing.assert_allclose(by_steps, wanted, atol=0.5 * 0.5 * scaling["slope"] + 1e-9)
        assert calibration["unit"] == "HU" and calibration["function"] == "straight line"


def test_signed_values_are_no_function(cli, tmp_path):
    """ImageJ's way of storing them is undone while reading, and told."""
    signed = VOXELS.astype(np.int16) - 300
    stored = (signed.astype(np.int32) + 32768).astype(np.uint16)
    lines = ["cf=0", "c0=-32768.0", "c1=1.0", "vunit=Gray Value"]
    source = imagej(tmp_path / "scan.tif", stored, *lines)
    found = cli.info(source)
    assert found["dtype"] == "int16" and found["calibrationFunction"] is None
    cli.convert(source)
    output = tmp_path / "scan.ome.zarr"
    np.testing.assert_array_equal(zarr.open_array(output / "0", mode="r")[...], signed)
    assert own(output)["source"]["signedOffset"] == -32768 and own(output)["calibration"] is None


@pytest.mark.parametrize(
    "dtype, lines, unit, warned",
    [
        ("float32", ["cf=0", "c0=1", "c1=2", "vunit=1/cm"], "1/cm", None),
        ("float32", ["vunit=Gray Value"], None, None),
        ("uint16", ["vunit=HU"], None, None),
        ("uint16", ["cf=20", "vunit=HU"], None, None),
        ("uint16", ["cf=0", "c0=1", "c1=2"], None, None),
        ("uint16", ["cf=3", "c0=1", "c1=2", "vunit=HU"], None, "4th degree polynomial"),
        ("uint16", ["cf=22", "c0=1", "c1=2", "vunit=HU"], None, "number 22"),
        ("uint8", ["cf=21", "vunit=Uncalibrated OD"], "Uncalibrated OD", "optical densities"),
    ],
)
def test_what_is_no_function_of_voxels(cli, tmp_path, dtype, lines, unit, warned):
    source = imagej(tmp_path / "scan.tif", VOXELS.astype(dtype), *lines)
    found = cli.info(source)
    function = found["calibrationFunction"]
    assert (function and function["unit"]) == unit and not (function and function["coefficients"])
    assert bool(found["warnings"]) == (warned is not None)
    assert warned is None or warned in found["warnings"][0]
    cli.convert(source)
    calibration = own(tmp_path / "scan.ome.zarr")["calibration"]
    assert (calibration and calibration["unit"]) == unit


def test_negative_results_that_are_clipped(cli, tmp_path):
    lines = ["cf=0", "c0=-10", "c1=1", "vunit=\\u00B5g", "zeroclip=true"]
    function = cli.info(imagej(tmp_path / "scan.tif", VOXELS, *lines))["calibrationFunction"]
    assert function["zeroClip"] is True and function["unit"] == "µg"

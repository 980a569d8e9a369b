"""Label volumes: kept as they are, reduced to labels, and written into the image that they belong to."""

import json
import signal
from pathlib import Path

import numpy as np
import ome_zarr_models
import pytest
import tifffile
import zarr
from command_line import finish
from oracle import Expected, check, files
from test_resume import contents, kill

SHAPE = (20, 70, 90)
SCALE = (5, 1, 1)
SMALL = ["-c", 16, 16, 16]


def regions(shape, dtype: str) -> np.ndarray:
    z, y, x = np.ogrid[tuple(slice(n) for n in shape)]
    chance = np.random.default_rng(5)
    return (((z // 4 + y // 9 + x // 11) * 37 + chance.integers(0, 2, shape)) % 100).astype(dtype)


def write(path: Path, array: np.ndarray, **settings) -> Path:
    tifffile.imwrite(path, array, photometric="minisblack", **({"metadata": None} | settings))
    return path


@pytest.fixture(params=["0.5", "0.4"])
def image(cli, tmp_path, request) -> Path:
    """An OME-Zarr of voxels 5 × 1 × 1 µm that begins at z = 10 µm."""
    voxels = np.random.default_rng(1).integers(0, 1000, (22, *SHAPE[1:]), "uint16")
    words = ["--voxel-size", *SCALE, "--unit", "um", "--roi", 2, 22, 0, 70, 0, 90, "--ome-zarr", request.param]
    cli.convert(write(tmp_path / "scan.tif", voxels), *words, *SMALL)
    return tmp_path / "scan.ome.zarr"


def version_of(image: Path) -> str:
    return "0.5" if (image / "zarr.json").exists() else "0.4"


def listed(image: Path) -> list[str]:
    labels = image / "labels"
    if version_of(image) == "0.4":
        assert json.loads((labels / ".zgroup").read_text()) == {"zarr_format": 2}
        return json.loads((labels / ".zattrs").read_text())["labels"]
    return json.loads((labels / "zarr.json").read_text())["attributes"]["ome"]["labels"]


def check_labels(image: Path, name: str, array: np.ndarray, **expected) -> None:
    """Everything in a label image, and how others find it."""
    version = version_of(image)
    known = {"chunk": (16, 16, 16), "start": (2, 0, 0), "voxel_size": SCALE, "unit": "micrometer"}
    at = Expected(array, version=version, labels="../../", downsample="mode", **(known | expected))
    check(image / "labels" / name, at)
    group = zarr.open_group(image, mode="r", zarr_format=3 if version == "0.5" else 2)
    labels = ome_zarr_models.open_ome_zarr(group["labels"])
    assert type(labels).__name__ == "Labels" and name in listed(image)
    parent = ome_zarr_models.open_ome_zarr(group)
    assert parent.labels.attributes == labels.attributes


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
def test_labels_of_an_image(cli, tmp_path, image, dtype):
    before = contents(image)
    array = regions(SHAPE, dtype)
    source = write(tmp_path / "cells.tif", array)
    words = ["--labels", "--parent", image, *SMALL]
    plan = cli.estimate(source, *words)
    assert plan["output"] == str(image / "labels" / "cells") and plan["warnings"] == []
    assert (plan["voxelSize"], plan["unit"], plan["voxelSizeFrom"]) == (list(SCALE), "micrometer", "parent")
    assert not (image / "labels").exists()
    done = cli.convert(source, *words)
    assert done["output"] == plan["output"] and done["levels"] == len(plan["levels"])
    check_labels(image, "cells", array)
    verdict = cli("verify", done["output"], "--against", source, "--json").succeeded().json
    assert verdict["ok"] and verdict["notes"] == []
    own = zarr.open_group(image / "labels" / "cells", mode="r").attrs["microct-io-vis"]
    assert own["options"]["parent"] == image.name and own["options"]["labels"] is True
    # The image itself is as it was.
    assert {name: data for name, data in contents(image).items() if not name.startswith("labels/")} == before


def test_several(cli, tmp_path, image):
    """By name, by path, replaced; those that are there stay in the list, and others come to it."""
    array = regions(SHAPE, "uint8")
    source = write(tmp_path / "cells.tif", array)
    words = ["--labels", "--parent", image, *SMALL]
    cli.convert(source, "nuclei", *words)
    cli.convert(source, image / "labels" / "by path.zarr", *words)
    assert listed(image) == ["nuclei", "by path.zarr"]
    run = cli("convert", source, "nuclei", *words, "--progress", "json")
    assert run.status == 1 and run.events[-1]["code"] == "output-exists"
    write(source, array[:, ::-1])
    cli.convert(source, "nuclei", *words, "--overwrite")
    assert listed(image) == ["nuclei", "by path.zarr"]
    check_labels(image, "nuclei", array[:, ::-1])
    check_labels(image, "by path.zarr", array)
    assert sorted(path.name for path in (image / "labels").iterdir() if path.is_dir()) == ["by path.zarr", "nuclei"]
    # Whoever replaces the image is told what goes with it.
    plan = cli.estimate(tmp_path / "scan.tif", image, "--overwrite")
    assert any("labels" in warning for warning in plan["warnings"])


def test_coarser_labels(cli, tmp_path, image):
    """Labels of the shape of a level have its voxels; others reach as far as the image from the same edge."""
    parent = zarr.open_group(image, mode="r")
    half = regions(parent["1"].shape, "uint8")
    assert half.shape == (20, 35, 45)
    cli.convert(write(tmp_path / "half.tif", half), "--labels", "--parent", image, *SMALL)
    kept = {"voxel_size": (5, 2, 2), "offset": (10, 0.5, 0.5), "levels": len(list(parent.array_keys()))}
    check_labels(image, "half", half, **kept)
    third = regions((7, 24, 30), "uint8")
    words = ["--labels", "--parent", image, *SMALL, "--voxel-size", 15, 3, 3, "--unit", "micron"]
    third_labels = cli.convert(write(tmp_path / "third.tif", third), *words)["output"]
    cli("verify", third_labels, "--against", tmp_path / "third.tif").succeeded()
    check_labels(image, "third", third, voxel_size=(15, 3, 3), offset=(15, 1, 1), levels=kept["levels"])


def test_labels_of_a_part(cli, tmp_path, image):
    """They begin at the near corner of the voxel that is named, whatever the length of theirs."""
    levels = len(list(zarr.open_group(image, mode="r").array_keys()))
    part = write(tmp_path / "part.tif", regions((7, 24, 30), "uint8"))
    words = ["--labels", "--parent", image, *SMALL]
    done = cli.convert(part, *words, "--at", 3, 11, 40)
    check_labels(image, "part", tifffile.imread(part), offset=(10 + 3 * 5, 11, 40), levels=levels)
    cli("verify", done["output"], "--against", part).succeeded()
    coarser = [*words, "--voxel-size", 5, 2, 2, "--unit", "um", "--at"]
    cli.convert(part, "half", *coarser, 13, 21, 31)
    place = {"voxel_size": (5, 2, 2), "offset": (10 + 13 * 5, 21.5, 31.5), "levels": levels}
    check_labels(image, "half", tifffile.imread(part), **place)
    refused = [
        ([*words[1:], "--at", 14, 0, 0], "reach to 21 × 24 × 30, and the image"),
        ([*coarser[1:], 0, 0, 33], "reach to 7 × 48 × 93"),
        ([*words[1:], "--at", 0, -1, 0], "three whole numbers from 0 (Z Y X), found [0,-1,0]"),
        (["--at", 0, 0, 0], "of the image that labels belong to: name it"),
    ]
    for given, said in refused:
        error = refusal(cli, part, *given)
        assert error["field"] == "at" and said in error["message"], error


def ome_position(z: float, y: float, x: float, depth: int, **settings) -> dict:
    """Settings by which tifffile writes OME-XML of voxels of 5 × 1 × 1 µm whose planes have positions."""
    of_all = {f"Position{axis}": [at] * depth for axis, at in {"Y": y, "X": x}.items()}
    units = {f"Position{axis}Unit": ["µm"] * depth for axis in "ZYX"}
    size = {"PhysicalSizeZ": 5, "PhysicalSizeY": 1, "PhysicalSizeX": 1}
    plane = {"PositionZ": [z + 5 * k for k in range(depth)], **of_all, **units, **settings}
    return {"ome": True, "metadata": {"axes": "ZYX", **size, "Plane": plane}}


def imagej_origin(z: float, y: float, x: float, **settings) -> dict:
    """ImageJ's metadata of a stack of uncalibrated voxels whose voxel (z, y, x) is at 0."""
    return {"imagej": True, "metadata": {"axes": "ZYX", "zorigin": z, "yorigin": y, "xorigin": x, **settings}}


def test_labels_that_say_where_they_begin(cli, tmp_path, image):
    """In the scan's space, in which the image's first voxel is at z = 10 µm; without a guess, or not at all."""
    shape = (10, 35, 45)
    array = regions(shape, "uint8")
    words = ["--labels", "--parent", image, *SMALL]
    levels = len(list(zarr.open_group(image, mode="r").array_keys()))
    place = {"offset": (10 + 3 * 5, 11, 40), "levels": levels}
    for name, written in {
        "ome": ome_position(25, 11, 40, 10),
        # Of the shape of a coarser level, too, and the stack's place at each plane.
        "still": ome_position(0, 11, 40, 10, PositionZ=[25] * 10),
        "imagej": imagej_origin(-5, -11, -40),
    }.items():
        source = write(tmp_path / f"{name}.tif", array, **written)
        (said,) = cli.estimate(source, *words)["warnings"]
        assert "at voxel 3 11 40 of the image" in said and "--at Z Y X" in said
        cli.convert(source, *words)
        check_labels(image, name, array, **place)
        cli("verify", image / "labels" / name, "--against", source).succeeded()
    # A position that a person gives takes precedence; a region of the source begins further on.
    cli.convert(source, "given", *words, "--at", 0, 1, 2)
    check_labels(image, "given", array, offset=(10, 1, 2), levels=levels)
    cli.convert(source, "cut", *words, "--roi", 2, 10, 5, 35, 0, 45)
    check_labels(image, "cut", array[2:, 5:], offset=(10 + 5 * 5, 16, 40), levels=levels)
    refused = {
        "not on its grid": ome_position(27, 11, 40, 10),
        "reach beyond its 20 × 70 × 90": imagej_origin(-2, -36, -40),
        "that is voxel -1 0 0": imagej_origin(-1, 0, 0),
        "many programs write": ome_position(10, 0, 0, 10),
        "their voxels are 2 × 2 × 2 of an unknown unit": imagej_origin(-5, -11, -40, spacing=2)
        | {"resolution": (0.5, 0.5)},
    }
    for why, written in refused.items():
        error = refusal(cli, write(tmp_path / "refused.tif", array, **written), *words[1:])
        assert error["field"] == "at" and why in error["message"], error
    # Without a unit of length a position means nothing.
    frame = ome_position(25, 11, 40, 10, **{f"Position{axis}Unit": ["reference frame"] * 10 for axis in "ZYX"})
    assert "position" not in cli("info", write(tmp_path / "frame.tif", array, **frame), "--json").succeeded().json


def test_labels_of_what_was_cut_out_before(cli, tmp_path):
    """Where the image's own source says that it begins elsewhere, both count from there."""
    scan = write(tmp_path / "scan.tif", regions((20, 70, 90), "uint16"), **imagej_origin(-100, -50, -20))
    image = Path(cli.convert(scan, *SMALL)["output"])
    part = regions((7, 24, 30), "uint8")
    cli.convert(write(tmp_path / "part.tif", part, **imagej_origin(-103, -61, -60)), "--labels", "--parent", image)
    stored = json.loads((image / "labels" / "part" / "zarr.json").read_text())["attributes"]
    assert stored["microct-io-vis"]["offset"] == [3, 11, 40]
    error = refusal(cli, write(tmp_path / "other.tif", part, **ome_position(3, 1, 1, 7)), "--parent", image)
    assert error["field"] == "at" and "was said otherwise (ImageJ's origin)" in error["message"]


def test_region_of_the_labels(cli, tmp_path, image):
    """Labels of the whole scan are cut as the image was."""
    array = regions((22, *SHAPE[1:]), "uint16")
    words = ["--labels", "--parent", image, *SMALL, "--roi", 2, 22, 0, 70, 0, 90]
    cli.convert(write(tmp_path / "cells.tif", array), *words)
    check_labels(image, "cells", array[2:])


def test_labels_alone(cli, tmp_path):
    array = regions(SHAPE, "uint32")
    cli.convert(write(tmp_path / "cells.tif", array), "--labels", "--downsample", "max", *SMALL)
    check(tmp_path / "cells.ome.zarr", Expected(array, chunk=(16, 16, 16), labels=True, downsample="max"))


FLOATS = [("float32", [0, -0.0, -1, 2**24, 2**31 - 128, -(2**31)]), ("float64", [2**31 - 1, -(2**31)])]


@pytest.mark.parametrize(("dtype", "extremes"), FLOATS)
def test_whole_numbers_of_a_float_type(cli, tmp_path, dtype, extremes):
    """They are stored as int32, to the last one; what is none is named, in the source's own coordinates."""
    array = regions((22, *SHAPE[1:]), dtype)
    array[5, 6, : len(extremes)] = extremes
    source = write(tmp_path / "cells.tif", array)
    words = ["--labels", *SMALL, "--roi", 2, 22, 3, 70, 0, 90]
    assert cli.estimate(source, *words)["warnings"] == []
    done = cli.convert(source, *words)
    assert [("have become one" in warning) for warning in done["warnings"]] == [True] * (dtype == "float32")
    whole = array[2:, 3:].astype("int32")
    assert (whole == array[2:, 3:]).all()
    check(
        tmp_path / "cells.ome.zarr",
        Expected(whole, chunk=(16, 16, 16), start=(2, 3, 0), labels=True, downsample="mode"),
    )
    verdict = cli("verify", done["output"], "--against", source, "--json").succeeded().json
    assert verdict["ok"] and verdict["voxelsCompared"] > whole.size
    for value in (0.5, np.nan, -np.inf, 2**31):
        array[19, 65, 87] = value
        write(source, array)
        error = refusal(cli, source, tmp_path / "none.ome.zarr", *words)
        assert (error["code"], error["field"]) == ("bad-option", "labels"), error
        shown = {"nan": "NaN", "-inf": "-Infinity", "2147483648.0": "2147483648"}.get(str(float(value)), "0.5")
        assert f"cells.tif: voxel Z 19, Y 65, X 87 is {shown}, and labels are whole numbers" in error["message"]
        assert not list(tmp_path.glob("none*"))
    run = cli("verify", done["output"], "--against", source)
    assert run.status == 1 and "voxel Z 19, Y 65, X 87 is 2147483648, of which no label is made" in run.stderr


def refusal(cli, *words) -> dict:
    run = cli("convert", *words, "--labels", "--progress", "json")
    assert run.status == 1
    return run.events[-1]


def test_what_is_refused(cli, tmp_path, image):
    source = write(tmp_path / "cells.tif", regions(SHAPE, "uint8"))
    before = files(image)
    version = version_of(image)
    other = write(tmp_path / "other.tif", regions((20, 70, 91), "uint8"))
    error = refusal(cli, other, "--parent", image)
    assert (error["code"], error["field"]) == ("bad-option", "parent")
    assert "20 × 70 × 91" in error["message"] and "20 × 70 × 90" in error["message"]
    cases = [
        (["--parent", image, "--ome-zarr", "0.4" if version == "0.5" else "0.5"], "omeZarr"),
        (["--parent", image, "-n", 1], "levels"),
        (["--parent", image, "--voxel-size", 4, 1, 1, "--unit", "um"], "parent"),
        (["--parent", tmp_path / "cells.tif"], "parent"),
        (["--parent", tmp_path], "parent"),
        (["-d", "uint16"], "dtype"),
        (["--downsample", "mean"], "downsample"),
    ]
    for words, field in cases:
        error = refusal(cli, source, *words)
        assert error["field"] == field, error
        assert error["code"] == "bad-option", error
    assert refusal(cli, source, "--parent", tmp_path / "none.ome.zarr")["code"] == "not-found"
    for output in (
        tmp_path / "elsewhere",
        image / "cells",
        image / "labels",
        image / "labels" / "more" / "cells",
        "..",
    ):
        assert refusal(cli, source, output, "--parent", image)["field"] == "output"
    # A label image is no image to have labels of.
    cli.convert(source, "--labels", "--parent", image)
    assert refusal(cli, source, "--parent", image / "labels" / "cells")["field"] == "parent"
    assert {name for name in files(image) if not name.startswith("labels/")} == before


def test_size_that_is_not_the_image_s(cli, tmp_path, image):
    settings = {"imagej": True, "metadata": {"axes": "ZYX", "spacing": 3, "unit": "um"}, "resolution": (1, 1)}
    array = regions(SHAPE, "uint8")
    plan = cli.estimate(write(tmp_path / "cells.tif", array, **settings), "--labels", "--parent", image)
    [warning] = plan["warnings"]
    assert "3 × 1 × 1 micrometer" in warning and "5 × 1 × 1 micrometer" in warning


def test_foreign_image(cli, tmp_path):
    """An image with axes and transformations that other programs write."""
    image = tmp_path / "foreign.zarr"
    group = zarr.open_group(image, mode="w", zarr_format=3)
    axes = [{"name": "c", "type": "channel"}, *({"name": name, "type": "space", "unit": "nanometer"} for name in "zyx")]
    datasets = []
    for level, shape in enumerate([(2, *SHAPE), (2, 20, 35, 45)]):
        group.create_array(str(level), shape=shape, dtype="uint8", chunks=shape)
        scale = [1, 2, 3 * 2**level, 3 * 2**level]
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    whole = [{"type": "scale", "scale": [1, 10, 1, 1]}, {"type": "translation", "translation": [0, 7, 8, 9]}]
    multiscales = [{"axes": axes, "datasets": datasets, "coordinateTransformations": whole}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}
    zarr.consolidate_metadata(image)
    array = regions(SHAPE, "uint8")
    done = cli.convert(write(tmp_path / "cells.tif", array), "--labels", "--parent", image, *SMALL)
    assert any("consolidate" in warning for warning in done["warnings"])
    kept = {"voxel_size": (20, 3, 3), "unit": "nanometer", "offset": (7, 8, 9), "levels": 2}
    check(
        image / "labels" / "cells",
        Expected(array, chunk=(16, 16, 16), labels="../../", downsample="mode", **kept),
    )
    assert listed(image) == ["cells"]


def test_two_at_once(cli, tmp_path, image):
    """Labels that several conversions write into one image at the same time are all listed."""
    source = write(tmp_path / "cells.tif", regions(SHAPE, "uint8"))
    names = [f"cells {n}" for n in range(4)]
    running = [cli.start("convert", source, name, "--labels", "--parent", image, "-q", *SMALL) for name in names]
    assert [(process.communicate()[1], process.returncode) for process in running] == [("", 0)] * 4
    assert sorted(listed(image)) == names
    assert not [name for name in files(image / "labels") if "-" in name.split("/")[0]]


def test_killed_and_resumed(cli, tmp_path, image):
    big = regions((80, 280, 360), "int32")
    source = write(tmp_path / "cells.tif", big.astype("float32"))
    words = ["--labels", "--parent", image, "--voxel-size", 1.25, 0.25, 0.25, "--unit", "um"]
    words += ["-c", 16, 32, 64, "-m", "200M", "-j", 2, "--compression", "none"]
    output = image / "labels" / "cells"
    assert kill(cli, 3, source, output, *words)
    assert [path.name for path in (image / "labels").iterdir()] == ["cells.partial"]
    plan = cli.estimate(source, output, *words, "--resume")
    assert plan["unfinished"]["refusal"] is None and plan["unfinished"]["doneBytes"] > 0
    cli.convert(source, "cells", *words, "--resume")
    offset = (10 - 2.5 + 0.625, -0.5 + 0.125, -0.5 + 0.125)
    kept = {"voxel_size": (1.25, 0.25, 0.25), "offset": offset, "levels": zarr_levels(image)}
    check_labels(image, "cells", big, chunk=(16, 32, 64), compression="none", **kept)
    assert not list((image / "labels").glob("*.partial"))


def zarr_levels(image: Path) -> int:
    return len(list(zarr.open_group(image, mode="r").array_keys()))


def test_cancelled(cli, tmp_path, image):
    """A folder of labels that was made for labels that never came is gone again."""
    source = write(tmp_path / "cells.tif", regions((80, 280, 360), "uint16"))
    words = ["--labels", "--parent", image, "--voxel-size", 1.25, 0.25, 0.25, "--unit", "um"]
    process = cli.start("convert", source, *words, "-j", 1, "-c", 16, 16, 16, "--progress", "json")
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert not (image / "labels").exists()


def test_labels_do_not_go_with_an_image_that_is_replaced_meanwhile(cli, tmp_path, image):
    """Neither are they written into one that is about to be replaced, nor is one replaced while they are."""
    mask = write(tmp_path / "mask.tif", regions(SHAPE, "uint8"))
    into = ["convert", mask, "--labels", "--parent", image]
    over = ["convert", tmp_path / "scan.tif", image, "--overwrite", "--roi", 2, 22, 0, 70, 0, 90]
    for words, others, said in (
        (over, into, f"the image {image} is about to be replaced, with its labels, by another conversion"),
        (into, over, "labels are being written into it (mask, process "),
    ):
        held = cli.fall_asleep(*words)
        before = contents(image)
        run = cli(*others, "--progress", "json")
        assert (run.status, run.events[-1]["code"]) == (1, "output-exists") and said in run.events[-1]["message"]
        assert contents(image) == before
        held.send_signal(signal.SIGCONT)
        assert finish(held).status == 0
    assert listed(image) == ["mask"]
    # Of parts nobody need be at work; what is planned can be discarded all the same.
    other = write(tmp_path / "other.tif", regions(SHAPE, "uint8"))
    cli("plan", other, "--labels", "--parent", image, "--parts", 2).succeeded()
    run = cli(*over)
    assert run.status == 1 and "labels are converted into it in parts (other), as somebody has planned" in run.stderr
    cli("finish", image / "labels" / "other", "--discard").succeeded()
    cli(*over).succeeded()

"""`info` of an OME-Zarr: what zarr-python reads of it, whoever wrote it; and what is none, by what it is."""

import itertools
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from numcodecs import LZMA

from microct_io_vis import OmeZarrInfo, info
from microct_io_vis.node import node

VOXELS = np.random.default_rng(4).integers(0, 1000, (20, 30, 40), "uint16")
SOURCE = {"resolution": (1000, 1000), "metadata": {"axes": "ZYX", "spacing": 0.002, "unit": "mm"}, "imagej": True}


def inspect_all(folder: Path, paths: list[Path]) -> list[dict]:
    """Description of each path, or the error about it, by one process."""
    listing = folder / "paths.json"
    listing.write_text(json.dumps([str(path) for path in paths]))
    run = subprocess.run([node(), Path(__file__).with_name("inspect_many.ts"), listing], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def check_levels(folder: Path, found: dict) -> None:
    """Every level against zarr-python's reading, its files against the disk."""
    for level in found["levels"]:
        array = zarr.open_array(folder / level["path"], mode="r")
        assert level["shape"] == list(array.shape) and level["dtype"] == str(array.dtype)
        assert level["chunk"] == list(array.chunks)
        assert level["shard"] == (list(array.shards) if array.shards else None)
        files = [path for path in (folder / level["path"]).rglob("*") if path.is_file()]
        assert level["bytes"] == sum(path.stat().st_size for path in files)
        lengths = array.shards or array.chunks
        assert level["chunkFiles"] == np.prod([-(-n // m) for n, m in zip(array.shape, lengths, strict=True)])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert (found["files"], found["bytes"]) == (len(files), sum(path.stat().st_size for path in files))
    assert (found["shape"], found["dtype"]) == (found["levels"][0]["shape"], found["levels"][0]["dtype"])


@pytest.mark.parametrize("version", ["0.5", "0.4"])
def test_own(cli, tmp_path, version):
    tifffile.imwrite(tmp_path / "scan.tif", VOXELS, **SOURCE)
    tifffile.imwrite(tmp_path / "cells.tif", VOXELS // 100, photometric="minisblack", metadata=None)
    extra = ["--shard", 8, 16, 32, "--checksum", "crc32c"] if version == "0.5" else ["--compression", "gzip"]
    cli.convert(tmp_path / "scan.tif", "-c", 8, 16, 16, "--ome-zarr", version, "--roi", 1, 20, 0, 30, 0, 40, *extra)
    output = tmp_path / "scan.ome.zarr"
    cli.convert(tmp_path / "cells.tif", "--labels", "--parent", output, "--roi", 1, 20, 0, 30, 0, 40, "-c", 8, 16, 16)
    found = cli.info(output)
    check_levels(output, found)
    group = zarr.open_group(output, mode="r")
    attributes = group.attrs.asdict()
    ome = attributes.get("ome", attributes)
    [scales] = ome["multiscales"]
    assert (found["format"], found["version"], found["zarrFormat"]) == ("ome-zarr", version, group.metadata.zarr_format)
    assert found["axes"] == scales["axes"] and found["unit"] == scales["axes"][0]["unit"] == "millimeter"
    assert [level["path"] for level in found["levels"]] == [each["path"] for each in scales["datasets"]]
    for level, dataset in zip(found["levels"], scales["datasets"], strict=True):
        for step in dataset["coordinateTransformations"]:
            assert level[step["type"]] == step[step["type"]]
    assert found["voxelSize"] == [0.002, 0.001, 0.001] and found["voxelSizeFrom"] == "imagej"
    [channel] = found["channels"]
    assert channel["window"] == ome["omero"]["channels"][0]["window"] and not channel["inverted"]
    assert found["labels"] == ["cells"] and found["writer"].startswith("microct-io-vis ")
    assert found["provenance"] == attributes["microct-io-vis"] and found["warnings"] == []
    first = found["levels"][0]
    assert first["checksum"] == ("crc32c" if version == "0.5" else "none") and first["missingFiles"] == 0
    assert first["compression"] == ("blosc-zstd" if version == "0.5" else "gzip")
    # The same in text, and in Python, of one that has lost a chunk.
    next(path for path in (output / "0").rglob("*") if path.is_file() and path.name.isdigit()).unlink()
    text = cli("info", output).succeeded().stdout
    for part in (f"OME-Zarr {version} on Zarr v", "19 × 30 × 40 voxels (z, y, x)", "0.002 × 0.001 × 0.001 millimeter"):
        assert part in text
    assert "Level 0: 1 of its" in text and "have been lost" in text and "roi [1,20,0,30,0,40]" in text
    labels = info(output / "labels" / "cells")
    assert isinstance(labels, OmeZarrInfo) and labels.is_labels and labels.shape == (19, 30, 40)
    assert labels.provenance["source"]["name"] == "cells.tif" and labels.levels[0].chunk == (8, 16, 16)


def write(folder: Path, attributes: dict, store: int = 2) -> Path:
    zarr.open_group(folder, mode="a", zarr_format=store).attrs.update(attributes)
    return folder


def scales(axes: list | None, version: str | None, paths: tuple = ("0",), **more: object) -> dict:
    named = {} if axes is None else {"axes": axes}
    return {"multiscales": [{"version": version, "datasets": [{"path": path} for path in paths], **named, **more}]}


def test_of_others(tmp_path):
    """0.1 to 0.5, in either Zarr; also what this program could not read the chunks of."""
    space = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    cases = {
        "0.1": write(tmp_path / "one", scales(None, "0.1", name="first")),
        "0.3": write(tmp_path / "three", scales(["z", "y", "x"], "0.3", ("s0",))),
        "0.4": write(tmp_path / "four", scales(space, "0.4") | {"omero": {"channels": [{"inverted": True}]}}, 3),
        "0.5": write(tmp_path / "five", {"ome": {"version": "0.5", **scales(space[1:], None)}}, 3),
    }
    arrays = {"0.1": VOXELS[None, None], "0.3": VOXELS, "0.4": VOXELS.astype(">f4"), "0.5": VOXELS[0]}
    for version, folder in cases.items():
        store = 3 if version in ("0.4", "0.5") else 2
        path = folder / ("s0" if version == "0.3" else "0")
        zarr.create_array(path, data=arrays[version], chunks=arrays[version].shape, zarr_format=store)
    strange = write(tmp_path / "strange", scales(space, "0.4", ("0", "1")))
    zarr.create_array(strange / "0", data=VOXELS, zarr_format=2, compressors=LZMA())
    *found, odd = inspect_all(tmp_path, [*cases.values(), strange])
    for (version, folder), each in zip(cases.items(), found, strict=True):
        check_levels(folder, each)
        assert each["version"] == version and each["provenance"] is None and each["warnings"] == []
    assert [axis["name"] for axis in found[0]["axes"]] == list("tczyx") and found[0]["name"] == "first"
    assert [axis["name"] for axis in found[1]["axes"]] == list("zyx") and found[1]["voxelSize"] is None
    assert found[2]["channels"][0]["inverted"] and found[2]["unit"] == "micrometer"
    assert found[3]["shape"] == [30, 40]
    assert odd["shape"] == [20, 30, 40] and odd["dtype"] is None
    assert "lzma" in odd["warnings"][0] and "1/zarr.json: is missing" in odd["warnings"][1]


def test_what_is_no_image_is_named(tmp_path):
    image = write(tmp_path / "image", scales(list("zyx"), "0.3"))
    zarr.create_array(image / "0", data=VOXELS, zarr_format=2)
    zarr.create_array(tmp_path / "array", data=VOXELS)
    for name, text in (("cut.ome.zarr", '{"zarr_format": 3, "nod'), ("list", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "zarr.json").write_text(text)
    (tmp_path / "empty.zarr").mkdir()
    wells = [{"path": f"A/{n}"} for n in range(8)]
    collection = write(tmp_path / "collection", {"bioformats2raw.layout": 3})
    write(collection / "0", scales(list("zyx"), "0.3"))
    said = {
        write(tmp_path / "labels", {"labels": ["cells", "pores"]}): "a group of labels (cells, pores): give the path",
        write(
            tmp_path / "plate", {"plate": {"wells": wells}}
        ): "a plate of 8 wells (A/0, A/1, A/2, A/3, A/4 and 3 more)",
        write(tmp_path / "well", {"ome": {"well": {"images": wells[:1]}}}, 3): "a well of a plate with 1 image (A/0)",
        collection: "a collection of images (0), as bioformats2raw makes it: give the path of one of them",
        write(tmp_path / "group", {"a": 1}): "a Zarr group whose metadata names no image",
        image / "0": f"an array of the OME-Zarr {image}: give the path of that",
        tmp_path / "array": "a Zarr array by itself, which says nothing of axes and voxels, and no OME-Zarr: write one",
        tmp_path / "cut.ome.zarr": "zarr.json: is no JSON",
        tmp_path / "list": "zarr.json: holds no JSON object",
        tmp_path / "empty.zarr": "is not an OME-Zarr: neither zarr.json nor .zattrs in it names an image",
        write(tmp_path / "bare", {"multiscales": [{"version": "0.4"}]}): "its multiscales have no datasets",
    }
    for (path, text), found in zip(said.items(), inspect_all(tmp_path, list(said)), strict=True):
        assert text in found["error"] and found["field"] == "source", (path.name, found)


def test_metadata_without_end(cli, tmp_path):
    """Too long or too deep to be any: said by all that read it, in little memory."""
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, VOXELS)
    output = tmp_path / "out.ome.zarr"
    cli.convert(source, output)
    document, array = output / "zarr.json", output / "0" / "zarr.json"
    good = {path: path.read_text() for path in (document, array)}
    said = {
        "sparse": "is 2.00 GiB long, where metadata of at most 32.0 MiB was expected",
        "deep": "more than 64 objects",
    }
    for path, (kind, text) in itertools.product(good, said.items()):
        if kind == "sparse":
            with path.open("r+b") as file:
                file.truncate(1 << 31)
        else:
            path.write_text("[" * 3_000_000 + "]" * 3_000_000)
        commands = [("info", output), ("verify", output)]
        if path == document:
            commands += [
                ("convert", source, output, "--overwrite"),
                ("convert", source, "--labels", "--parent", output),
            ]
        for command in commands:
            run, peak = cli.peak_memory(*command)
            where = run.stdout if command[0] == "info" and path == array else run.stderr
            assert text in where + run.stdout and str(path.name) in where + run.stdout, (command, kind, run)
            assert peak < 250 << 20, (command, kind, peak >> 20)
        path.write_text(good[path])
    assert cli("verify", output).succeeded().stdout.startswith("OK")


def test_how_imagej_shows_values_is_kept(cli, tmp_path):
    """Its inverting lookup table: the numbers stay, and the channel says that the least of them is brightest."""
    voxels = VOXELS.astype("uint8")
    tifffile.imwrite(tmp_path / "mask.tif", voxels, imagej=True, photometric="miniswhite", metadata={"axes": "ZYX"})
    cli.convert(tmp_path / "mask.tif")
    assert np.array_equal(zarr.open_array(tmp_path / "mask.ome.zarr/0")[...], voxels)
    assert [channel.inverted for channel in info(tmp_path / "mask.ome.zarr").channels] == [True]

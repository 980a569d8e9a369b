"""OME-Zarr 0.6 as it is written, judged by its schemas, ome-zarr-models and zarr; and OME-Zarrs of others."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import ome_zarr_models
import pytest
import referencing
import tensorstore
import tifffile
import zarr
from command_line import CommandLine

run = CommandLine()
# The specification's own, as ngff-zarr brings them.
[PACKAGE] = importlib.util.find_spec("ngff_zarr").submodule_search_locations
SCHEMAS = [json.loads(path.read_text()) for path in Path(PACKAGE, "spec/0.6/schemas").glob("*.schema")]
REGISTRY = referencing.Registry().with_resources(
    (schema["$id"], referencing.Resource.from_contents(schema)) for schema in SCHEMAS
)


def check_schema(output: Path, name: str) -> dict[str, Any]:
    """Validates the metadata of a 0.6 image, and returns OME-Zarr's part of it."""
    attributes = json.loads((output / "zarr.json").read_text())["attributes"]
    schema = REGISTRY.contents(f"https://ngff.openmicroscopy.org/0.6/schemas/{name}.schema")
    jsonschema.Draft202012Validator(schema, registry=REGISTRY).validate(attributes)
    # Its models of 0.6 need Python 3.12.
    if importlib.util.find_spec("ome_zarr_models.v06"):
        model = ome_zarr_models.open_ome_zarr(zarr.open_group(output, mode="r"))
        assert type(model).__module__.startswith("ome_zarr_models.v06")
    return attributes["ome"]


def test_what_is_written_as_0_6_is_what_its_schemas_say(tmp_path: Path) -> None:
    values = np.random.default_rng(6).integers(0, 9, (20, 24, 33), "uint8")
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, values, imagej=True, metadata={"axes": "ZYX", "spacing": 2, "unit": "um"})
    output = tmp_path / "scan.ome.zarr"
    options = ["--ome-zarr", "0.6", "-c", "8", "8", "8", "--shard", "16", "16", "16", "--checksum", "crc32c"]
    run("convert", source, output, "--voxel-size", "2", "1", "1", "--unit", "um", *options).succeeded()
    ome = check_schema(output, "image")
    assert ome["version"] == "0.6"
    [image] = ome["multiscales"]
    assert [axis["name"] for axis in image["coordinateSystems"][0]["axes"]] == ["z", "y", "x"]
    first, second, *_ = [dataset["coordinateTransformations"][0] for dataset in image["datasets"]]
    assert (first["type"], first["scale"]) == ("scale", [2, 1, 1])
    assert [step.get("scale", step.get("translation")) for step in second["transformations"]] == [
        [2, 2, 2],
        [0, 0.5, 0.5],
    ]
    stored = zarr.open_group(output, mode="r")["0"][...]  # type: ignore[index]
    np.testing.assert_array_equal(stored, values)
    store = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{output}/0/"}}
    np.testing.assert_array_equal(tensorstore.open(store).result().read().result(), values)
    run("convert", source, "cells", "--labels", "--parent", output).succeeded()
    assert check_schema(output / "labels" / "cells", "label")["image-label"]["version"] == "0.6"
    for folder in (output, output / "labels" / "cells"):
        assert run("verify", folder, "--against", source, "--json").json["ok"]
    listed = json.loads((output / "labels" / "zarr.json").read_text())["attributes"]["ome"]
    assert listed == {"version": "0.6", "labels": ["cells"]}
    # Metadata by which a level lies elsewhere than it was written is found.
    document = json.loads((output / "zarr.json").read_text())
    moved = document["attributes"]["ome"]["multiscales"][0]["datasets"][1]["coordinateTransformations"][0]
    moved["transformations"][1]["translation"][1] = 0
    (output / "zarr.json").write_text(json.dumps(document))
    found = run("verify", output, "--json").json["differences"]
    assert "level 1 has the translation 0 × 0 × 0.5, where 0 × 0.5 × 0.5 was expected" in found[0]["message"]


AXES = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]


def image06(steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    systems = [{"name": name, "axes": AXES} for name in ("physical", "world")]
    ends = {"input": {"path": "0"}, "output": {"name": "physical"}}
    datasets = [{"path": "0", "coordinateTransformations": [steps | ends]}]
    return {"version": "0.6", "multiscales": [{"coordinateSystems": systems, "datasets": datasets} | more]}


def write(folder: Path, ome: dict[str, Any], zarr_format: Any = 3) -> Path:
    group = zarr.open_group(folder, mode="w", zarr_format=zarr_format)
    group.create_array("0", data=np.arange(60, dtype="uint16").reshape(3, 4, 5))
    group.attrs.update({"ome": ome} if zarr_format == 3 else ome)
    return folder


TURN = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
WAY = {"type": "rotation", "rotation": TURN, "input": {"name": "physical"}, "output": {"name": "world"}}


@pytest.mark.parametrize(
    "ome, scale, said",
    [
        (image06({"type": "scale", "scale": [3, 2, 1]}), [3, 2, 1], None),
        (image06({"type": "identity"}), [1, 1, 1], None),
        (image06({"type": "affine", "affine": [[3, 0, 0, 7], [0, 0, -1, 0], [0, 2, 0, 0]]}), [3, 2, 1], "askew"),
        (image06({"type": "affine", "path": "tf/0"}), None, "its numbers at tf/0"),
        (
            image06({"type": "scale", "scale": [3, 2, 1]}, coordinateTransformations=[WAY]),
            [3, 2, 1],
            "Not applied: rotation from physical to world.",
        ),
    ],
)
def test_a_transformation_of_0_6_is_applied_or_named(
    tmp_path: Path, ome: dict[str, Any], scale: list[float] | None, said: str | None
) -> None:
    folder = write(tmp_path / "other.zarr", ome)
    found = run("info", folder, "--json").json
    assert found["levels"][0]["scale"] == scale
    notes = run("verify", folder, "--json").json["notes"]
    for sentences in (found["warnings"], notes[1:-1]):
        assert (said in " ".join(sentences)) if said else sentences == []


def test_versions_that_are_not_read_and_groups_of_images_are_refused_by_name(tmp_path: Path) -> None:
    datasets = [{"path": "0"}]
    later = write(tmp_path / "later.zarr", {"version": "0.7", "multiscales": [{"axes": AXES, "datasets": datasets}]})
    assert "is OME-Zarr 0.7, and 0.1 to 0.6 can be read" in run("info", later).stderr
    multiscales = [{"version": "0.3", "axes": ["z", "y", "x"], "datasets": datasets}]
    first = write(tmp_path / "first.zarr", {"multiscales": multiscales}, 2)
    assert run("info", first, "--json").json["version"] == "0.3"
    collection = tmp_path / "all.zarr"
    zarr.open_group(collection, mode="w").attrs["ome"] = {"version": "0.6", "bioformats2raw.layout": 3}
    for name in ("0", "1"):
        shutil.copytree(write(tmp_path / "one.zarr", image06({"type": "identity"})), collection / name)
    assert "a collection of images (0, 1), as bioformats2raw makes it" in run("verify", collection).stderr

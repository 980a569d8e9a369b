"""A source as it is shown before it is converted: exact at level 0, sampled at coarser ones."""

import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
import pytest
import tifffile
import zarr
from command_line import finish
from test_flavours import CASES

from microct_io_vis.node import node

LOOKED_AT = {"slices", "image", "described-by", "z-axis", "palette", "orientation", "channel"}


def look(folder: Path, sources: list[list[object]]) -> list[zarr.Group]:
    """OME-Zarrs that the words after ``view`` would show."""
    outputs = [folder / f"look{n}" for n in range(len(sources))]
    asked = [
        {"words": [str(word) for word in words], "output": str(output)}
        for words, output in zip(sources, outputs, strict=True)
    ]
    (folder / "asked.json").write_text(json.dumps(asked))
    run = subprocess.run(
        [node(), Path(__file__).with_name("look_many.ts"), folder / "asked.json"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return [zarr.open_group(output, mode="r") for output in outputs]


def check(image: zarr.Group, expected: np.ndarray, tolerance: float = 0) -> list[tuple[int, ...]]:
    """Compares every level with NumPy's samples; their factors."""
    [multiscale] = image.attrs["ome"]["multiscales"]
    finest = np.array(multiscale["datasets"][0]["coordinateTransformations"][0]["scale"])
    factors = []
    for dataset in multiscale["datasets"]:
        [scale] = dataset["coordinateTransformations"]  # a sampled voxel's centre is that voxel's: no translation
        factor = np.round(np.array(scale["scale"]) / finest).astype(int)
        factors.append(tuple(int(f) for f in factor[-3:]))
        wanted = expected[tuple(slice(None, None, int(f)) for f in factor)]
        found = image[dataset["path"]][...]
        assert found.shape == wanted.shape
        if tolerance:
            assert np.abs(found.astype(int) - wanted.astype(int)).max() <= tolerance
        else:
            np.testing.assert_array_equal(found, wanted)
    assert factors[0] == (1, 1, 1)
    return factors


def flavour_cases():
    """One variant of each flavour that can be read, with what it is to be read by."""
    seen = set()
    for name, flavour, variant in CASES:
        options = [str(word) for word in flavour.options]
        words = {word[2:] for word in options if word.startswith("--")}
        key = (flavour.name, *options)
        if flavour.code or key in seen or not words <= LOOKED_AT or "GB" in name or "-d" in options:
            continue
        seen.add(key)
        yield name, flavour, variant


def test_flavours_look_as_they_are_converted(tmp_path):
    names, wanted, words = [], [], []
    for n, (name, flavour, variant) in enumerate(list(flavour_cases())[::3]):
        folder = tmp_path / f"in{n}"
        folder.mkdir()
        source, array = flavour.write(folder, variant)
        if array is None or array.size > 2e6:
            continue
        expected = flavour.meaning(array)
        names.append(name)
        wanted.append((expected, flavour.tolerance))
        words.append([source, *flavour.options])
    assert len(names) > 30
    for name, image, (expected, tolerance) in zip(names, look(tmp_path, words), wanted, strict=True):
        try:
            check(image, expected, tolerance)
        except Exception as error:
            raise AssertionError(name) from error


LAYOUTS = {
    "uncompressed rows, big-endian": {"byteorder": ">"},
    "one compressed strip a page": {"compression": "zlib", "rowsperstrip": 90},
    "strips": {"compression": "lzw", "rowsperstrip": 7},
    "tiles": {"compression": "zlib", "predictor": True, "tile": (32, 48)},
    "ImageJ": {"imagej": True, "metadata": {"axes": "ZYX"}},
}


def test_levels_are_samples_whatever_the_layout(tmp_path):
    volume = np.random.default_rng(3).integers(0, 4000, (70, 90, 201)).astype("uint16")
    words = []
    for n, settings in enumerate(LAYOUTS.values()):
        tifffile.imwrite(tmp_path / f"{n}.tif", volume, **settings)
        words.append([tmp_path / f"{n}.tif"])
    for name, image in zip(LAYOUTS, look(tmp_path, words), strict=True):
        assert check(image, volume)[-1][0] >= 4, name


def test_a_changed_or_removed_file_is_said_and_nothing_of_it_is_served(cli, tmp_path):
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, np.arange(6000, dtype="uint16").reshape(10, 20, 30))
    process = cli.start("view", source, "--no-browser")
    url = process.stdout.readline().strip()

    def get(key: str) -> bytes:
        with urllib.request.urlopen(f"{url}data/0/{key}") as answer:
            return answer.read()

    try:
        path = json.loads(get("zarr.json"))["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"]
        assert np.frombuffer(get(f"{path}/c/0/0/0"), "<u2").max() == 5999
        tifffile.imwrite(source, np.zeros((10, 20, 31), "uint16"))
        with pytest.raises(HTTPError, match=r"422: .*scan\.tif: it has been written to since it was opened"):
            get(f"{path}/c/0/0/0")
        newer = json.loads(get("zarr.json"))["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"]
        assert newer != path and get(f"{newer}/c/0/0/0") == bytes(2 * 10 * 20 * 31)
        source.unlink()
        for key in (f"{newer}/c/0/0/0", "zarr.json"):
            with pytest.raises(HTTPError, match="404"):
                get(key)
        assert os.listdir(tmp_path) == []
    finally:
        run = finish(process, signal.SIGINT)
    assert run.status == 0, run.stderr

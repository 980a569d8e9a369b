"""`open`: the voxels of an OME-Zarr as NumPy, dask and xarray have them."""

import base64
import json
import re
import shutil
from io import BytesIO

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

import microct_io_vis
from microct_io_vis import Conversion, ConversionError, ConversionWarning, convert


@pytest.fixture(scope="module")
def bone(tmp_path_factory) -> tuple[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("bone")
    array = np.random.default_rng(12).integers(0, 2**16, (25, 70, 51), np.uint16)
    settings = {"axes": "ZYX", "spacing": 2, "unit": "um"}
    tifffile.imwrite(folder / "bone.tif", array, imagej=True, metadata=settings, resolution=(1, 1))
    output = convert(folder / "bone.tif", chunk_size=(8, 16, 16), num_levels=3, progress=False)
    return str(output), array


def test_reads_what_was_converted(bone):
    path, array = bone
    volume = microct_io_vis.open(path)
    assert (volume.shape, volume.axes, volume.dtype) == (array.shape, "zyx", array.dtype)
    assert [volume.ndim, volume.size, volume.nbytes, len(volume)] == [3, array.size, array.nbytes, 25]
    assert (volume.voxel_size, volume.unit) == ((2, 1, 1), "micrometer")
    assert np.array_equal(volume[3:9, 10:12, -4:], array[3:9, 10:12, -4:])
    assert np.array_equal(np.asarray(volume), array)
    assert [level.shape for level in volume.levels] == [(25, 70, 51), (25, 35, 26), (13, 18, 13)]
    assert volume.level(1).voxel_size == (2, 2, 2)
    assert volume.level(1).translation == (0, 0.5, 0.5)
    assert volume.level(max_memory="50K").number == 1
    assert repr(volume).endswith("25 × 70 × 51 uint16 (zyx), 3 levels, voxels of 2 × 1 × 1 micrometer>")


@pytest.mark.parametrize("level", [0, 1, 2])
def test_regions_hold_every_voxel_that_they_touch(bone, level):
    """By brute force: which voxels of the level have voxels of the box under them."""
    path, array = bone
    volume = microct_io_vis.open(path)
    under = np.array(array.shape) / np.array(volume.level(level).shape)
    factors = np.where(under > 3, 4, np.where(under > 1.5, 2, 1))
    rng = np.random.default_rng(level)
    for _ in range(60):
        ends = [sorted(rng.choice(n + 1, 2, replace=False)) for n in array.shape]
        wanted = tuple(
            slice(start // factor, -(-stop // factor)) for (start, stop), factor in zip(ends, factors, strict=True)
        )
        assert volume.level(level).slices(ends) == wanted, ends
    (z0, z1), (y0, y1), (x0, x1) = ends
    stored = zarr.open_array(f"{path}/{level}", mode="r")[wanted]
    for region in (ends, (z0, z1, y0, y1, x0, x1), (slice(z0, z1), slice(y0, y1), slice(x0, x1))):
        assert np.array_equal(volume.region(region, level=level), stored)


def test_dask_and_xarray_read_when_they_are_computed(bone, monkeypatch):
    path, array = bone
    volume = microct_io_vis.open(path)
    lazy = volume.dask()
    assert lazy.chunksize == (8, 16, 16)
    assert np.array_equal(lazy[4:6].compute(), array[4:6])
    coarse = volume.level(1).xarray()
    assert coarse.dims == ("z", "y", "x") and coarse.name == "bone.ome.zarr"
    assert list(coarse.y.values[:2]) == [0.5, 2.5] and coarse.z.attrs == {"units": "micrometer"}
    assert coarse.sel(y=4.4, method="nearest").y == 4.5
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    with pytest.raises(ImportError, match=r"xarray is needed.*\[analysis\]"):
        volume.xarray()


def test_channels_are_named(tmp_path):
    array = np.random.default_rng(13).integers(0, 255, (2, 3, 4, 20, 30), np.uint8)
    tifffile.imwrite(
        tmp_path / "two.ome.tif", array, ome=True, metadata={"axes": "TCZYX", "Channel": {"Name": ["a", "b", "c"]}}
    )
    volume = microct_io_vis.open(convert(tmp_path / "two.ome.tif", progress=False))
    found = volume.xarray()
    assert found.dims == ("t", "c", "z", "y", "x") and list(found.c.values) == ["a", "b", "c"]
    assert np.array_equal(found.sel(c="b").values, array[:, 1])
    assert np.array_equal(volume.region((1, 3, 5, 9, 0, 30)), array[:, :, 1:3, 5:9])


def test_a_tiff_and_slices_are_read_as_they_lie_there(tmp_path):
    array = np.random.default_rng(14).normal(0, 1, (5, 150, 140))
    settings = {"axes": "ZYX", "PhysicalSizeX": 2, "PhysicalSizeY": 2, "PhysicalSizeZ": 3}
    tifffile.imwrite(tmp_path / "scan.ome.tif", array, ome=True, metadata=settings, compression="deflate")
    volume = microct_io_vis.open(tmp_path / "scan.ome.tif")
    assert (volume.shape, volume.dtype, volume.axes) == (array.shape, np.float64, "zyx")
    assert (volume.voxel_size, volume.unit) == ((3, 2, 2), "micrometer")
    assert np.array_equal(volume[...], array)
    assert np.array_equal(volume.region((1, 3, 100, 150, 7, 9)), array[1:3, 100:150, 7:9])
    assert np.array_equal(volume.dask()[:, 5].compute(), array[:, 5])
    assert np.array_equal(volume.level(1)[...], array[::2, ::2, ::2])
    assert "<img " in volume._repr_html_()
    (tmp_path / "slices").mkdir()
    for z, plane in enumerate((array * 1000).astype(np.int16)):
        tifffile.imwrite(tmp_path / f"slices/s{z}.tif", plane)
    slices = microct_io_vis.open(tmp_path / "slices")
    assert np.array_equal(slices[1:4], (array * 1000).astype(np.int16)[1:4])
    # A file that was written over it is never taken for it.
    tifffile.imwrite(tmp_path / "scan.ome.tif", array + 1, ome=True, metadata=settings)
    with pytest.raises(OSError, match="it has been written to since it was opened"):
        np.asarray(volume)
    assert np.array_equal(microct_io_vis.open(tmp_path / "scan.ome.tif")[0], array[0] + 1)
    (tmp_path / "slices/s2.tif").unlink()
    with pytest.raises(OSError, match=r"there no more|written to since"):
        np.asarray(slices)


def test_how_a_tiff_is_read_is_chosen_as_of_a_conversion(tmp_path):
    path = tmp_path / "scan.tif"
    array = np.arange(6 * 5 * 4, dtype=np.uint8).reshape(2, 3, 5, 4)
    tifffile.imwrite(path, array, imagej=True, metadata={"axes": "ZCYX"})
    chosen = {"channel": 1, "voxel_size": (3, 2, 2), "unit": "nm"}
    volume = microct_io_vis.open(path, **chosen)
    assert (volume.axes, volume.voxel_size, volume.unit) == ("zyx", (3, 2, 2), "nanometer")
    assert (volume.info.voxel_size, volume.info.voxel_size_from) == ((3, 2, 2), "user")
    assert np.array_equal(volume[...], array[:, 1])
    # A viewer shows what was opened as it was opened, and reads a path with the same options.
    for viewer in (microct_io_vis.view(volume), microct_io_vis.view(path, **chosen)):
        metadata = json.loads(viewer._volumes[0].read("zarr.json")[2])["attributes"]["ome"]["multiscales"][0]
        assert metadata["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": [3, 2, 2]}]
    with pytest.raises(ConversionError, match="voxel_size must be three lengths"):
        microct_io_vis.open(path, voxel_size="large")
    with pytest.raises(ValueError, match="unit micrometer needs a voxel_size"):
        microct_io_vis.view(path, unit="um")


@pytest.mark.parametrize("version", ["0.5", "0.4"])
def test_of_a_collection_an_image_is_chosen(bone, tmp_path, version):
    source = bone[0].replace(".ome.zarr", ".tif")
    root = tmp_path / "many.zarr"
    (root / "OME").mkdir(parents=True)
    for number, planes in enumerate((25, 7)):
        # Each is called by its folder, as bioformats2raw does it.
        part = {"roi": (0, planes, 0, 70, 0, 51), "ome_zarr": version, "num_levels": 1, "progress": False}
        convert(source, root / str(number), **part)
    group = {"bioformats2raw.layout": 3}
    v3 = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", **group}}}
    (root / ("zarr.json" if version == "0.5" else ".zattrs")).write_text(json.dumps(v3 if version == "0.5" else group))
    names = "".join(f'<Image ID="Image:{n}" Name="{name}"/>' for n, name in enumerate(("Übersicht", "Detail")))
    schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    (root / "OME/METADATA.ome.xml").write_text(f'<OME xmlns="{schema}">{names}</OME>', "utf-8")
    listed = r"of 0 'Übersicht' \(z 25 × y 70 × x 51, uint16\); 1 'Detail' \(z 7 × y 70 × x 51, uint16\)"
    for refusing in (microct_io_vis.open, microct_io_vis.view):
        with pytest.raises(ValueError, match=listed):
            refusing(root)
    with pytest.raises(ValueError, match="no image of it is called 'Ubersicht': there are 0 'Übersicht'"):
        microct_io_vis.open(root, image="Ubersicht")
    assert microct_io_vis.open(root, image="Detail").shape == microct_io_vis.open(root, image=1).shape == (7, 70, 51)
    assert microct_io_vis.view(root, image="Detail").source == str(root / "1")
    with pytest.raises(ValueError, match="is an OME-Zarr, of which nothing is chosen: leave image out"):
        microct_io_vis.view(root / "0", image=0)


def test_what_is_wrong_is_said(bone, tmp_path):
    path, _ = bone
    volume = microct_io_vis.open(path)
    with pytest.raises(ConversionError, match="nothing") as missing:
        microct_io_vis.open(tmp_path / "nothing.ome.zarr")
    # The traceback that a notebook shows.
    assert missing.value._render_traceback_() == [f"ConversionError: {missing.value}", "argument: source"]
    with pytest.raises(
        ConversionError, match="source must be a path or an address, and was given an array: write_image"
    ):
        microct_io_vis.open(np.zeros(3))
    with pytest.raises(ConversionError, match=r"bone\.tif: .* an OME-Zarr is a folder: .* such as bone\.ome\.zarr"):
        convert(path.replace(".ome.zarr", ".tif"), tmp_path / "bone.tif")
    with pytest.raises(ValueError, match="has the levels 0 to 2"):
        volume.level(3)
    with pytest.raises(ValueError, match=r"the coarsest level of .* takes 6,084 bytes"):
        volume.level(max_memory=100)
    with pytest.raises(ValueError, match=r"region: .* a range of voxels from 0 to 70 was expected, such as \(0, 70\)"):
        volume.region((0, 5, 0, 71, 0, 5))
    with pytest.raises(ValueError, match="a range for each of 3 axes"):
        volume.region((0, 5))
    with pytest.raises(ValueError, match="region: None: a viewer has a selection when"):
        volume.region(None)
    with pytest.raises(IndexError, match=r"999: .* has 25 × 70 × 51 voxels \(zyx\)"):
        volume[999]


def test_what_is_another_volume_by_now_is_not_read_as_the_one_that_was_opened(bone, tmp_path, monkeypatch):
    path = str(shutil.copytree(bone[0], tmp_path / "bone.ome.zarr"))
    monkeypatch.chdir(tmp_path)
    volume = microct_io_vis.open("bone.ome.zarr")
    lazy = volume.dask()
    monkeypatch.chdir("/")
    zarr.open_array(f"{path}/0", mode="r+").attrs["note"] = "of no voxel"
    assert np.array_equal(lazy[:9].compute(), volume[:9]) and np.array_equal(volume[:9], bone[1][:9])
    tifffile.imwrite(tmp_path / "other.tif", bone[1] // 2, photometric="minisblack")
    convert(tmp_path / "other.tif", path, overwrite=True, progress=False, chunk_size=(8, 16, 16), num_levels=3)
    level = volume.level(1)
    for read in (lambda: volume[0], lambda: np.asarray(volume), lambda: level.region((0, 9) * 3), lazy[0].compute):
        with pytest.raises(RuntimeError, match="written anew since it was opened: open it again"):
            read()
    shutil.rmtree(path)
    with pytest.raises(RuntimeError, match="moved or removed since it was opened"):
        volume[0]


def test_numpys_methods_that_a_volume_does_not_have_are_answered(bone):
    volume = microct_io_vis.open(bone[0])
    with pytest.raises(AttributeError, match=r"volume.dask\(\).mean\(...\).compute\(\)"):
        volume.mean()
    with pytest.raises(AttributeError, match=r"volume.levels\[-1\]\[:\].T, or go") as raised:
        volume.level(0).T  # noqa: B018
    assert (raised.value.name, raised.value.obj) == ("T", volume.level(0))
    assert (np.max(volume), hasattr(volume, "nothing")) == (bone[1].max(), False)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        microct_io_vis.view("nothing.ome.zarr", image="Detail")


def test_notebooks_show_tables(bone, tmp_path):
    path, array = bone
    source = path.replace(".ome.zarr", ".tif")
    shown = microct_io_vis.open(path)._repr_html_()
    assert "25 × 70 × 51 (zyx) uint16" in shown and "2 × 1 × 1 micrometer" in shown
    png = base64.b64decode(re.search(r"base64,([^\"]+)", shown)[1])
    image = np.asarray(Image.open(BytesIO(png)), float)
    low, high = np.percentile(array[12], (0.1, 99.9))
    assert np.abs(image - np.clip((array[12] - low) / (high - low), 0, 1) * 255).max() <= 1
    assert "<td>13 × 18 × 13</td>" in microct_io_vis.info(path)._repr_html_()
    converted = convert(source, tmp_path / "again.ome.zarr", chunk_size=(8, 16, 16), num_levels=3, progress=False)
    again = converted._repr_html_()
    assert png == base64.b64decode(re.search(r"base64,([^\"]+)", again)[1]) and "2 × 1 × 1 micrometer" in again
    report = Conversion(source, tmp_path / "third.ome.zarr", num_levels=1, compression="none").run()
    assert isinstance(report, dict) and json.loads(json.dumps(report)) == report
    assert "<td>25 × 70 × 51</td>" in report._repr_html_() and "<img " in report._repr_html_()
    assert repr(converted) == f"PosixPath('{converted}')" and (converted / "0")._repr_html_() is None
    assert "(imagej, none)" in microct_io_vis.info(source)._repr_html_()
    with pytest.warns(ConversionWarning, match="exists already"):
        plan = microct_io_vis.estimate(source, converted, jobs=1)
    assert plan._repr_html_().count("exists already") == 1 and ", 1 worker<" in plan._repr_html_()
    # Markdown, of which nbconvert makes PDFs, which have no HTML.
    assert "| 0 | 25 × 70 × 51 |" in report._repr_mimebundle_()["text/markdown"]
    plan = microct_io_vis.estimate(source, tmp_path / "a <b>.ome.zarr", num_levels=2)._repr_html_()
    assert "a &lt;b&gt;.ome.zarr" in plan and "<td>25 × 35 × 26</td>" in plan
    assert "nothing differs" in microct_io_vis.verify(path, source, progress=False)._repr_html_()
    stored = zarr.open_array(f"{shutil.copytree(path, tmp_path / 'other.ome.zarr')}/0")
    stored[3, 4, 5] = stored[3, 4, 5] + 1
    shown = microct_io_vis.verify(tmp_path / "other.ome.zarr", source, progress=False)._repr_html_()
    assert re.search(r"(1 chunk|2 chunks) and (1 voxel|2 voxels) differ", shown) and "voxel 3 4 5" in shown

"""`write_image` and `write_labels`: arrays become OME-Zarrs, voxel for voxel, or nothing that looks whole."""

import json
import os
import subprocess
import warnings
from contextlib import nullcontext
from pathlib import Path

import dask.array
import h5py
import numpy as np
import pytest
import tensorstore
import zarr
from ome_zarr_models.v05.image_label import ImageLabel
from ome_zarr_models.v05.labels import Labels

from microct_io_vis import ConversionError, ConversionWarning, Volume, info, verify, write_image, write_labels

SHAPE = (21, 40, 33)


def noise(dtype: str = "uint16", shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    rng = np.random.default_rng(7)
    return rng.integers(0, 200, shape).astype(dtype)


def stored(path: str | Path) -> np.ndarray:
    """As TensorStore reads it."""
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}}
    return tensorstore.open(spec).result().read().result()


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Volume:
    path = tmp_path_factory.mktemp("writing") / "image.ome.zarr"
    return write_image(noise(), path, voxel_size=(3, 2, 2), unit="um", chunk_size=(8, 16, 16), progress=False)


def mapped(array: np.ndarray, folder: Path) -> np.ndarray:
    np.save(folder / "mapped.npy", array)
    return np.load(folder / "mapped.npy", mmap_mode="r")


def in_zarr(array: np.ndarray, folder: Path) -> zarr.Array:
    stored = zarr.create_array(folder / "in.zarr", shape=array.shape, dtype=array.dtype, chunks=(8, 9, 10))
    stored[:] = array
    return stored


def in_hdf5(array: np.ndarray, folder: Path) -> h5py.Dataset:
    return h5py.File(folder / "in.h5", "w").create_dataset("volume", data=array, chunks=(8, 9, 10))


KINDS = {
    "h5py": in_hdf5,
    "order F, upside down, big-endian": lambda a, _: np.asfortranarray(a[::-1].astype(">u2"))[::-1],
    "memory-mapped, read-only": mapped,
    "zarr": in_zarr,
    "dask": lambda a, _: dask.array.from_array(a, chunks=((5, 9, 7), 17, 33)),
    "slabs": lambda a, _: iter([a[0], a[1:4], list(a[4]), a[5:]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_array_becomes_its_voxels(kind, tmp_path):
    array = noise()
    shape = SHAPE if kind == "slabs" else None
    volume = write_image(KINDS[kind](array, tmp_path), tmp_path / "out.ome.zarr", shape=shape, progress=False)
    assert volume.dtype == array.dtype
    assert np.array_equal(stored(tmp_path / "out.ome.zarr/0"), array)


def in_millimeters(array):
    for axis in array.dims:
        array = array.assign_coords({axis: (axis, array[axis].values / 1000, {"units": "mm"})})
    return array


KEPT = {
    "volume": (lambda image: image, (3, 2, 2), "micrometer"),
    "level": (lambda image: image.levels[1], (6, 4, 4), "micrometer"),
    "xarray": (lambda image: image.xarray() * 2, (3, 2, 2), "micrometer"),
    "every other row, upside down": (lambda image: image.xarray()[:, ::-2], (3, 4, 2), "micrometer"),
    "other names": (lambda image: image.xarray().rename(z="depth", y="down", x="along"), (3, 2, 2), "micrometer"),
    "of a part of the axes": (lambda image: image.xarray().drop_vars(["y"]), None, None),
    "in millimeters": (lambda image: in_millimeters(image.xarray()), (0.003, 0.002, 0.002), "millimeter"),
    "without coordinates": (lambda image: image.xarray().drop_vars(["z", "y", "x"]), None, None),
}


@pytest.mark.parametrize("kind", KEPT)
def test_what_an_array_says_of_its_voxels_is_kept(kind, image, tmp_path):
    make, voxel_size, unit = KEPT[kind]
    output = tmp_path / "out.ome.zarr"
    with nullcontext() if kind != "of a part of the axes" else pytest.warns(ConversionWarning, match="nothing of y"):
        write_image(make(image), output, progress=False)
    found = info(output)
    assert (found.voxel_size, found.unit) == (voxel_size, unit)
    assert found.voxel_size_from == (voxel_size and "array")


def test_axes_in_another_order_and_uneven_planes_are_said(image, tmp_path):
    output = tmp_path / "out.ome.zarr"
    with pytest.raises(ConversionError, match=r"^array has the axes x, y, z, where z, y, x were expected"):
        write_image(image.xarray().transpose("x", "y", "z"), output, progress=False)
    assert not output.exists()
    with pytest.warns(ConversionWarning, match=r'and z "uneven" micrometer, so that the voxel size stays unknown'):
        write_image(image.xarray().isel(z=[0, 1, 3]), output, progress=False)
    given = write_image(image, output, unit="nm", overwrite=True, progress=False)
    assert (given.voxel_size, given.unit) == ((3000, 2000, 2000), "nanometer")


def test_channels_and_time_points_are_volumes_of_their_own(tmp_path):
    array = noise("float16", (2, 3, 5, 20, 21))
    volume = write_image(dask.array.from_array(array), tmp_path / "out.ome.zarr", chunk_size=8, progress=False)
    assert (volume.axes, volume.dtype) == ("tczyx", "float32")
    assert np.array_equal(stored(tmp_path / "out.ome.zarr/0"), array)
    assert verify(tmp_path / "out.ome.zarr", progress=False).ok


def test_labels_lie_where_the_level_has_them_that_they_were_made_of(image):
    part = noise("int64", (5, 10, 9)) // 40
    labels = write_labels(part, "part", parent=image, at=(2, 5, 4), level=1, progress=False)
    # Nothing is wrong with fewer levels than the image's.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_labels(part[:1, :1, :1], "tiny", parent=image, at=(2, 5, 4), progress=False)
    level = image.level(1)
    centres = [start + at * step for start, at, step in zip(level.translation, (2, 5, 4), level.scale, strict=True)]
    assert list(labels.levels[0].translation) == centres
    assert (labels.voxel_size, labels.unit) == (level.voxel_size, "micrometer")
    path = Path(image.source) / "labels/part"
    assert stored(path / "0").dtype == np.uint64
    assert np.array_equal(stored(path / "0"), part)
    # By mode: the first of the most frequent.
    coarser = stored(path / "1")
    window = part[2:4, 4:6, 6:8].reshape(-1).tolist()
    assert coarser[1, 2, 3] == max(window, key=window.count)
    assert json.loads((path.parent / "zarr.json").read_text())["attributes"]["ome"]["labels"] == ["part", "tiny"]
    Labels.from_zarr(zarr.open_group(path.parent, mode="r"))
    ImageLabel.from_zarr(zarr.open_group(path, mode="r"))
    with pytest.raises(ConversionError, match=r"name is 'part', and .* has labels of that name"):
        write_labels(part, "part", parent=image, at=(2, 5, 4), level=1, progress=False)


def raising(error: BaseException):
    def slabs():
        yield noise()[:15]
        raise error

    return slabs()


BAD = {
    "raises": (lambda: raising(LookupError("of the user's own")), LookupError, "of the user's own"),
    "interrupted": (lambda: raising(KeyboardInterrupt()), KeyboardInterrupt, None),
    "too few": (lambda: iter([noise()[:20]]), ConversionError, "array: its slabs ended after 20 planes, where 21"),
    "too many": (lambda: iter([noise(), noise()]), ConversionError, "array: its slabs have 42 planes or more"),
    "other shape": (lambda: [noise()[:2], noise()[2:, 1:]], ConversionError, r"array: slab 1 .* \(n, 40, 33\) was"),
    "other type": (lambda: [noise()[:2], noise("int8")[2:]], ConversionError, "array: slab 1 has the type int8"),
    "not whole": (lambda: noise("float32") + np.eye(33)[0] / 2, ConversionError, "array: voxel Z 0, Y 0, X 0 is "),
    "negative": (lambda: noise("int64") - 199, ConversionError, "array: voxel Z 0, Y 0, X 0 is -"),
    "no voxel": (lambda: noise()[:, :0], ConversionError, "array has the shape .* no voxel"),
    "complex": (lambda: noise("complex64"), ConversionError, "array has the type complex64"),
    "masked": (lambda: np.ma.masked_array(noise()), ConversionError, "array is a masked array"),
    "elsewhere": (lambda: noise()[1:], ConversionError, "array has 20 × 40 × 33 voxels, and level 0 of"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_labels_leaves_nothing(what, image):
    make, kind, message = BAD[what]
    folder = Path(image.source) / "labels"
    before = set(os.listdir(folder))
    with pytest.raises(kind, match=message):
        write_labels(make(), "bad", parent=image, progress=False)
    assert set(os.listdir(folder)) == before


def test_a_helper_that_dies_leaves_nothing_that_looks_whole(tmp_path, monkeypatch):
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **named):
            super().__init__(*args, **named)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)

    def slabs():
        yield noise()[:20]
        started[-1].kill()
        yield noise()[20:]

    with pytest.raises(ConversionError, match="the helper ended"):
        write_image(slabs(), tmp_path / "out.ome.zarr", shape=SHAPE, progress=False)
    assert not (tmp_path / "out.ome.zarr").exists()
    # Leftovers that it was about to remove are no obstacle.
    assert np.array_equal(write_image(noise(), tmp_path / "out.ome.zarr", progress=False)[:], noise())
    assert os.listdir(tmp_path) == ["out.ome.zarr"]

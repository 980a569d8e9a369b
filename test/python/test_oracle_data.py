"""Real files that this project did not write, where they are at hand, and made ones in any case."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from oracle import Expected, check

DATA = Path(os.environ.get("MICROCT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")


def inputs() -> list[Path]:
    """Files, and folders of slices."""
    if not DATA.is_dir():
        return []
    folders = {path.parent for path in DATA.rglob("*") if path.suffix.lower() in SUFFIXES and path.parent != DATA}
    return sorted(folders) + sorted(path for path in DATA.iterdir() if path.suffix.lower() in SUFFIXES)


def of_one_volume(source: Path) -> bool:
    """Whether tifffile finds one grey volume in it: no channels, no time points."""
    if source.is_dir():
        return True
    with tifffile.TiffFile(source) as file:
        described = file.imagej_metadata or {}
        many = described.get("channels", 1) > 1 or described.get("frames", 1) > 1
        return not many and file.pages[0].samplesperpixel == 1


def read(source: Path) -> np.ndarray:
    paths = sorted(path for path in source.iterdir()) if source.is_dir() else [source]
    array = np.stack([tifffile.imread(path) for path in paths])
    return array.reshape(-1, *array.shape[-2:]).astype(array.dtype.newbyteorder("="))


def made(folder: Path, axes: str, shape: tuple[int, ...]) -> Path:
    """An ImageJ stack in place of the real ones, for where they are not at hand."""
    source = folder / "made.tif"
    voxels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    tifffile.imwrite(source, voxels, imagej=True, metadata={"axes": axes})
    return source


VOLUMES = [*filter(of_one_volume, inputs()), Path("made")]
HYPERSTACKS = [*filter(lambda path: not of_one_volume(path), inputs()), Path("made")]


@pytest.mark.parametrize("version", ["0.5", "0.4"])
@pytest.mark.parametrize("source", VOLUMES, ids=lambda path: path.name)
def test_real_volume(cli, tmp_path, source, version):
    source = source if source != Path("made") else made(tmp_path, "ZYX", (10, 60, 70))
    output = tmp_path / "out.ome.zarr"
    info = cli.info(source)
    array = read(source)
    assert (tuple(info["shape"]), info["dtype"]) == (array.shape, str(array.dtype))
    cli.convert(source, output, "-c", 5, 50, 64, "--ome-zarr", version)
    size, unit = info["voxelSize"], info["unit"]
    check(output, Expected(array, chunk=(5, 50, 64), version=version, voxel_size=size and tuple(size), unit=unit))


@pytest.mark.parametrize("source", HYPERSTACKS, ids=lambda path: path.name)
def test_real_hyperstack(cli, tmp_path, source):
    """Several channels or time points, as tifffile reads them."""
    source = source if source != Path("made") else made(tmp_path, "TZCYX", (2, 3, 2, 20, 30))
    output = tmp_path / "out.ome.zarr"
    with tifffile.TiffFile(source) as file:
        [series] = file.series
        axes = [axis for axis in "TCZYX" if axis in series.axes]
        array = series.asarray().transpose([series.axes.index(axis) for axis in axes])
    array = array.astype(array.dtype.newbyteorder("="))
    info = cli.info(source)
    assert (info["axes"], info["shape"]) == ("".join(axes).lower(), list(array.shape))
    cli.convert(source, output, "-c", 2, 32, 32)
    size, unit = info["voxelSize"], info["unit"]
    given = {"voxel_size": size and tuple(size), "unit": unit, "time_step": info["timeStep"]}
    check(output, Expected(array, chunk=(2, 32, 32), axes=info["axes"], **given))

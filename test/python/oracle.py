"""Expected output of a conversion, reckoned with NumPy and read with other people's Zarr libraries."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import ome_zarr_models
import tensorstore
import zarr

Shape = tuple[int, int, int]
COMPRESSIONS = ("blosc-zstd", "blosc-lz4", "zstd", "gzip", "none")
TOOL = "microct-io-vis"


@dataclass(frozen=True)
class Expected:
    """A conversion's outcome: the stored voxels of level 0 and what was asked for."""

    level0: np.ndarray
    chunk: Shape = None  # type: ignore[assignment]
    """As given; the default is as long as the volume where that is shorter than 128."""
    shard: Shape | None = None
    """None: a file a chunk."""
    levels: int | None = None
    """None: auto."""
    compression: str = "blosc-zstd"
    checksum: str = "none"
    version: str = "0.5"
    start: Shape = (0, 0, 0)
    """First voxel of the region, in the source."""
    voxel_size: tuple[float, float, float] | None = None
    unit: str | None = None
    tolerance: int = 0
    """How far integers of level 0 may be off, where decoders differ by the standard's leave (JPEG)."""
    downsample: str = "mean"
    axes: str = "zyx"
    """Of `level0`; what stands before z is neither cut nor reduced."""
    time_step: float | None = None
    """Seconds."""
    channels: tuple[tuple[str, str], ...] | None = None
    """Names and colours of the channels; None: whatever they are."""
    labels: str | bool = False
    """The path to the image that they are labels of; True: labels of none."""
    offset: tuple[float, float, float] | None = None
    """Centre of the first voxel; None: where `start` is."""
    shapes: list[Shape] = field(init=False)
    windows: list[Shape] = field(init=False)
    """How many voxels of the level above become one, for each level."""

    @property
    def frames(self) -> Shape:
        return self.level0.shape[:-3]

    def whole(self, lengths: Shape) -> list[int]:
        """Lengths of a chunk or a shard along all axes."""
        return [1] * len(self.frames) + list(lengths)

    def __post_init__(self) -> None:
        if self.chunk is None:
            object.__setattr__(self, "chunk", tuple(min(128, n) for n in self.level0.shape[-3:]))
        levels = pyramid(self.level0.shape[-3:], self.chunk, self.levels, self.voxel_size)
        object.__setattr__(self, "shapes", [shape for shape, _ in levels])
        object.__setattr__(self, "windows", [window for _, window in levels])


def pyramid(
    shape: Shape, chunk: Shape, levels: int | None, voxel_size: tuple[float, float, float] | None = None
) -> list[tuple[Shape, Shape]]:
    """Shapes and windows of all levels, until one chunk holds the last, or as many as were asked for; no two alike.

    Halves rounded up, except along axes twice as coarse as the finest of those that can still be halved.
    """
    found = [(shape, (1, 1, 1))]
    edges = list(voxel_size or (1, 1, 1))
    while levels is None or len(found) < levels:
        last = found[-1][0]
        if levels is None and all(n <= c for n, c in zip(last, chunk, strict=True)):
            break
        long = [axis for axis in range(3) if last[axis] > 1]
        if not long:
            break
        finest = min(edges[axis] for axis in long)
        window = tuple(2 if axis in long and edges[axis] / finest < 1.9 else 1 for axis in range(3))
        edges = [edge * factor for edge, factor in zip(edges, window, strict=True)]
        found.append((tuple(-(-n // factor) for n, factor in zip(last, window, strict=True)), window))
    return found


def windows(array: np.ndarray, window: Shape, filler: float) -> np.ndarray:
    """The windows of a volume as (Z, Y, X, voxels), voxels in the order z, y, x; those at odd edges filled up."""
    padded = np.pad(array, [(0, -n % f) for n, f in zip(array.shape, window, strict=True)], constant_values=filler)
    parts = [padded[z :: window[0], y :: window[1], x :: window[2]] for z, y, x in np.ndindex(*window)]
    return np.stack(parts, -1)


def check_mean(above: np.ndarray, below: np.ndarray, window: Shape) -> None:
    """A level is the mean of the stored one above it, over the voxels that exist."""
    counts = windows(np.ones(above.shape, bool), window, False).sum(-1)
    if above.dtype.kind != "f":
        # In two halves of 32 bits, because the sum of 64-bit numbers is longer.
        whole = above if above.itemsize == 8 else above.astype(np.int64)
        high, low = (windows(half.astype(np.int64), window, 0).sum(-1) for half in (whole >> 32, whole & 0xFFFFFFFF))
        quotient, rest = np.divmod(2 * high, 2 * counts)
        mean = (quotient << 32) + ((rest << 32) + 2 * low + counts) // (2 * counts)
        np.testing.assert_array_equal(below, mean.astype(below.dtype))
        return
    values = windows(above.astype(np.float64), window, np.nan)
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0).sum(-1) / there.sum(-1)
    # Of single precision: as near as the rounding of what is added allows.
    magnitude = np.where(np.isfinite(values), np.abs(values), 0).sum(-1) / np.maximum(there.sum(-1), 1)
    np.testing.assert_array_equal(np.isnan(below), np.isnan(mean))
    infinite = np.isinf(mean)
    np.testing.assert_array_equal(below[infinite], mean[infinite])
    finite = np.isfinite(mean)
    off = np.abs(below[finite] - mean[finite])
    np.testing.assert_array_less(off, 1e-6 * magnitude[finite] + 1e-44)


def check_picked(above: np.ndarray, below: np.ndarray, window: Shape, method: str) -> None:
    """A level has of each window of the stored one above it one of its values."""
    values = windows(above, window, above.dtype.type(0))
    there = windows(np.ones(above.shape, bool), window, False)
    if method == "nearest":
        np.testing.assert_array_equal(bits(below), bits(values[..., 0]))
        return
    there &= ~np.isnan(values)
    if method == "max":
        lowest = -np.inf if above.dtype.kind == "f" else np.iinfo(above.dtype).min
        expected = np.where(there, values, lowest).max(-1)
    else:
        same = (values[..., :, None] == values[..., None, :]) & there[..., None, :] & there[..., :, None]
        # Of several that occur as often, argmax finds the first, in the order z, y, x.
        expected = np.take_along_axis(values, same.sum(-1).argmax(-1)[..., None], -1)[..., 0]
    nothing = ~there.any(-1)
    assert np.isnan(below[nothing]).all()
    np.testing.assert_array_equal(below[~nothing], expected[~nothing])


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def check(output: Path, expected: Expected) -> dict:
    """Checks everything in an output, and returns the program's own part of its metadata."""
    v3 = expected.version == "0.5"
    check_files(output, expected)
    attributes = json.loads((output / ("zarr.json" if v3 else ".zattrs")).read_text())
    attributes = attributes["attributes"] if v3 else attributes
    group = zarr.open_group(output, mode="r", zarr_format=3 if v3 else 2)
    model = ome_zarr_models.open_ome_zarr(group)
    assert type(model).__name__ == ("ImageLabel" if expected.labels else "Image")
    assert type(model).__module__.startswith("ome_zarr_models.v05" if v3 else "ome_zarr_models.v04")
    check_multiscales((attributes["ome"] if v3 else attributes)["multiscales"], expected)
    above = None
    for level, shape in enumerate(expected.shapes):
        array = group[str(level)]
        shape = (*expected.frames, *shape)
        check_array(json.loads((output / str(level) / ("zarr.json" if v3 else ".zarray")).read_text()), shape, expected)
        if not v3:
            named = json.loads((output / str(level) / ".zattrs").read_text())
            assert named == {"_ARRAY_DIMENSIONS": list(expected.axes)}
        stored = np.asarray(array[...])
        assert stored.dtype == expected.level0.dtype and stored.shape == shape
        assert array.fill_value == 0
        other = tensorstore.open(
            {"driver": "zarr3" if v3 else "zarr", "kvstore": {"driver": "file", "path": f"{output / str(level)}/"}},
            read=True,
        ).result()
        np.testing.assert_array_equal(bits(other.read().result()), bits(stored))
        if above is None:
            check_voxels(stored, expected)
        else:
            window = expected.windows[level]
            for index in np.ndindex(*expected.frames):
                if expected.downsample == "mean":
                    check_mean(above[index], stored[index], window)
                else:
                    check_picked(above[index], stored[index], window, expected.downsample)
        above = stored
    check_rendering(attributes["ome"] if v3 else attributes, expected)
    return attributes[TOOL]


def bits(array: np.ndarray) -> np.ndarray:
    """Voxels as they are stored, so that NaNs and signed zeros count."""
    return array.view(f"u{array.dtype.itemsize}")


def check_voxels(stored: np.ndarray, expected: Expected) -> None:
    if expected.tolerance:
        off = np.abs(stored.astype(np.int64) - expected.level0.astype(np.int64))
        assert off.max() <= expected.tolerance
    else:
        np.testing.assert_array_equal(bits(stored), bits(np.ascontiguousarray(expected.level0)))


def check_files(output: Path, expected: Expected) -> None:
    """The chunks of every level, the metadata, and nothing else."""
    v3 = expected.version == "0.5"
    wanted = {"zarr.json"} if v3 else {".zgroup", ".zattrs"}
    for level, shape in enumerate(expected.shapes):
        wanted |= {f"{level}/{name}" for name in (["zarr.json"] if v3 else [".zarray", ".zattrs"])}
        grid = [*expected.frames, *(-(-n // c) for n, c in zip(shape, expected.shard or expected.chunk, strict=True))]
        keys = ("/".join(map(str, index)) for index in np.ndindex(*grid))
        wanted |= {f"{level}/c/{key}" if v3 else f"{level}/{key}" for key in keys}
    assert files(output) == wanted
    beside = [path.name for path in output.parent.iterdir() if path.name.startswith(output.name)]
    assert beside == [output.name]


def check_array(metadata: dict, shape: Shape, expected: Expected) -> None:
    dtype = expected.level0.dtype
    if expected.version == "0.4":
        assert metadata["zarr_format"] == 2
        assert metadata["shape"] == list(shape) and metadata["chunks"] == expected.whole(expected.chunk)
        assert np.dtype(metadata["dtype"]) == dtype.newbyteorder("<")
        assert metadata["dimension_separator"] == "/" and metadata["order"] == "C"
        assert metadata["fill_value"] == 0 and metadata["filters"] is None
        compressor = metadata["compressor"]
        found = "none" if compressor is None else compressor["id"]
        if found == "blosc":
            found = f"blosc-{compressor['cname']}"
        assert found == expected.compression
        return
    assert metadata["zarr_format"] == 3 and metadata["node_type"] == "array"
    assert metadata["shape"] == list(shape) and metadata["data_type"] == str(dtype)
    file = {"chunk_shape": expected.whole(expected.shard or expected.chunk)}
    assert metadata["chunk_grid"] == {"name": "regular", "configuration": file}
    assert metadata["chunk_key_encoding"] == {"name": "default", "configuration": {"separator": "/"}}
    assert metadata["dimension_names"] == list(expected.axes)
    assert metadata["fill_value"] == 0
    codecs = metadata["codecs"]
    if expected.shard:
        [sharding] = codecs
        assert sharding["name"] == "sharding_indexed"
        assert sharding["configuration"]["chunk_shape"] == expected.whole(expected.chunk)
        codecs = sharding["configuration"]["codecs"]
    first, *others = codecs
    assert first == {"name": "bytes", "configuration": {"endian": "little"}}
    if expected.checksum != "none":
        assert others.pop() == {"name": expected.checksum}
    names = [codec["name"] for codec in others]
    if expected.compression.startswith("blosc"):
        assert names == ["blosc"]
        configuration = others[0]["configuration"]
        assert f"blosc-{configuration['cname']}" == expected.compression
        assert configuration["typesize"] == dtype.itemsize
        assert configuration["shuffle"] in ("noshuffle", "shuffle", "bitshuffle")
        assert set(configuration) == {"cname", "clevel", "shuffle", "typesize", "blocksize"}
    else:
        assert names == ([] if expected.compression == "none" else [expected.compression])


def check_multiscales(multiscales: list, expected: Expected) -> None:
    [image] = multiscales
    assert image["type"] == expected.downsample
    unit = {} if expected.unit is None else {"unit": expected.unit}
    others = {"t": {"type": "time"}, "c": {"type": "channel"}}
    if expected.time_step is not None:
        others["t"]["unit"] = "second"
    space = {"type": "space", **unit}
    assert image["axes"] == [{"name": name, **others.get(name, space)} for name in expected.axes]
    before = {"t": expected.time_step or 1, "c": 1}
    before = [before[name] for name in expected.axes[:-3]]
    assert [dataset["path"] for dataset in image["datasets"]] == [str(k) for k in range(len(expected.shapes))]
    size = np.array(expected.voxel_size or (1, 1, 1))
    factor = np.ones(3)
    for level, dataset in enumerate(image["datasets"]):
        factor *= expected.windows[level]
        scale, *translations = dataset["coordinateTransformations"]
        assert scale["type"] == "scale"
        np.testing.assert_allclose(scale["scale"], [*before, *(size * factor)], rtol=1e-12)
        # A voxel that stands for a window lies in its middle, one that was picked where it was.
        growth = 0 if expected.downsample == "nearest" else (size * factor - size) / 2
        offset = (np.array(expected.start) * size if expected.offset is None else expected.offset) + growth
        if translations:
            [translation] = translations
            assert translation["type"] == "translation"
            np.testing.assert_allclose(translation["translation"], [0] * len(before) + [*offset], rtol=1e-12)
        else:
            assert not offset.any()


def check_rendering(attributes: dict, expected: Expected) -> None:
    """Labels say what they are labels of, and no other image says that it is labels."""
    if not expected.labels:
        assert "image-label" not in attributes
        check_omero(attributes["omero"], expected)
        return
    assert "omero" not in attributes
    source = {} if expected.labels is True else {"source": {"image": expected.labels}}
    assert attributes["image-label"] == {"version": expected.version, **source}


def check_omero(omero: dict, expected: Expected) -> None:
    at = expected.axes.find("c")
    channels = [expected.level0] if at < 0 else np.moveaxis(expected.level0, at, 0)
    assert len(omero["channels"]) == len(channels)
    assert omero["rdefs"] == {"model": "greyscale" if len(channels) == 1 else "color"}
    for channel, voxels in zip(omero["channels"], channels, strict=True):
        # Whole numbers beyond 2^53 are written as such, and are floats all the same.
        window = {name: float(value) for name, value in channel["window"].items()}
        assert set(window) == {"start", "end", "min", "max"}
        assert all(math.isfinite(value) for value in window.values())
        assert window["start"] < window["end"]
        values = voxels[np.isfinite(voxels)]
        if values.size and not expected.tolerance and values.min() < values.max():
            assert (window["min"], window["max"]) == (float(values.min()), float(values.max()))
            assert window["min"] <= window["start"] <= window["max"]
    if expected.channels is not None:
        assert [(channel["label"], channel["color"]) for channel in omero["channels"]] == list(expected.channels)

"""Other voxel types than the source's: the values that NumPy reckons, the NaNs counted, and the way back recorded."""

import numpy as np
import pytest
import sources
import tifffile
from oracle import Expected, check
from sources import DTYPES, INTEGERS, Encoding

SHAPE = (9, 40, 70)
CHUNK = (4, 32, 48)
TOPS = {"uint16": 65535, "uint8": 255}


def write(folder, array, **settings):
    source = folder / "scan.tif"
    tifffile.imwrite(source, array, photometric="minisblack", **settings)
    return source


def scaled(values: np.ndarray, low: float, high: float, dtype: str) -> np.ndarray:
    """[low, high] mapped to the whole of an integer type: rounded, halves up, clipped, NaN to 0."""
    top = TOPS[dtype]
    with np.errstate(invalid="ignore"):
        mapped = (values.astype(np.float64) - low) / (high - low) * top
    return np.floor(np.nan_to_num(np.clip(mapped, 0, top), nan=0.0) + 0.5).astype(dtype)


def check_scaled(cli, folder, array, dtype, low, high, words, version="0.5"):
    """Converts, and checks the voxels, the count of NaNs and the recorded transform."""
    source = write(folder, array)
    output = folder / "out.ome.zarr"
    done = cli.convert(source, output, "-c", *CHUNK, "-d", dtype, "--ome-zarr", version, *words)
    stored = scaled(array, low, high, dtype)
    own = check(output, Expected(stored, chunk=CHUNK, version=version))
    assert done["nanVoxels"] == np.isnan(array).sum()
    assert [float(end) for end in done["valueRange"]] == [low, high]
    assert any("NaN" in warning for warning in done["warnings"]) == bool(np.isnan(array).any())
    scaling = own["scaling"]
    back = scaling["slope"] * stored.astype(np.float64) + scaling["intercept"]
    inside = (array >= low) & (array <= high)
    step = (high - low) / TOPS[dtype]
    np.testing.assert_array_less(np.abs(back - array.astype(np.float64))[inside], 0.5001 * step + 1e-30)
    return done


@pytest.mark.parametrize("dtype", TOPS)
@pytest.mark.parametrize("source", DTYPES)
def test_found_range(cli, tmp_path, source, dtype):
    """Without a range, the least and the greatest finite value of what is converted become the ends."""
    array = sources.volume(SHAPE, Encoding(source))
    if source == dtype:
        source = write(tmp_path, array)
        done = cli.convert(source, "-d", dtype, "-c", *CHUNK)
        assert done["valueRange"] is None
        check(tmp_path / "scan.ome.zarr", Expected(array, chunk=CHUNK))
        return
    finite = array[np.isfinite(array)]
    done = check_scaled(cli, tmp_path, array, dtype, float(finite.min()), float(finite.max()), [])
    # The extremes of floats are so far out that most values become one, which is told.
    assert not [warning for warning in done["warnings"] if "NaN" not in warning and "% of the voxels" not in warning]


@pytest.mark.parametrize("dtype", TOPS)
@pytest.mark.parametrize(("low", "high"), [(-0.5, 2.25), (1, 1.5), (-1e3, 1e30)])
def test_given_range(cli, tmp_path, dtype, low, high):
    """Values outside are clipped, infinities included; NaN becomes 0."""
    array = sources.volume(SHAPE, Encoding("float32"))
    version = "0.4" if low == 1 else "0.5"
    check_scaled(cli, tmp_path, array, dtype, low, high, ["--value-range", low, high], version)


@pytest.mark.parametrize("source", INTEGERS)
def test_given_range_of_integers(cli, tmp_path, source):
    array = sources.volume(SHAPE, Encoding(source))
    check_scaled(cli, tmp_path, array, "uint8", -3, 100, ["--value-range", -3, 100])


@pytest.mark.parametrize("dtype", TOPS)
def test_same_type_with_range(cli, tmp_path, dtype):
    array = sources.volume(SHAPE, Encoding(dtype))
    check_scaled(cli, tmp_path, array, dtype, 20, 200, ["--value-range", 20, 200])


def test_halves_are_rounded_up(cli, tmp_path):
    array = (np.arange(511, dtype=np.float32) / 2).reshape(1, 7, 73)
    output = check_scaled(cli, tmp_path, array, "uint8", 0, 255, ["--value-range", 0, 255])["output"]
    assert output


def test_range_of_the_region_alone(cli, tmp_path):
    """A scan for the range looks at the region that is converted and at nothing else."""
    array = np.zeros((4, 50, 60), np.float32)
    array[0, 0, 0], array[3, 49, 59] = -1000, 1000
    array[1:3, 10:20, 30:40] = np.linspace(5, 6, 200).reshape(2, 10, 10)
    source = write(tmp_path, array)
    done = cli.convert(source, "-d", "uint16", "--roi", 1, 3, 10, 20, 30, 40)
    region = array[1:3, 10:20, 30:40]
    assert done["valueRange"] == [5, 6]
    check(tmp_path / "scan.ome.zarr", Expected(scaled(region, 5, 6, "uint16"), start=(1, 10, 30)))


@pytest.mark.parametrize("value", [0, 7.5, -3, np.nan, np.inf, -np.inf])
def test_volumes_of_one_value(cli, tmp_path, value):
    """Nothing to scale by: zeros, and no division by them."""
    array = np.full((3, 20, 30), value, np.float32)
    source = write(tmp_path, array)
    done = cli.convert(source, "-d", "uint8")
    own = check(tmp_path / "scan.ome.zarr", Expected(np.zeros(array.shape, np.uint8)))
    assert done["nanVoxels"] == (array.size if np.isnan(value) else 0)
    if np.isfinite(value):
        assert done["valueRange"] == [value, value]
        assert own["scaling"]["intercept"] == value


@pytest.mark.parametrize("target", ["float32", "float64"])
@pytest.mark.parametrize("source", INTEGERS)
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_integers_as_floats(cli, tmp_path, source, byteorder, target):
    array = sources.volume(SHAPE, Encoding(source))
    path = write(tmp_path, array, byteorder=byteorder)
    done = cli.convert(path, "-d", target, "-c", *CHUNK)
    check(tmp_path / "scan.ome.zarr", Expected(array.astype(target), chunk=CHUNK))
    assert done["valueRange"] is None
    # A warning tells of integers that a float cannot hold.
    lossy = source.endswith("64") or (source.endswith("32") and target == "float32")
    assert any("exactly up to" in warning for warning in done["warnings"]) == lossy


def test_double_precision(cli, tmp_path):
    """Written as float32 unless it is asked to stay; what is too great for that is counted."""
    array = sources.volume(SHAPE, Encoding("float64"))
    source = write(tmp_path, array)
    assert cli.info(source)["dtype"] == "float64"
    plan = cli.estimate(source)
    assert any("Neuroglancer" in warning and "--dtype float64" in warning for warning in plan["warnings"])
    done = cli.convert(source, "-c", *CHUNK)
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    check(tmp_path / "scan.ome.zarr", Expected(single, chunk=CHUNK))
    overflow = (np.isinf(single) & np.isfinite(array)).sum()
    assert overflow > 0
    assert [warning for warning in done["warnings"] if f"{overflow} voxels" in warning]
    done = cli.convert(source, tmp_path / "kept.ome.zarr", "-d", "float64", "-c", *CHUNK, "--ome-zarr", "0.4")
    check(tmp_path / "kept.ome.zarr", Expected(array, chunk=CHUNK, version="0.4"))
    assert [warning for warning in done["warnings"] if "Neuroglancer" in warning]


@pytest.mark.parametrize("source", ["float16", "float32"])
def test_floats_as_double_precision(cli, tmp_path, source):
    array = sources.volume(SHAPE, Encoding(source))
    cli.convert(write(tmp_path, array), "-d", "float64", "-c", *CHUNK)
    check(tmp_path / "scan.ome.zarr", Expected(array.astype(np.float32).astype(np.float64), chunk=CHUNK))


def test_range_that_no_number_holds(cli, tmp_path):
    """Between extremes of double precision there is no distance to scale by, so a range must be given."""
    array = np.zeros((2, 5, 6))
    array[0, 0, 0], array[1, 1, 1] = -1.7e308, 1.7e308
    source = write(tmp_path, array)
    run = cli("convert", source, "-d", "uint8", "--progress", "json")
    assert run.status == 1
    assert run.events[-1]["code"] == "bad-option" and "--value-range" in run.events[-1]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["scan.tif"]


@pytest.mark.parametrize(("dtype", "shown"), [("int64", False), ("uint64", True)])
def test_long_integers_that_neuroglancer_cannot_show(cli, tmp_path, dtype, shown):
    source = write(tmp_path, np.ones((2, 5, 6), dtype))
    assert any("Neuroglancer" in warning for warning in cli.estimate(source)["warnings"]) != shown


def test_float32_keeps_its_nans(cli, tmp_path):
    array = sources.volume(SHAPE, Encoding("float32"))
    done = cli.convert(write(tmp_path, array), "-d", "float32", "-c", *CHUNK)
    check(tmp_path / "scan.ome.zarr", Expected(array, chunk=CHUNK))
    assert done["nanVoxels"] == 0

"""Statistics of the values: extremes, percentiles and histograms as NumPy reckons them, however the work is cut."""

import json

import numpy as np
import pytest
import sources
import tifffile
import zarr
from sources import DTYPES, Encoding, as_stored
from test_oracle_values import CHUNK, SHAPE, check_scaled, write

PERCENTS = (0.1, 1, 50, 99, 99.9)


def nearest_rank(values: np.ndarray, percent: float) -> float:
    """As `np.percentile(..., method="nearest")`, which rounds ranks between two to even; here they are rounded up."""
    ordered = np.sort(values[np.isfinite(values)], axis=None)
    return float(ordered[int(np.floor(percent / 100 * (ordered.size - 1) + 0.5))])


def check_counts(found: dict, values: np.ndarray, low: float, high: float) -> None:
    """`values` are those that are counted; `low` and `high` the extremes of all."""
    # Whole numbers beyond 2^53 are written as such, and are floats all the same.
    assert (float(found["min"]), float(found["max"])) == (low, high)
    assert found["counted"] == values.size
    histogram = found["histogram"]
    assert (float(histogram["start"]), float(histogram["end"])) == (low, high)
    assert len(histogram["counts"]) == 256 and sum(histogram["counts"]) == values.size
    if low < high:
        with np.errstate(over="ignore"):
            counts, _ = np.histogram(values.astype(np.float64), bins=256, range=(low, high))
        if values.dtype.kind == "f" or values.dtype.itemsize > 2:
            # Where a bin's edge falls is a matter of rounding.
            assert np.abs(np.cumsum(counts) - np.cumsum(histogram["counts"])).max() <= 2
        else:
            np.testing.assert_array_equal(histogram["counts"], counts)


@pytest.mark.parametrize("version", ["0.5", "0.4"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_of_all_voxels(cli, tmp_path, dtype, version):
    array = sources.volume(SHAPE, Encoding(dtype))
    source = write(tmp_path, array)
    done = cli.convert(source, "-c", *CHUNK, "--ome-zarr", version, *as_stored(dtype)[1])
    [found] = done["statistics"]
    finite = array[np.isfinite(array)]
    check_counts(found, finite, float(finite.min()), float(finite.max()))
    assert {name: float(value) for name, value in found["percentiles"].items()} == {
        str(percent): nearest_rank(finite, percent) for percent in PERCENTS
    }
    output = tmp_path / "scan.ome.zarr"
    attributes = json.loads((output / ("zarr.json" if version == "0.5" else ".zattrs")).read_text())
    attributes = attributes["attributes"] if version == "0.5" else attributes
    assert attributes["microct-io-vis"]["statistics"] == [found]
    [channel] = attributes.get("ome", attributes)["omero"]["channels"]
    window = {"start": found["percentiles"]["0.1"], "end": found["percentiles"]["99.9"]}
    assert channel["window"] == {**window, "min": found["min"], "max": found["max"]}


def test_of_what_is_stored(cli, tmp_path):
    """Statistics are of the stored values of the region."""
    array = sources.volume(SHAPE, Encoding("float32"))
    done = cli.convert(write(tmp_path, array), "-d", "uint8", "--roi", 0, 9, 3, 40, 5, 66)
    stored = np.asarray(zarr.open_array(tmp_path / "scan.ome.zarr" / "0", mode="r")[...])
    assert stored.shape == (9, 37, 61)
    check_counts(done["statistics"][0], stored.ravel(), 0, 255)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """More voxels than are counted one by one."""
    shape = (33, 500, 520)
    values = np.random.default_rng(5).normal(1000, 20, shape)
    values[:, :250] = 0.125
    values[3, 7, 9], values[20, 3, 5] = 40000, -300
    folder = tmp_path_factory.mktemp("large")
    arrays = {"uint16": values.clip(0, 65535).astype("uint16"), "float32": values.astype("float32")}
    arrays["int32"] = (values * 1000).astype("int32")
    for dtype, array in arrays.items():
        tifffile.imwrite(folder / f"{dtype}.tif", array, photometric="minisblack", metadata=None)
    return folder, arrays


@pytest.mark.parametrize("dtype", ["uint16", "float32", "int32"])
def test_of_evenly_spread_rows(cli, tmp_path, large, dtype):
    folder, arrays = large
    array = arrays[dtype]
    z, y = np.ogrid[: array.shape[0], : array.shape[1]]
    rows = array[(5 * z + y) % 2 == 0].ravel()
    words = [folder / f"{dtype}.tif", tmp_path / "out.ome.zarr", "--compression", "none", "-n", 2]
    done = cli.convert(*words, "-c", 32, 128, 128, "-j", 1)
    [found] = done["statistics"]
    assert found["counted"] == rows.size
    assert (found["min"], found["max"]) == (float(array.min()), float(array.max()))
    if dtype == "uint16":
        check_counts(found, rows, float(array.min()), float(array.max()))
    for percent in PERCENTS:
        value, wanted = found["percentiles"][str(percent)], nearest_rank(rows, percent)
        assert abs(value - wanted) <= (0 if dtype == "uint16" else abs(wanted) / 128)
        # The sample tells more than the bin.
        assert abs(value - wanted) <= (1 if dtype == "float32" else 1000)
    documents = (tmp_path / "out.ome.zarr" / "zarr.json").read_bytes()
    for others in [["-j", 3], ["-j", 2, "-m", "160M"], ["-j", 2, "-m", "4G"]]:
        cli.convert(*words, "-c", 32, 128, 128, *others, "--overwrite")
        assert (tmp_path / "out.ome.zarr" / "zarr.json").read_bytes() == documents, others
    for others in [["-c", 32, 64, 64, "--shard", 32, 128, 256], ["-c", 8, 500, 70]]:
        assert cli.convert(*words, *others, "--overwrite")["statistics"] == [found]


@pytest.mark.parametrize("dtype", DTYPES)
def test_range_by_percentages(cli, tmp_path, dtype):
    array = sources.volume(SHAPE, Encoding(dtype))
    for low, high in [(0.5, 98), (0, 60), (20, 100)]:
        ends = [nearest_rank(array, low), nearest_rank(array, high)]
        target = "uint8" if dtype == "uint16" else "uint16"
        check_scaled(cli, tmp_path, array, target, *ends, ["--value-range", f"{low}%", f"{high}%", "--overwrite"])


def test_a_number_and_a_percentage(cli, tmp_path):
    array = sources.volume(SHAPE, Encoding("int16"))
    middle = nearest_rank(array, 50)
    check_scaled(cli, tmp_path, array, "uint8", middle, 20000, ["--value-range", "50%", 20000])
    words = ["--value-range", -20000, "50%", "--overwrite"]
    check_scaled(cli, tmp_path, array, "uint8", -20000, middle, words)
    # Of an unsigned source whose type stays too.
    array = sources.volume(SHAPE, Encoding("uint16"))
    low, high = nearest_rank(array, 1), nearest_rank(array, 99)
    check_scaled(cli, tmp_path, array, "uint16", low, high, ["--value-range", "1%", "99%", "--overwrite"])


def test_percentages_of_a_large_volume(cli, tmp_path, large):
    """Every voxel is counted; the ends are off by a bin at most: none of 16 bits, 1/128 of a wider value."""
    folder, arrays = large
    for dtype, array in arrays.items():
        source, output = folder / f"{dtype}.tif", tmp_path / "out.ome.zarr"
        words = ["-d", "uint8", "--value-range", "70%", "99.9%", "-n", 1, "-c", 32, 128, 128, "--overwrite"]
        done = cli.convert(source, output, *words, "-j", 1)
        for found, percent in zip(done["valueRange"], (70, 99.9), strict=True):
            wanted = nearest_rank(array, percent)
            assert abs(found - wanted) <= (0 if dtype == "uint16" else wanted / 128)
        documents = (output / "zarr.json").read_bytes()
        assert cli.convert(source, output, *words, "-j", 3, "-m", "200M")["valueRange"] == done["valueRange"]
        assert (output / "zarr.json").read_bytes() == documents


def test_percentages_that_are_the_same_value(cli, tmp_path):
    """A volume that is almost all one value keeps the others: the extremes are taken."""
    array = np.zeros(SHAPE, np.float32)
    array[4, 20, 30:33] = [2, -1, np.nan]
    done = check_scaled(cli, tmp_path, array, "uint8", -1, 2, ["--value-range", "0.1%", "99.9%"])
    assert any("0.1 % and 99.9 %" in warning for warning in done["warnings"])


@pytest.mark.parametrize("value", [7, np.nan, np.inf])
def test_a_constant(cli, tmp_path, value):
    source = write(tmp_path, np.full(SHAPE, value, np.float32))
    words = ["--value-range", "0.1%", "99.9%", "-d", "uint16", "--overwrite"]
    scaled = cli.convert(source, *words)
    assert scaled["valueRange"] == ([7, 7] if value == 7 else [0, 0])
    assert scaled["statistics"][0]["percentiles"]["50"] == 0
    kept = cli.convert(source, "--overwrite")
    if value == 7:
        check_counts(kept["statistics"][0], np.full(np.prod(SHAPE), 7, np.float32), 7, 7)
    else:
        assert kept["statistics"] == [None]
    window = json.loads((tmp_path / "scan.ome.zarr" / "zarr.json").read_text())["attributes"]["ome"]["omero"]
    assert window["channels"][0]["window"]["start"] < window["channels"][0]["window"]["end"]


def test_ends_that_cross(cli, tmp_path):
    """Known only after the scan: it ends with an error and leaves nothing."""
    source = write(tmp_path, np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE))
    words = ["-d", "uint8", "--value-range", 20000, "50%", "--progress", "json"]
    run = cli("convert", source, *words)
    assert run.status == 1 and run.events[-1]["code"] == "bad-option" and run.events[-1]["field"] == "valueRange"
    assert "50 %" in run.events[-1]["message"] and "12600" in run.events[-1]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["scan.tif"]
    assert cli("convert", source, "-d", "uint8", "--value-range", "1%", "x%").status == 2


def test_text(cli, tmp_path):
    array = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE) / 8
    run = cli("convert", write(tmp_path, array)).succeeded()
    assert "values 0 to 3149.875, shown from 3.125 to 3146.75" in run.stderr


@pytest.mark.parametrize(
    ("source", "outlier", "dtype"),
    [("float32", 3e38, "uint8"), ("float32", -3e38, "uint16"), ("uint16", 65535, "uint8")],
)
def test_few_values_that_make_all_others_one(cli, tmp_path, source, outlier, dtype):
    """Told with their share and with what to do; a mask loses nothing, and is no reason to tell."""
    array = np.random.default_rng(5).integers(90, 200, (20, 30, 40)).astype(source)
    array[3, 4, 5] = outlier
    tifffile.imwrite(tmp_path / "scan.tif", array, photometric="minisblack")
    done = cli.convert(tmp_path / "scan.tif", "-d", dtype)
    [warning] = done["warnings"]
    stored = 0 if outlier > 0 else 65535
    assert f"99.9 % of the voxels, with values from 90 to 199, become {stored}" in warning
    assert "--value-range 0.1% 99.9%" in warning
    given = cli.convert(tmp_path / "scan.tif", "-d", dtype, "--overwrite", "--value-range", "0.1%", "99.9%")
    assert given["warnings"] == []
    tifffile.imwrite(tmp_path / "mask.tif", (array == array[9, 9, 9]).astype(source), photometric="minisblack")
    assert cli.convert(tmp_path / "mask.tif", "-d", dtype)["warnings"] == []

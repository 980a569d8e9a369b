"""Arguments of Python's functions, and how they say that something is wrong or worth knowing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

import microct_io_vis
from microct_io_vis import (
    ConversionError,
    ConversionWarning,
    ConverterWidget,
    Layer,
    convert,
    convert_many,
    estimate,
    info,
    verify,
    view,
    write_image,
    write_labels,
)
from microct_io_vis.arguments import KINDS, option_words, shown_address, source_name
from microct_io_vis.options import OPTIONS

NAMES = [
    ("/data/scan.tif", "scan.tif"),
    ("/data/scan.tif/part", "part"),
    ("https://me:secret@host/files/scan.tif/content?key=/secret", "scan.tif"),
    ("https://host/scan.tif/mouse.ome.zarr", "mouse.ome.zarr"),
    ("https://host/download?file=%2Fdata%2Fscan.tif&session=1", "scan.tif"),
    ("https://host/18a?disposition=attachment%3B%20filename%3D%22scan.tif%22&signature=1", "scan.tif"),
    ("https://host/files/12345", "12345"),
    ("s3://bucket/scan.tif/part", "part"),
]
SAME = [
    ({"dtype": np.uint16}, {"dtype": "uint16"}),
    ({"dtype": np.dtype(">u2")}, {"dtype": "uint16"}),
    ({"dtype": float}, {"dtype": "float64"}),
    ({"chunk_size": 64, "shard": np.int64(128)}, {"chunk_size": (64, 64, 64), "shard": (128, 128, 128)}),
    ({"chunk_size": np.array([8, 16, 32])}, {"chunk_size": (8, 16, 32)}),
    ({"num_levels": np.uint8(2), "jobs": np.int64(1)}, {"num_levels": 2, "jobs": 1}),
    ({"channel": np.int32(0)}, {"channel": [0]}),
    ({"ome_zarr": 0.5}, {"ome_zarr": "0.5"}),
    ({"ome_zarr": np.float64(0.4)}, {"ome_zarr": "0.4"}),
    ({"max_memory": 2e9}, {"max_memory": 2_000_000_000}),
    ({"slices": (1, 300)}, {"slices": "1-300"}),
    ({"slices": range(1, 301)}, {"slices": "1-300"}),
    ({"slices": slice(1, np.int64(301))}, {"slices": "1-300"}),
    ({"roi": np.s_[:4, 2:8, 3:9]}, {"roi": (0, 4, 2, 8, 3, 9)}),
    ({"roi": np.array([[0, 4], [2, 8], [3, 9]])}, {"roi": (0, 4, 2, 8, 3, 9)}),
    ({"voxel_size": np.float32(0.5)}, {"voxel_size": (0.5, 0.5, 0.5)}),
    ({"value_range": np.array([1, 5])}, {"value_range": (1.0, 5.0)}),
    ({"parent": Path("a.ome.zarr"), "labels": np.bool_(True)}, {"parent": "a.ome.zarr", "labels": True}),
]


@pytest.fixture
def volume(tmp_path) -> Path:
    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, np.zeros((12, 30, 20), np.float32), photometric="minisblack", metadata=None)
    return path


@pytest.fixture
def gap(tmp_path) -> Path:
    """Slices of which some are missing."""
    folder = tmp_path / "slices"
    folder.mkdir()
    for z in (0, 1, 4):
        tifffile.imwrite(folder / f"s_{z}.tif", np.full((5, 6), z + 0.5), metadata=None)
    return folder


def test_home_is_known_everywhere(volume, monkeypatch):
    monkeypatch.setenv("HOME", str(volume.parent))
    assert info("~/scan.tif").shape == (12, 30, 20)
    output = convert(Path("~/scan.tif"), "~/out.ome.zarr", progress=False)
    assert output == volume.parent / "out.ome.zarr" and verify("~/out.ome.zarr", "~/scan.tif", progress=False)
    assert microct_io_vis.open("~/out.ome.zarr").shape == (12, 30, 20)
    assert convert_many("~/*.tif", "~/many", progress=False)[0].output == volume.parent / "many" / "scan.ome.zarr"
    assert write_image(np.zeros((2, 3, 4), np.uint8), "~/array.ome.zarr", progress=False).shape == (2, 3, 4)
    ones = np.ones((12, 30, 20), np.uint8)
    assert write_labels(ones, "one", parent="~/out.ome.zarr", progress=False).shape == ones.shape


@pytest.mark.parametrize("wrong", [5, b"scan.tif", "", np.zeros((30, 40, 50))])
def test_what_is_no_path_is_said_to_be_none(volume, wrong):
    for call in (
        lambda: info(wrong),
        lambda: convert(volume, wrong),
        lambda: verify(wrong),
        lambda: convert_many([volume, wrong]),
        lambda: convert_many(volume, wrong),
        lambda: microct_io_vis.open(wrong),
        lambda: write_image(np.zeros((2, 3, 4)), wrong),
    ):
        with pytest.raises(ConversionError, match=r"must be|is empty, where|an empty path|was given") as failure:
            call()
        assert len(str(failure.value)) < 200


@pytest.mark.parametrize(
    ("missing", "call", "extra"),
    [
        ("numpy", "write_image([[[1]]], 'a.ome.zarr')", "analysis"),
        ("numpy", "view('out.ome.zarr').align(1, [], [])", "analysis"),
        ("zarr", "microct_io_vis.open('out.ome.zarr')", "analysis"),
        ("distributed", "convert('scan.tif', client=1)", "dask"),
    ],
)
def test_what_is_not_installed_is_named_with_what_brings_it(volume, missing, call, extra):
    convert(volume, volume.parent / "out.ome.zarr", progress=False)
    code = f"import sys; sys.modules[{missing!r}] = None; import microct_io_vis; from microct_io_vis import *; {call}"
    run = subprocess.run([sys.executable, "-c", code], cwd=volume.parent, capture_output=True, text=True)
    *_, last = run.stderr.splitlines()
    assert last == f"ImportError: {missing} is needed for this: pip install 'microct-io-vis[{extra}]' brings it"


@pytest.mark.parametrize(("given", "meant"), SAME)
def test_what_numpy_has_is_taken(given, meant):
    assert option_words(given) == option_words(meant)
    widget, same = ConverterWidget(**given), ConverterWidget(**meant)
    assert widget.options() == same.options() != {}
    for name, value in given.items():
        setattr(same, name, value)
    assert widget.options() == same.options()


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": 8},
        {"chunk_size": True},
        {"chunk_size": 8.5},
        {"max_memory": [1]},
        {"slices": range(1, 300, 2)},
        {"roi": np.s_[:, 2:8, 3:9]},
        {"overwrite": "no"},
        {"voxel_size": "0.5"},
    ],
)
def test_what_is_refused_says_what_is_expected(volume, options):
    [(name, value)] = options.items()
    with pytest.raises(ConversionError) as failure:
        convert(volume, progress=False, **options)
    expected = KINDS[OPTIONS[name].kind].expected
    assert str(failure.value) == f"{name} must be {expected}, and was given {value!r}"


def test_sources(tmp_path):
    with pytest.raises(
        ConversionError, match="source must be a path, or a list of the paths of slices, and was given 7"
    ):
        convert(7)
    for z in range(3):
        tifffile.imwrite(tmp_path / f"slice_{z}.tif", np.full((5, 6), z, np.uint8))
    output = convert(iter(sorted(tmp_path.glob("*.tif"))), tmp_path / "out.ome.zarr", progress=False)
    assert zarr.open(output / "0")[:, 0, 0].tolist() == [0, 1, 2]


def test_warnings_are_warned_of_and_kept(gap, capfd):
    output = gap.parent / "out.ome.zarr"
    with pytest.warns(ConversionWarning) as plan:
        estimate(gap, output, slices="s_*.tif")
    with pytest.warns(ConversionWarning) as done:
        assert convert(gap, output, slices="s_*.tif", progress=False) == output
    texts = sorted(str(each.message) for each in done)
    assert texts == sorted(str(each.message) for each in plan)
    assert all(text.startswith(f"{gap.name}: ") for text in texts)
    assert "number 2–3" in " ".join(texts) and 'dtype="float64" keeps them' in " ".join(texts)
    assert {each.filename for each in [*plan, *done]} == {__file__}
    assert capfd.readouterr() == ("", "")
    kept = " ".join(zarr.open(output).attrs["microct-io-vis"]["warnings"])
    assert "number 2–3" in kept and "--dtype float64 keeps them" in kept and str(gap) not in kept


def test_quiet_is_about_progress(cli, gap):
    run = cli("convert", gap, gap.parent / "out.ome.zarr", "--slices", "s_*.tif", "--quiet").succeeded()
    lines = run.stderr.splitlines()
    assert lines and all(line.startswith("warning: ") for line in lines) and "number 2–3" in run.stderr


def test_mistakes_are_said_without_a_traceback_in_ipython(volume, tmp_path):
    """In one line, and the argument where that does not name it."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    convert(volume, tmp_path / "seen.ome.zarr", progress=False)
    for mistake in [
        lambda: view(tmp_path / "typo.ome.zarr"),
        lambda: view(tmp_path),
        lambda: convert(tmp_path / "typo.tif"),
        lambda: convert(volume, chunk_sizes=8),
        lambda: ConverterWidget(volume, dtype="int7"),
        lambda: setattr(ConverterWidget(volume), "compression", "lzma"),
        lambda: ConverterWidget(volume, chunks=8),
        lambda: Layer(volume, nonsense=1),
        lambda: view(tmp_path / "seen.ome.zarr").movie("film.mp4", frames=9),
        lambda: view(tmp_path / "seen.ome.zarr") + 5,
    ]:
        with pytest.raises(Exception) as failure:
            mistake()
        shown: list[str] = []
        shell._showtraceback = lambda kind, value, lines, shown=shown: shown.extend(lines)
        shell.showtraceback((failure.type, failure.value, failure.tb))
        field = getattr(failure.value, "field", None)
        said = [f"argument: {field}"] if field and field not in str(failure.value) else []
        assert shown == [f"{failure.type.__name__}: {failure.value}", *said]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@host/scan.tif?key=secret#page", "https://host/scan.tif"),
        ("https://me:secret#1@host/scan.tif?key=secret", "https://host/scan.tif"),
        ("https://me:secret]@host/scan.tif?key=secret", "https://host/scan.tif"),
        ("s3://key:secret@bucket/scan.tif", "s3://bucket/scan.tif"),
        ("s3://bucket/a@b.tif", "s3://bucket/a@b.tif"),
    ],
)
def test_nobody_is_shown_a_key(address, shown):
    assert shown_address(address) == shown
    assert "secret" not in f"{ConverterWidget(address)} {Layer(address)}"


@pytest.mark.parametrize(("source", "name"), NAMES)
def test_names_of_sources(source, name):
    assert source_name(source) == name

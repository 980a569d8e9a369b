"""Every flavour of source: converted and compared voxel for voxel, or refused in words; and the page that says so."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import flavours
import numpy as np
import pytest
import zarr
from command_line import CommandLine, Run
from flavour_writers import DATA
from flavours import GROUPS, PAGE, REAL, SAME, Flavour
from test_oracle_data import inputs


def cases() -> list[tuple[str, Flavour, str]]:
    """Flavours and variants by name; of real files those that are at hand."""
    there = {name for name in REAL if (DATA / name).exists()}
    return [
        (" - ".join(filter(None, (group, flavour.name, *map(str, flavour.options), variant))), flavour, variant)
        for group, listed in GROUPS.items()
        for flavour in listed
        for variant in flavour.variants
        if group != "Real files" or flavour.name.partition(":")[0] in there
    ]


CASES = cases()


def convert(cli: CommandLine, folder: Path, flavour: Flavour, variant: str) -> tuple[Run, np.ndarray | None]:
    inside = folder / "in"
    inside.mkdir()
    source, array = flavour.write(inside, variant)
    depth = 4 if array is None or len(array) < 1000 else 1000
    options = ["-n", 1, "-j", 1, "-c", depth, 32, 32, "--compression", "none", "--progress", "json"]
    return cli("convert", source, folder / "out.ome.zarr", *options, *flavour.options), array


@pytest.fixture(scope="module")
def converted(cli, tmp_path_factory, request):
    """All chosen cases, two at a time and ahead of the tests that look at them."""
    chosen = [item.callspec.params["number"] for item in request.session.items if item.name.startswith("test_flavour[")]
    root = tmp_path_factory.mktemp("flavours")
    started: dict[int, tuple[Path, Future]] = {}
    with ThreadPoolExecutor(2) as pool:
        for number in chosen:
            folder = root / str(number)
            folder.mkdir()
            started[number] = folder, pool.submit(convert, cli, folder, *CASES[number][1:])
        yield started
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: CASES[number][0])
def test_flavour(converted, number):
    _, flavour, variant = CASES[number]
    folder, future = converted[number]
    run, array = future.result()
    output = folder / "out.ome.zarr"
    if flavour.code:
        assert run.status == 1, run.stderr
        told = run.events[-1]
        assert (told["event"], told["code"]) == ("error", flavour.code), told
        assert flavour.says.format(variant) in told["message"]
        assert not [path for path in folder.iterdir() if "zarr" in path.name]
        return
    done = run.succeeded().events[-1]
    expected = flavour.meaning(array)
    image = zarr.open_group(output, mode="r")
    axes = "".join(axis["name"] for axis in image.attrs["ome"]["multiscales"][0]["axes"])
    assert axes == flavour.axes
    level0 = image["0"][...]
    assert level0.dtype == expected.dtype
    if flavour.dtype != SAME:
        assert level0.dtype == flavour.dtype
    if flavour.tolerance:
        assert level0.shape == expected.shape
        assert np.abs(level0.astype(int) - expected.astype(int)).max() <= flavour.tolerance
    else:
        np.testing.assert_array_equal(level0, expected)
    warnings = done["warnings"]
    assert len(warnings) == len(flavour.warns), warnings
    assert all(words in warning for words, warning in zip(flavour.warns, warnings, strict=True)), warnings


def test_page():
    """docs/flavours.md is what the list gives: `python test/python/flavours.py` writes it."""
    assert PAGE.read_text("utf-8") == flavours.page()


def test_real_files_are_all_listed():
    assert {path.name for path in inputs()} <= set(REAL)

"""The functions for scripts and notebooks."""

import os
import pickle
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from command_line import PATIENCE

import microct_io_vis
from microct_io_vis import Conversion, ConversionError, Level, Plan, Unfinished, VolumeInfo, convert, estimate, info


@pytest.fixture
def volume(tmp_path) -> Path:
    path = tmp_path / "scan.tif"
    array = np.random.default_rng(7).normal(0, 1, (12, 30, 20)).astype(np.float32)
    settings = {"axes": "ZYX", "spacing": 2, "unit": "um"}
    tifffile.imwrite(path, array, imagej=True, metadata=settings, resolution=(1, 1))
    return path


def zarrs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if "zarr" in path.name)


def snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def test_info_has_the_fields_of_the_command_line(cli, volume):
    found = info(volume)
    said = cli.info(volume)
    assert {field.name for field in fields(VolumeInfo)} == {snake(name) for name in said}
    for name, value in said.items():
        assert getattr(found, snake(name)) == (tuple(value) if isinstance(value, list) else value)
    assert found.shape == (12, 30, 20) and found.dtype == "float32"


def test_estimate_has_the_fields_of_the_command_line(cli, volume):
    options = {"chunk_size": (8, 8, 8), "max_memory": "1G", "roi": [0, 10, 0, 30, 0, 20]}
    plan = estimate(str(volume), **options)
    words = ["--chunk-size", "8", "8", "8", "--max-memory", "1G", "--roi", "0", "10", "0", "30", "0", "20"]
    said = cli.estimate(volume, *words)
    assert {field.name for field in fields(Plan)} == {snake(name) for name in said}
    assert [level.shape for level in plan.levels] == [tuple(level["shape"]) for level in said["levels"]]
    assert plan.levels[0] == Level(shape=(10, 30, 20), chunks=(2, 4, 3), bytes=10 * 30 * 20 * 4)
    assert plan.output == said["output"] and plan.peak_memory_bytes <= 2**30


def test_convert_returns_the_path_of_the_output(volume):
    output = convert(volume, progress=False)
    assert output == volume.parent / "scan.ome.zarr"
    assert np.array_equal(zarr.open(output / "0")[:], tifffile.imread(volume))


def test_convert_passes_on_every_option(volume, tmp_path):
    output = convert(
        volume,
        tmp_path / "out.zarr",
        progress=False,
        chunk_size=np.array([8, 16, 16]),
        num_levels=2,
        compression="gzip",
        max_memory=2**30,
        dtype="uint8",
        value_range=(-1.5, np.float32(2)),
        roi=(1, 11, 2, 30, 3, 20),
        voxel_size=(3, 2, 1e-3),
        unit="millimeter",
        ome_zarr="0.4",
        jobs=1,
        overwrite=True,
    )
    level = zarr.open(output / "0")
    assert level.shape == (10, 28, 17) and level.chunks == (8, 16, 16) and level.dtype == np.uint8
    source = tifffile.imread(volume)[1:11, 2:30, 3:20].astype(np.float64)
    expected = np.clip((source + 1.5) / 3.5 * 255, 0, 255)
    assert np.abs(level[:] - expected).max() <= 0.5 + 1e-6
    attributes = zarr.open_group(output).attrs["multiscales"][0]
    assert len(attributes["datasets"]) == 2
    assert [axis["unit"] for axis in attributes["axes"]] == ["millimeter"] * 3
    assert (output / ".zattrs").exists()


def test_shards_are_an_option(volume):
    output = convert(volume, progress=False, chunk_size=(4, 8, 8), shard=(8, 16, 32))
    level = zarr.open(output / "0")
    assert level.chunks == (4, 8, 8) and level.shards == (8, 16, 32)
    assert np.array_equal(level[:], tifffile.imread(volume))


def test_an_interrupted_conversion_can_be_resumed(cli, large):
    assert estimate(large).unfinished is None
    before = time.time()
    cli.crash(large, "--compression", "gzip", "-j", 1)
    said = cli.estimate(large, "--compression", "gzip")["unfinished"]
    left = estimate(large, compression="gzip").unfinished
    assert {field.name for field in fields(Unfinished)} == {snake(name) for name in said}
    assert (left.written, left.done_bytes, left.total_bytes) == (said["written"], said["doneBytes"], said["totalBytes"])
    assert before - 1 < left.written / 1000 < time.time() + 1
    assert 0 < left.done_bytes < left.total_bytes == 160 * 640 * 640 * 2
    assert left.refusal is None and "gzip" in estimate(large).unfinished.refusal
    with pytest.raises(ConversionError) as failure:
        convert(large, progress=False, resume=True)
    assert (failure.value.code, failure.value.field) == ("resume-refused", "resume")
    output = convert(large, progress=False, compression="gzip", resume=True)
    assert np.array_equal(zarr.open(output / "0")[:], tifffile.imread(large))
    assert zarrs(large.parent) == ["large.ome.zarr"]


def test_convert_takes_a_list_of_slices(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    array = np.random.default_rng(9).integers(0, 255, (3, 20, 30), np.uint8)
    names = ["@slice 0.tif", "slice 1.tif", tmp_path / "slice 2.tif"]
    for name, page in zip(names, array, strict=True):
        tifffile.imwrite(name, page)
    assert info(names).shape == (3, 20, 30)
    output = convert(names, tmp_path / "out.ome.zarr", progress=False)
    assert np.array_equal(zarr.open(output / "0")[:], array)
    with pytest.raises(ConversionError, match=r"#gone\.tif"):
        info([*names, "#gone.tif"])


def test_a_name_that_starts_with_an_at_sign_is_a_name(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "@scan.tif", np.zeros((2, 9, 8), np.uint8), metadata=None)
    monkeypatch.chdir(tmp_path)
    assert info("@scan.tif").shape == (2, 9, 8)


def test_failures_carry_a_code_and_the_option_at_fault(tmp_path, volume):
    with pytest.raises(ConversionError, match=r"nothing\.tif") as failure:
        info(tmp_path / "nothing.tif")
    assert (failure.value.code, failure.value.field) == ("not-found", "source")
    with pytest.raises(ConversionError) as failure:
        estimate(volume, roi=(0, 99, 0, 1, 0, 1))
    assert (failure.value.code, failure.value.field) == ("bad-option", "roi")
    again = pickle.loads(pickle.dumps(failure.value))
    assert (again.code, str(again)) == (failure.value.code, str(failure.value))
    with pytest.raises(ConversionError) as failure:
        convert(volume, compression="lzma")
    assert failure.value.code == "bad-option"


@pytest.mark.parametrize(
    "options", [{"chunk_size": (8, 8)}, {"roi": 3}, {"num_levels": 1.5}, {"value_range": ("a", "b")}, {"dtype": 8}]
)
def test_values_that_cannot_be_meant_are_refused(volume, options):
    with pytest.raises(ConversionError, match=next(iter(options))) as failure:
        convert(volume, progress=False, **options)
    assert failure.value.code == "bad-option"
    assert zarrs(volume.parent) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"max_memory": "1M"},
            r'a memory budget of 1\.0+ MiB .*, max_memory="\d+M"\), or choose a smaller chunk_size$',
        ),
        ({"max_memory": "plenty"}, "^max_memory: plenty is not a size"),
        ({"num_levels": 100}, 'num_levels must be "auto" or'),
        ({"ome_zarr": "0.4", "shard": (128, 128, 128)}, "set ome_zarr to 0.5 or leave shard out"),
    ],
)
def test_messages_name_the_arguments(volume, options, message):
    with pytest.raises(ConversionError, match=message):
        convert(volume, progress=False, **options)


def test_an_option_that_there_is_not_is_a_type_error(volume):
    with pytest.raises(TypeError, match=r"chunks: did you mean chunk_size\? the options are slices, .*chunk_size"):
        convert(volume, chunks=(1, 1, 1))


def test_progress_can_be_followed(volume):
    heard = []
    convert(volume, progress=heard.append)
    assert heard
    assert set(heard[-1]) == {"done_bytes", "total_bytes", "bytes_per_second", "seconds_left"}
    assert heard[-1]["done_bytes"] <= heard[-1]["total_bytes"]


def test_a_conversion_can_be_cancelled_from_another_thread(large):
    conversion = Conversion(large, compression="gzip")
    ended = []

    def run() -> None:
        with pytest.raises(ConversionError) as failure:
            conversion.run()
        ended.append(failure.value.code)

    thread = threading.Thread(target=run)
    thread.start()
    while not zarrs(large.parent):
        assert thread.is_alive()
        time.sleep(0.01)
    conversion.cancel()
    thread.join(PATIENCE)
    assert ended == ["cancelled"]
    assert zarrs(large.parent) == []


def test_a_conversion_that_was_cancelled_before_does_not_start(volume):
    conversion = Conversion(volume)
    conversion.cancel()
    with pytest.raises(ConversionError, match="cancelled"):
        conversion.run()
    assert zarrs(volume.parent) == []


def test_an_interrupt_cancels_and_leaves_nothing(large):
    """Ctrl-C reaches the whole group of processes, as it does in a terminal."""
    script = f"import microct_io_vis; microct_io_vis.convert({str(large)!r}, compression='gzip')"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not zarrs(large.parent):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode != 0
    assert zarrs(large.parent) == []


def test_shows_one_line_on_a_terminal_and_nothing_in_a_log(volume, capfd):
    convert(volume)
    assert capfd.readouterr() == ("", "")


def test_everything_that_is_promised_can_be_imported():
    for name in microct_io_vis.__all__:
        assert getattr(microct_io_vis, name) is not None
    assert {*microct_io_vis.__all__, "open"} < set(dir(microct_io_vis))
    names: dict[str, object] = {}
    exec("from microct_io_vis import *", names)
    assert names["convert"] is convert and "open" not in names


def test_the_kernel_and_the_command_line_import_next_to_nothing():
    script = (
        "import sys, microct_io_vis.node, microct_io_vis.__main__\n"
        "print([name for name in sys.modules if 'widget' in name or 'numpy' in name])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_arrays_of_zarr_v2_name_their_axes(volume):
    """As xarray wants them."""
    output = convert(volume, progress=False, ome_zarr="0.4", num_levels=2)
    for level in ("0", "1"):
        assert zarr.open(output / level).attrs.asdict() == {"_ARRAY_DIMENSIONS": ["z", "y", "x"]}


def test_shows_a_bar_on_a_terminal_of_unknown_size(volume):
    parent, child = pty.openpty()
    script = f"import microct_io_vis; microct_io_vis.convert({str(volume)!r}, num_levels=1)"
    env = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen([sys.executable, "-c", script], stderr=child, env=env) as process:
        os.close(child)
        shown = b""
        try:
            while piece := os.read(parent, 65536):
                shown += piece
        except OSError:  # Linux's error at the end
            pass
        assert process.wait(PATIENCE) == 0
    os.close(parent)
    last = shown.decode().strip().split("\r")[-1]
    assert re.search(r"^scan\.tif: 100%\|█+\| 28\.1k/28\.1k \[.*iB/s, 1 level, ", last), last

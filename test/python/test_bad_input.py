"""Input that cannot be converted: one line that names the file and helps, a code that stays, and no half output."""

import hashlib
import shutil
import struct
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import sources
import tifffile
import zarr
from command_line import CommandLine, Run, without_privilege
from oracle import files
from sources import Encoding

SHAPE = (6, 20, 30)


def digest(source: Path) -> str:
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    state = hashlib.sha256()
    for path in paths:
        state.update(str(path).encode())
        if path.is_file():
            state.update(path.read_bytes())
    return state.hexdigest()


def says(run: Run, *words: str) -> str:
    """The one line of a failed command, which has the program's name and the given words in it."""
    assert run.status == 1, f"exit status {run.status}: {run.stderr}"
    assert run.stdout == ""
    assert run.stderr.endswith("\n") and run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith("microct-io-vis: "), run.stderr
    for word in words:
        assert word.lower() in run.stderr.lower(), f"{word!r} is not in {run.stderr!r}"
    return run.stderr.removeprefix("microct-io-vis: ").rstrip("\n")


def refused(cli: CommandLine, source: Path, code: str, *words: str, options=(), told=False, **settings) -> str:
    """Every command refuses a source in the same words; the output is not begun, and the source stays as it is.

    `told`: `info` tells of it all the same.
    """
    before = digest(source) if source.exists() else None
    output = Path(tempfile.mkdtemp()) / "out.ome.zarr"
    message = says(cli("convert", source, output, *options, **settings), source.name, *words)
    event = cli("convert", source, output, *options, "--progress", "json", **settings)
    assert event.status == 1
    assert event.events[-1]["event"] == "error"
    assert (event.events[-1]["code"], event.events[-1]["message"]) == (code, message)
    assert says(cli("estimate", source, output, *options, **settings)) == message
    if not options and not told:
        assert says(cli("info", source, **settings)) == message
    assert not any(output.parent.iterdir())
    output.parent.rmdir()
    assert before == (digest(source) if source.exists() else None)
    return message


@pytest.fixture
def scan(tmp_path) -> Path:
    return sources.write(tmp_path, sources.volume(SHAPE, Encoding("uint16")), Encoding("uint16"))


# --- sources ---------------------------------------------------------------------------------------------------------


def test_no_such_file(cli, tmp_path):
    refused(cli, tmp_path / "missing.tif", "not-found")


def test_no_permission(cli, scan):
    scan.chmod(0)
    try:
        says(cli("info", scan, preexec_fn=without_privilege), scan.name, "permission")
        run = cli("convert", scan, "--progress", "json", preexec_fn=without_privilege)
        assert (run.status, run.events[-1]["code"]) == (1, "unreadable")
    finally:
        scan.chmod(0o600)
    assert [path.name for path in scan.parent.iterdir()] == [scan.name]


def test_no_permission_for_a_slice(cli, tmp_path):
    folder = sources.write(tmp_path, sources.volume(SHAPE, Encoding("uint8")), Encoding("uint8", container="slices"))
    (folder / "slice_3.tif").chmod(0)
    run = cli("info", folder, "--progress", "json", preexec_fn=without_privilege)
    (folder / "slice_3.tif").chmod(0o600)
    assert (run.status, run.events[-1]["code"]) == (1, "unreadable")
    assert "slice_3.tif" in run.events[-1]["message"]


@pytest.mark.parametrize(
    "content",
    [b"", b"I", b"II*", b"\x89PNG\r\n\x1a\n" + bytes(100), b"hello, this is no picture\n" * 9, bytes(4096)],
    ids=["empty", "one-byte", "three-bytes", "png", "text", "zeros"],
)
def test_not_a_tiff(cli, tmp_path, content):
    source = tmp_path / "scan.tif"
    source.write_bytes(content)
    refused(cli, source, "not-tiff")


@pytest.mark.parametrize("start", [b"II*\0\0\0\0\0", b"MM\0*\0\0\0\0", b"II+\0\x08\0\0\0" + bytes(8)])
def test_no_pages(cli, tmp_path, start):
    source = tmp_path / "scan.tif"
    source.write_bytes(start)
    refused(cli, source, "no-pages")


def test_folder_without_slices(cli, tmp_path):
    source = tmp_path / "slices"
    source.mkdir()
    (source / "notes.txt").write_text("nothing here")
    message = refused(cli, source, "no-pages")
    assert "TIFF" in message


def pages(path: Path, *planes: np.ndarray, **settings) -> Path:
    with tifffile.TiffWriter(path, bigtiff=False) as writer:
        for plane in planes:
            writer.write(plane, photometric="minisblack", metadata=None, **settings)
    return path


def plane(dtype: str, height: int, width: int) -> np.ndarray:
    return np.ones((height, width), dtype)


def test_pages_of_several_sizes(cli, tmp_path):
    planes = plane("uint8", 20, 30), plane("uint8", 20, 30), plane("uint8", 21, 30)
    refused(cli, pages(tmp_path / "scan.tif", *planes), "mixed-pages", "3", "21", "30")


@pytest.mark.parametrize("other", ["int8", "uint16", "float32"])
def test_pages_of_several_types(cli, tmp_path, other):
    planes = plane("uint8", 20, 30), plane(other, 20, 30)
    refused(cli, pages(tmp_path / "scan.tif", *planes), "mixed-pages", "uint8", other)


@pytest.mark.parametrize("odd", [plane("uint16", 20, 31), plane("uint8", 20, 30)], ids=["size", "type"])
def test_slices_that_differ(cli, tmp_path, odd):
    folder = tmp_path / "slices"
    folder.mkdir()
    for number in range(12):
        tifffile.imwrite(folder / f"s{number}.tif", odd if number == 10 else plane("uint16", 20, 30))
    assert "s10.tif" in refused(cli, folder, "mixed-pages")


def test_slice_with_several_pages(cli, tmp_path):
    folder = tmp_path / "slices"
    folder.mkdir()
    pages(folder / "s1.tif", plane("uint8", 20, 30))
    pages(folder / "s2.tif", plane("uint8", 20, 30), plane("uint8", 20, 30))
    assert "s2.tif" in refused(cli, folder, "mixed-pages")


def test_colour(cli, tmp_path):
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, np.zeros((4, 20, 30, 3), np.uint8), photometric="rgb")
    refused(cli, source, "unsupported", "--channel", "0 Red, 1 Green, 2 Blue", told=True)


def test_colour_in_planes(cli, tmp_path):
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, np.zeros((4, 3, 20, 30), np.uint8), photometric="rgb", planarconfig="separate")
    refused(cli, source, "unsupported", "--channel", told=True)


def test_palette(cli, tmp_path):
    source = tmp_path / "scan.tif"
    colours = np.zeros((3, 256), np.uint16)
    colours[1] = 65535
    tifffile.imwrite(source, np.zeros((20, 30), np.uint8), photometric="palette", colormap=colours)
    refused(cli, source, "unsupported", "palette", "--channel", told=True)


def test_types_that_are_not_read(cli, tmp_path):
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, np.zeros(SHAPE, np.complex64), photometric="minisblack")
    refused(cli, source, "unsupported", "complex")


@pytest.mark.parametrize("compression", ["lzma", "jpegxl", "jpeg2000"])
def test_unsupported_compression(cli, tmp_path, compression):
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, np.zeros((20, 30), np.uint8), photometric="minisblack", compression=compression)
    refused(cli, source, "unsupported-compression")


def patch_tag(source: Path, tag: int, value: int) -> None:
    """Overwrites the one short or long value of a tag on the first page of a little-endian classic TIFF."""
    content = bytearray(source.read_bytes())
    (ifd,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, ifd)
    for entry in range(ifd + 2, ifd + 2 + 12 * count, 12):
        code, kind, length = struct.unpack_from("<HHI", content, entry)
        if code == tag and length == 1:
            struct.pack_into({3: "<H", 4: "<I"}[kind], content, entry + 8, value)
            source.write_bytes(content)
            return
    raise AssertionError(f"no tag {tag}")


def test_unknown_compression(cli, tmp_path):
    source = pages(tmp_path / "scan.tif", plane("uint8", 20, 30))
    patch_tag(source, 259, 51966)
    refused(cli, source, "unsupported-compression", "51966")


def test_nothing_in_the_image(cli, tmp_path):
    source = pages(tmp_path / "scan.tif", plane("uint8", 20, 30))
    patch_tag(source, 256, 0)
    run = cli("convert", source, "--progress", "json")
    assert run.status == 1
    assert run.events[-1]["code"] in ("unsupported", "corrupt", "no-pages")
    assert "scan.tif" in run.events[-1]["message"]


def test_strip_beyond_the_file(cli, tmp_path):
    """Each strip is held against the file's length before anything is converted."""
    source = pages(tmp_path / "scan.tif", plane("uint8", 20, 30))
    patch_tag(source, 273, 10**6)
    refused(cli, source, "truncated")


def test_pages_in_a_circle(cli, tmp_path):
    source = pages(tmp_path / "scan.tif", plane("uint8", 20, 30), plane("uint8", 20, 30))
    content = bytearray(source.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    (second,) = struct.unpack_from("<I", content, first + 2 + 12 * count)
    (count,) = struct.unpack_from("<H", content, second)
    struct.pack_into("<I", content, second + 2 + 12 * count, first)
    source.write_bytes(content)
    refused(cli, source, "corrupt")


CUT_KINDS = {
    "classic": Encoding("uint16"),
    "bigtiff": Encoding("float32", "big", "rows", container="bigtiff"),
    "tiles": Encoding("uint8", layout="tiles", compression="deflate"),
    "imagej": Encoding("uint16", "big", container="imagej"),
    "imagej-single": Encoding("float32", "big", container="imagej-single"),
    "lzw": Encoding("int16", compression="lzw", predictor=2),
    "ome": Encoding("uint16", compression="zstd", container="ome"),
}


@pytest.mark.parametrize("kind", CUT_KINDS)
def test_truncated(cli, tmp_path, kind):
    """Cut anywhere, a file is refused, or all of its voxels are there: never fewer pages, never zeros."""
    encoding = CUT_KINDS[kind]
    array = sources.volume(SHAPE, encoding)
    whole = sources.write(tmp_path, array, encoding).read_bytes()
    lengths = sorted({*np.linspace(4, len(whole) - 1, 10).astype(int), len(whole) - 4, len(whole) - 60, 8, 16, 200})

    def attempt(length: int) -> Run:
        folder = tmp_path / str(length)
        folder.mkdir()
        (folder / "scan.tif").write_bytes(whole[:length])
        return cli("convert", folder / "scan.tif", "-c", 8, 8, 8, "--compression", "none", "--progress", "json")

    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(lengths, pool.map(attempt, lengths), strict=True))
    failed = 0
    for length, run in runs.items():
        folder = tmp_path / str(length)
        if run.status == 0:
            import zarr

            np.testing.assert_array_equal(zarr.open_array(folder / "scan.ome.zarr" / "0", mode="r")[...], array)
            continue
        failed += 1
        [event] = run.events  # found before the work began
        assert run.status == 1
        assert event["code"] in ("truncated", "not-tiff", "no-pages", "corrupt"), f"cut at {length}: {event}"
        assert "scan.tif" in event["message"]
        assert files(folder) == {"scan.tif"}
    assert failed >= len(lengths) - 3


@pytest.mark.parametrize("container", ["classic", "slices"])
def test_damaged_data(cli, tmp_path, container):
    """Bytes that do not decode are found while converting: the file and the page are named, and nothing is left."""
    encoding = Encoding("uint16", compression="deflate", container=container)
    array = np.random.default_rng(3).integers(0, 65535, SHAPE, np.uint16)
    source = sources.write(tmp_path, array, encoding)
    damaged = source / "slice_4.tif" if container == "slices" else source
    with tifffile.TiffFile(damaged) as file:
        page = file.pages[0 if container == "slices" else 4]
        offset, length = page.dataoffsets[0], page.databytecounts[0]
    content = bytearray(damaged.read_bytes())
    content[offset + length // 2 : offset + length // 2 + 40] = bytes(40)
    damaged.write_bytes(content)
    folder = tmp_path / "out"
    folder.mkdir()
    run = cli("convert", source, folder / "out.ome.zarr", "--progress", "json")
    assert run.status == 1
    assert run.events[-1]["code"] == "corrupt"
    assert damaged.name in run.events[-1]["message"]
    if container == "classic":
        assert "5" in run.events[-1]["message"] or "4" in run.events[-1]["message"]
    assert not any(folder.iterdir())


def test_strip_that_decodes_to_less(cli, tmp_path):
    """A strip with fewer rows in it than it should have is damage, not zeros."""
    source = pages(tmp_path / "scan.tif", plane("uint8", 20, 30), compression="deflate", rowsperstrip=40)
    patch_tag(source, 257, 24)
    patch_tag(source, 278, 24)
    run = cli("convert", source, "--progress", "json")
    assert run.status == 1
    assert run.events[-1]["code"] == "corrupt"
    assert files(tmp_path) == {"scan.tif"}


# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--roi", 0, 7, 0, 20, 0, 30], ["7", "6"]),
        (["--roi", 0, 6, -1, 20, 0, 30], ["-1"]),
        (["--roi", 2, 2, 0, 20, 0, 30], ["2"]),
        (["--roi", 5, 1, 0, 20, 0, 30], ["5", "1"]),
        (["--value-range", 5, 5, "-d", "uint8"], ["5"]),
        (["--value-range", 9, -9, "-d", "uint8"], ["9", "-9"]),
        (["--value-range", 0, 1, "-d", "float32"], ["float32"]),
        (["-c", 0, 8, 8], ["0"]),
        (["-c", 8, -8, 8], ["-8"]),
        (["-c", 2048, 2048, 2048], ["2048"]),
        (["-n", 0], ["0"]),
        (["-n", -3], ["-3"]),
        (["-j", 0], ["0"]),
        (["--voxel-size", 1, 0, 1], ["0"]),
        (["--voxel-size", 1, 1, 1, "--unit", "furlong"], ["furlong", "micrometer"]),
        (["-m", 0], ["0"]),
    ],
    ids=lambda value: "_".join(map(str, value)).replace("--", "") if value and value[0] in value else None,
)
def test_option_nonsense(cli, scan, options, words):
    refused(cli, scan, "bad-option", *words, options=options)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "info"),
        (["transmogrify"], "transmogrify"),
        (["convert"], "convert"),
        (["convert", "a.tif", "b", "c"], "c"),
        (["info", "a.tif", "--frobnicate"], "--frobnicate"),
        (["convert", "a.tif", "-c", "1", "2"], "chunk-size"),
        (["convert", "a.tif", "-c", "1", "2", "x"], "x"),
        (["convert", "a.tif", "-n", "many"], "many"),
        (["convert", "a.tif", "--compression", "rar"], "rar"),
        (["convert", "a.tif", "-m", "plenty"], "plenty"),
        (["convert", "a.tif", "-d", "float16"], "float16"),
        (["convert", "a.tif", "--channel", "red"], "red"),
        (["convert", "a.tif", "--ome-zarr", "0.3"], "0.3"),
        (["convert", "a.tif", "--roi", "1", "2"], "roi"),
        (["convert", "a.tif", "--value-range", "nan", "1"], "nan"),
        (["convert", "a.tif", "--progress", "song"], "song"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage(cli, words, named):
    run = cli(*words)
    assert run.status == 2
    assert run.stdout == ""
    assert run.stderr.startswith("microct-io-vis: ") and run.stderr.count("\n") == 1
    assert named in run.stderr


def test_wrong_usage_as_an_event(cli):
    run = cli("convert", "a.tif", "-n", "many", "--progress", "json")
    assert run.status == 2
    [event] = run.events
    assert (event["event"], event["code"]) == ("error", "bad-option")


@pytest.mark.parametrize("compression", ["blosc-zstd", "none"])
@pytest.mark.parametrize(
    "encoding", [Encoding("float32"), Encoding("uint16", compression="deflate")], ids=["raw", "deflate"]
)
def test_budget_too_small(cli, tmp_path, compression, encoding):
    """The smallest budget that works is named, it does work, and one byte less does not."""
    array = sources.volume((40, 200, 220), encoding)
    source = sources.write(tmp_path, array, encoding)
    options = ["-c", 32, 64, 64, "--compression", compression]
    message = refused(cli, source, "memory-too-small", options=[*options, "-m", "1M"])
    least = int(message.split(" bytes")[0].split("(")[-1])
    assert cli.estimate(source, *options, "-m", least)["peakMemoryBytes"] <= least
    assert cli("estimate", source, *options, "-m", least - 1).status == 1
    run, peak = cli.peak_memory("convert", source, *options, "-m", least, "-q")
    assert run.status == 0, run.stderr
    assert peak <= least


# --- outputs ---------------------------------------------------------------------------------------------------------


def convert_fails(cli: CommandLine, code: str, *words: object, **settings) -> str:
    run = cli("convert", *words, "--progress", "json", **settings)
    assert run.status == 1, run.stderr
    assert run.events[-1]["code"] == code
    return run.events[-1]["message"]


def test_output_exists(cli, scan):
    output = scan.parent / "out.ome.zarr"
    cli.convert(scan, output)
    before = digest(output)
    message = convert_fails(cli, "output-exists", scan, output)
    assert "out.ome.zarr" in message and "overwrite" in message
    assert digest(output) == before
    assert sorted(path.name for path in scan.parent.iterdir()) == ["out.ome.zarr", "scan.tif"]


def test_estimate_where_the_output_exists(cli, scan):
    """A plan is made, and says what `convert` says."""
    plain = cli.estimate(scan)
    cli.convert(scan)
    for words in ([scan], [scan, scan.parent / "scan.ome.zarr"]):
        plan = cli.estimate(*words)
        message = convert_fails(cli, "output-exists", *words)
        assert plan["levels"] == plain["levels"] and plan["warnings"] == [*plain["warnings"], message]
        assert plan["outputRefusal"] == {"code": "output-exists", "message": message, "options": ["overwrite"]}
    assert cli.estimate(scan, "--overwrite")["outputRefusal"] is None


def test_an_empty_folder_is_no_output_yet(cli, scan):
    output = scan.parent / "out.ome.zarr"
    output.mkdir()
    assert cli.estimate(scan, output)["outputRefusal"] is None
    cli.convert(scan, output)
    assert zarr.open(output, mode="r")["0"].shape == SHAPE


def test_what_goes_with_an_overwritten_output_is_named(cli, scan):
    output = scan.parent / "out.ome.zarr"
    cli.convert(scan, output)
    assert cli.estimate(scan, output, "--overwrite")["warnings"] == cli.estimate(scan)["warnings"]
    cli.convert(scan, "cells", "--labels", "--parent", output)
    (output / "tables").mkdir()
    (output / "0" / "notes.txt").write_text("thesis")
    for n in range(7):
        (output / f"figure{n}.png").write_text("thesis")
    labels, others = cli.estimate(scan, output, "--overwrite")["warnings"][-2:]
    assert "its labels too: cells." in labels
    assert "figure0.png, figure1.png, figure2.png, figure3.png, figure4.png and 4 more" in others
    plate = scan.parent / "plate.ome.zarr"
    plate.mkdir()
    (plate / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"plate": {}}}}')
    (plate / "A").mkdir()
    warning = cli.estimate(scan, plate, "--overwrite")["warnings"][-1]
    assert "is a plate, and is replaced with all that is in it: A." in warning


def test_a_link_is_replaced_and_not_what_it_points_to(cli, scan):
    old, output = scan.parent / "old.ome.zarr", scan.parent / "out.ome.zarr"
    cli.convert(scan, old)
    output.symlink_to(old)
    before = digest(old)
    convert_fails(cli, "output-exists", scan, output)
    done = cli.convert(scan, output, "--overwrite", "-d", "float32")
    assert any("symbolic link" in warning and str(old) in warning for warning in done["warnings"])
    assert digest(old) == before and not output.is_symlink()
    assert zarr.open(output, mode="r")["0"].dtype == np.float32
    link = scan.parent / "empty.ome.zarr"
    link.symlink_to(scan.parent / "nowhere")
    assert "nowhere" in convert_fails(cli, "output-not-ome-zarr", scan, link, "--overwrite")


@pytest.mark.parametrize("kind", ["file", "folder", "plain zarr"])
def test_what_is_no_ome_zarr_is_never_removed(cli, scan, kind):
    output = scan.parent / "results"
    if kind == "file":
        output.write_text("thesis")
    else:
        output.mkdir()
    if kind == "folder":
        (output / "thesis.txt").write_text("thesis")
    elif kind == "plain zarr":
        (output / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    before = digest(output)
    # Overwriting is nothing to advise.
    message = convert_fails(cli, "output-not-ome-zarr", scan, output)
    assert "results: exists already, and is not an OME-Zarr" in message and "--overwrite" not in message
    assert convert_fails(cli, "output-not-ome-zarr", scan, output, "--overwrite") == message
    assert cli.estimate(scan, output)["outputRefusal"] == {"code": "output-not-ome-zarr", "message": message}
    assert digest(output) == before
    assert sorted(path.name for path in scan.parent.iterdir()) == ["results", "scan.tif"]


@pytest.mark.parametrize("kind", ["damaged", "too deep", "no file"])
def test_what_may_be_an_ome_zarr_is_not_said_to_be_none(cli, scan, kind):
    output = scan.parent / "results"
    (output / "zarr.json").mkdir(parents=True) if kind == "no file" else output.mkdir()
    if kind != "no file":
        (output / "zarr.json").write_text(
            '{"a": ' * 1000 + "1" + "}" * 1000 if kind == "too deep" else '{"zarr_format": 3'
        )
    before = digest(output)
    for more in ([], ["--overwrite"]):
        message = convert_fails(cli, "output-not-ome-zarr", scan, output, *more)
        assert "exists already" in message and "zarr.json" in message and "remove" not in message
    assert cli.estimate(scan, output)["outputRefusal"] == {"code": "output-not-ome-zarr", "message": message}
    assert digest(output) == before


def test_output_inside_the_source_folder(cli, tmp_path):
    encoding = Encoding("uint8", container="slices")
    folder = sources.write(tmp_path, sources.volume(SHAPE, encoding), encoding)
    before = digest(folder)
    for output in (folder / "out.ome.zarr", folder, tmp_path / "slices" / ".." / "slices" / "deep.zarr"):
        assert "slices" in convert_fails(cli, "output-inside-source", folder, output)
    link = tmp_path / "link"
    link.symlink_to(folder)
    convert_fails(cli, "output-inside-source", folder, link / "out.ome.zarr")
    assert digest(folder) == before


def test_output_is_the_source(cli, scan):
    before = digest(scan)
    for words in ((), ("--overwrite",)):
        # Where the name of an output is taken by other things, one is told to remove them.
        message = convert_fails(cli, "output-inside-source", scan, scan, *words)
        assert "is the source itself" in message and "remove" not in message
    assert digest(scan) == before


def test_no_folder_for_the_output(cli, scan):
    output = scan.parent / "nowhere" / "out.ome.zarr"
    assert "nowhere" in convert_fails(cli, "output-unwritable", scan, output)
    assert not output.parent.exists()


def test_addresses_of_kinds_that_are_not_read(cli, scan):
    address, before = "gs://bucket/a.ome.zarr", sorted(scan.parent.iterdir())
    for words in (
        ["info", address],
        ["verify", address],
        ["convert", scan, address],
        ["convert", "--batch", scan, address],
        ["part", 1, address],
        ["view", "--no-browser", address],
    ):
        run = cli(*words, cwd=scan.parent)
        assert (run.status, "give s3://bucket/a.ome.zarr, with AWS_ENDPOINT_URL" in run.stderr) == (1, True), words
    assert sorted(scan.parent.iterdir()) == before


def test_folder_of_the_output_is_a_file(cli, scan):
    (scan.parent / "plain").write_text("")
    convert_fails(cli, "output-unwritable", scan, scan.parent / "plain" / "out.ome.zarr")


def test_output_not_writable(cli, scan):
    folder = scan.parent / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    message = convert_fails(cli, "output-unwritable", scan, folder / "out.ome.zarr", preexec_fn=without_privilege)
    folder.chmod(0o700)
    assert "out.ome.zarr" in message
    assert not any(folder.iterdir())


def test_foreign_partial_is_kept(cli, scan):
    """A folder that happens to have the name of an unfinished output is somebody's."""
    partial = scan.parent / "out.ome.zarr.partial"
    partial.mkdir()
    (partial / "thesis.txt").write_text("thesis")
    run = cli("convert", scan, scan.parent / "out.ome.zarr", "--progress", "json")
    assert run.status == 1
    assert "out.ome.zarr.partial" in run.events[-1]["message"]
    assert files(partial) == {"thesis.txt"}
    assert not (scan.parent / "out.ome.zarr").exists()


def test_disk_too_small_for_the_estimate(cli, tmp_path):
    """A volume larger than the free disk, of holes."""
    free = shutil.disk_usage(tmp_path).free
    side = 100_000
    depth = free // side**2 + 2
    source = tmp_path / "huge.tif"
    write_holes(source, (depth, side, side))
    output = tmp_path / "out.ome.zarr"
    message = convert_fails(cli, "disk-full", source, output)
    assert "out.ome.zarr" in message and "free" in message
    assert files(tmp_path) == {"huge.tif"}


def write_holes(path: Path, shape: tuple[int, int, int]) -> None:
    """A BigTIFF of uint8 zeros that take no room on the disk: one strip a page, its data a hole."""
    depth, height, width = shape
    size = height * width
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 0), (277, 1), (278, height), (279, size)]
    length = 8 + 20 * len(tags) + 8
    start = 16 + depth * length
    with path.open("wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16))
        for page in range(depth):
            file.write(struct.pack("<Q", len(tags)))
            for tag, value in tags:
                file.write(struct.pack("<HHQQ", tag, 16, 1, start + page * size if tag == 273 else value))
            last = page == depth - 1
            file.write(struct.pack("<Q", 0 if last else 16 + (page + 1) * length))
        file.truncate(start + depth * size)

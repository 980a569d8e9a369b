"""Folders of slices as scanners write them: BMP and PNG against imagecodecs, the voxel size in a file beside them."""

import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import sources
import zarr
from command_line import CommandLine
from oracle import Expected, check
from sources import Encoding


def volume(dtype: str, shape: tuple[int, ...] = (9, 37, 53)) -> np.ndarray:
    return sources.volume(shape[:3], Encoding(dtype), seed=4) if len(shape) == 3 else _colours(shape)


def _colours(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, shape, np.uint8)


def palette(*greys: int) -> bytes:
    return b"".join(bytes((grey, grey, grey, 0)) for grey in greys)


def bitmap(
    plane: np.ndarray, bits: int, colours: bytes, *, top_down: bool = False, gap: int = 0, used: int = 0
) -> bytes:
    """A BMP of 1, 4 or 8-bit indices, with bytes between its palette and its rows as NRecon leaves them."""
    height, width = plane.shape
    if bits == 8:
        rows = plane
    else:
        unpacked = np.unpackbits(plane[..., None], axis=-1)[..., 8 - bits :].reshape(height, -1)
        rows = np.packbits(unpacked, axis=-1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    offset = 54 + len(colours) + gap
    header = struct.pack("<2sIHHI", b"BM", offset + rows.size, 0, 0, offset)
    header += struct.pack(
        "<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, 0, rows.size, 2835, 2835, used, 0
    )
    return header + colours + bytes(gap) + (rows if top_down else rows[::-1]).tobytes()


def write(folder: Path, planes: list[bytes], ending: str, prefix: str = "scan_rec") -> Path:
    folder.mkdir()
    for number, content in enumerate(planes, 27):
        (folder / f"{prefix}{number:08d}.{ending}").write_bytes(content)
    return folder


def converts(cli: CommandLine, source: Path, expected: np.ndarray, *words: object) -> None:
    output = source.parent / "out.ome.zarr"
    cli.convert(source, output, "-c", 4, 16, 32, "--overwrite", *words)
    check(output, Expected(expected, chunk=(4, 16, 32)))


GREYS = palette(*range(256))


@pytest.mark.parametrize("width", [52, 53, 54, 55])
def test_bitmaps(cli, tmp_path, width):
    """Rows run from the bottom up and are padded to four bytes; imagecodecs (which wrote them) reads them the same."""
    array = volume("uint8", (9, 37, width))
    planes = [imagecodecs.bmp_encode(plane) for plane in array]
    for plane, content in zip(array, planes, strict=True):
        np.testing.assert_array_equal(imagecodecs.bmp_decode(content), plane)
    source = write(tmp_path / "scan", planes, "bmp")
    converts(cli, source, array)
    info = cli.info(source)
    assert (info["format"], info["compression"], info["dtype"]) == ("slices", "none", "uint8")


def test_bitmaps_of_nrecon(cli, tmp_path):
    """Its header has 1134 bytes; a log and a preview lie beside the slices."""
    array = volume("uint8", (9, 36, 53))
    planes = [bitmap(plane, 8, GREYS, gap=1134 - 54 - 1024) for plane in array]
    source = write(tmp_path / "scan_Rec", planes, "bmp")
    (source / "scan_rec_spr.bmp").write_bytes(bitmap(array[0, ::2, ::2], 8, GREYS))
    log = ["[Reconstruction]", "Sections Count=9", "Result Image Width (pixels)=53", "Result Image Height (pixels)=36"]
    (source / "scan_rec.log").write_bytes("\r\n".join([*log, "Pixel Size (um)=7.00082", ""]).encode())
    info = cli.info(source)
    assert (info["voxelSize"], info["unit"]) == ([7.00082] * 3, "micrometer")
    assert (info["voxelSizeFrom"], info["voxelSizeFile"]) == ("bruker-log", "scan_rec.log")
    assert len(info["warnings"]) == 1 and "scan_rec_spr.bmp" in info["warnings"][0]
    output = tmp_path / "out.ome.zarr"
    done = cli.convert(source, output, "-c", 4, 16, 32)
    assert done["warnings"] == info["warnings"]
    check(output, Expected(array, chunk=(4, 16, 32), voxel_size=(7.00082,) * 3, unit="micrometer"))


@pytest.mark.parametrize(
    ("bits", "colours", "table"),
    [
        (8, palette(*range(255, -1, -1)), np.arange(255, -1, -1)),
        (8, palette(*(i * i // 255 for i in range(256))), np.arange(256) ** 2 // 255),
        (4, palette(*range(0, 256, 17)), np.arange(16)),
        (1, palette(0, 255), np.arange(2)),
        (1, palette(255, 0), np.arange(2)[::-1]),
    ],
    ids=["inverted", "curve", "4-bit", "mask", "inverted mask"],
)
def test_bitmaps_with_palettes(cli, tmp_path, bits, colours, table):
    array = volume("uint8") >> (8 - bits)
    source = write(tmp_path / "scan", [bitmap(plane, bits, colours) for plane in array], "bmp")
    converts(cli, source, table.astype(np.uint8)[array])


def test_bitmaps_from_the_top_down_and_with_short_palettes(cli, tmp_path):
    array = volume("uint8") >> 1
    colours = palette(*range(128))
    source = write(tmp_path / "scan", [bitmap(plane, 8, colours, top_down=True, used=128) for plane in array], "bmp")
    converts(cli, source, array)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("filter", [8, 16, 32, 64, 128, 248], ids=["none", "sub", "up", "average", "paeth", "all"])
def test_pngs(cli, tmp_path, dtype, filter):
    array = volume(dtype)
    planes = [imagecodecs.png_encode(plane, level=6, filter=filter) for plane in array]
    for plane, content in zip(array, planes, strict=True):
        np.testing.assert_array_equal(imagecodecs.png_decode(content), plane)
    source = write(tmp_path / "scan", planes, "png")
    converts(cli, source, array)
    info = cli.info(source)
    assert (info["format"], info["compression"], info["dtype"]) == ("slices", "png", dtype)


@pytest.mark.parametrize(("ending", "encode"), [("bmp", imagecodecs.bmp_encode), ("png", imagecodecs.png_encode)])
def test_colours(cli, tmp_path, ending, encode):
    """Colours are refused, or one of them is chosen."""
    array = volume("uint8", (5, 20, 31, 3))
    source = write(tmp_path / "scan", [encode(plane) for plane in array], ending)
    run = cli("convert", source)
    assert run.status == 1 and "--channel" in run.stderr
    converts(cli, source, array[..., 1], "--channel", 1)


def test_a_list_of_pngs_keeps_its_order(cli, tmp_path):
    array = volume("uint16", (4, 20, 31))
    source = write(tmp_path / "scan", [imagecodecs.png_encode(plane) for plane in array], "png")
    paths = sorted(source.iterdir(), reverse=True)
    (tmp_path / "slices.txt").write_text("".join(f"{path}\n" for path in paths))
    output = tmp_path / "out.ome.zarr"
    cli.convert(f"@{tmp_path / 'slices.txt'}", output)
    np.testing.assert_array_equal(zarr.open_array(output / "0", mode="r")[...], array[::-1])


def test_slices_are_chosen(cli, tmp_path):
    array = volume("uint8")
    source = write(tmp_path / "scan", [imagecodecs.png_encode(plane) for plane in array], "png")
    missing = source / "scan_rec00000030.png"
    missing.unlink()
    run = cli("info", source, "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, "truncated")
    assert "number 30" in run.events[-1]["message"]
    converts(cli, source, array[4:], "--slices", "31-99")
    assert cli("info", source, "--slices", "31-99", "--json").json["shape"] == [5, 37, 53]
    done = cli.convert(source, tmp_path / "all.zarr", "--slices", "scan_*.png")
    assert any("30" in warning for warning in done["warnings"])
    run = cli("convert", source, "--slices", "nothing*", "--progress", "json")
    assert (run.status, run.events[-1]["code"], run.events[-1]["field"]) == (1, "bad-option", "slices")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "corrupt", "not a PNG"),
        (b"BM" + bytes(100), "corrupt", "not a PNG"),
        (imagecodecs.png_encode(np.zeros((37, 54), np.uint8)), "mixed-pages", "37 × 54"),
        (imagecodecs.png_encode(np.ones((37, 53), np.uint8))[:-30], "corrupt", "00000027.png"),
    ],
    ids=["empty", "bitmap", "size", "cut"],
)
def test_bad_pngs(cli, tmp_path, content, code, words):
    planes = [imagecodecs.png_encode(plane) for plane in volume("uint8")]
    source = write(tmp_path / "scan", [content, *planes], "png")
    run = cli("convert", source, tmp_path / "out.zarr", "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, code), run.stderr
    assert words in run.events[-1]["message"]
    assert not (tmp_path / "out.zarr").exists()


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"\x89PNG" + bytes(100), "corrupt", "not a bitmap"),
        (bitmap(np.zeros((37, 53), np.uint8), 8, GREYS)[:-1], "truncated", "00000027.bmp"),
        (bitmap(np.zeros((37, 53), np.uint8), 8, GREYS)[:100], "truncated", "palette"),
    ],
    ids=["png", "cut", "no palette"],
)
def test_bad_bitmaps(cli, tmp_path, content, code, words):
    planes = [bitmap(plane, 8, GREYS) for plane in volume("uint8")]
    source = write(tmp_path / "scan", [content, *planes], "bmp")
    run = cli("info", source, "--progress", "json")
    assert (run.status, run.events[-1]["code"]) == (1, code), run.stderr
    assert words in run.events[-1]["message"]


def test_memory(cli, tmp_path):
    """Large PNGs, of which each is decoded whole, stay within what the plan says."""
    plane = (np.random.default_rng(1).random((2048, 2048)) * 4000).astype(np.uint16)
    content = imagecodecs.png_encode(plane, level=1)
    source = write(tmp_path / "scan", [content] * 12, "png")
    output = tmp_path / "out.ome.zarr"
    plan = cli.estimate(source, output, "-m", "400M", "-c", 64, 64, 64)
    run, peak = cli.peak_memory("convert", source, output, "-m", "400M", "-c", 64, 64, 64, "-q")
    assert run.status == 0, run.stderr
    print(f"{peak >> 20} MiB of {plan['peakMemoryBytes'] >> 20} promised, {plan['workers']} workers")
    assert peak <= plan["peakMemoryBytes"] <= 400 << 20
    np.testing.assert_array_equal(zarr.open_array(output / "0", mode="r")[11], plane)

"""Sources of every flavour, written by tifffile, and read back by it."""

import os
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import sources
import tifffile
from sources import DTYPES, Encoding
from test_axes import Set

DATA = Path(os.environ.get("MICROCT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
SHAPE = (5, 37, 53)
ORDERS = {"little-endian": "<", "big-endian": ">"}
BOTH = tuple(ORDERS)

Written = tuple[Path, np.ndarray | None]
"""A source, and its voxels as tifffile or imagecodecs reads them; None where they do not, or nobody asks."""
Writer = Callable[[Path, str], Written]
"""Writes a variant of a flavour into a folder."""


def seen(source: Path, **settings) -> np.ndarray:
    """A file as tifffile reads it, in this machine's byte order."""
    array = tifffile.imread(source, **settings)
    return array.astype(array.dtype.newbyteorder("="))


def save(folder: Path, array: np.ndarray, *, lossy: bool = False, name: str = "scan.tif", **settings) -> Written:
    """An array as a TIFF of tifffile's, which must read the same from it."""
    source = folder / name
    settings = {"photometric": "minisblack", "metadata": None} | settings
    tifffile.imwrite(source, array, **settings)
    found = seen(source).reshape(array.shape)
    if not lossy:
        np.testing.assert_array_equal(found, array)
    return source, found


def voxels(variant: str, dtype: str = "uint16", shape: tuple[int, ...] = SHAPE, compression: str = "none"):
    """A volume, and settings for tifffile, of a variant that may name a type and a byte order."""
    words = variant.split()
    dtype = next((word for word in words if word in DTYPES), dtype)
    orders = [ORDERS[word] for word in words if word in ORDERS]
    settings = {"byteorder": orders[0]} if orders else {}
    depth = int(np.prod(shape[:-2]))
    return sources.volume((depth, *shape[-2:]), Encoding(dtype, compression=compression)).reshape(shape), settings


def scan(dtype: str = "uint16", shape: tuple[int, ...] = SHAPE, **settings) -> Writer:
    """A TIFF of these settings."""
    compression = settings.get("compression", "none")
    kind = compression if compression in ("jpeg", "lerc") else "none"

    def write(folder: Path, variant: str) -> Written:
        array, more = voxels(variant, dtype, shape, kind)
        return save(folder, array, lossy=kind == "jpeg", **(settings | more))

    return write


def patched(write: Writer, **tags: object) -> Writer:
    """The same with other values of tags, in every page."""

    def change(folder: Path, variant: str) -> Written:
        source, _ = write(folder, variant)
        with tifffile.TiffFile(source, mode="r+b") as file:
            for page in file.pages:
                for name, value in tags.items():
                    page.tags[name].overwrite(value(page.tags[name].value) if callable(value) else value)
        return source, None

    return change


def retagged(write: Writer, numbers: dict[int, int]) -> Writer:
    """The same with tags under other numbers, in every page."""

    def change(folder: Path, variant: str) -> Written:
        source, array = write(folder, variant)
        with tifffile.TiffFile(source, mode="r+b") as file:
            for page in file.pages:
                for code, other in numbers.items():
                    file.filehandle.seek(page.tags[code].offset)
                    file.filehandle.write(other.to_bytes(2, {"<": "little", ">": "big"}[file.byteorder]))
        np.testing.assert_array_equal(seen(source), array)
        return source, array

    return change


def oriented(write: Writer, number: int) -> Writer:
    """The same with an Orientation tag, for which one that is not needed makes room."""

    def change(folder: Path, variant: str) -> Written:
        source, array = write(folder, variant)
        with tifffile.TiffFile(source, mode="r+b") as file:
            for page in file.pages:
                tag = page.tags["ResolutionUnit"]
                tag.overwrite(number)
                file.filehandle.seek(tag.offset)
                file.filehandle.write((274).to_bytes(2, "little"))
        return source, array

    return change


def packed(folder: Path, variant: str) -> Written:
    """Unsigned integers of some bits, the highest bit first, each row from a whole byte on."""
    bits = int(variant)
    array = np.random.default_rng(bits).integers(0, 2**bits, SHAPE, np.uint32 if bits > 16 else np.uint16)
    places = np.arange(bits)[::-1]
    rows = np.packbits((array[..., None] >> places & 1).astype(np.uint8).reshape(*SHAPE[:2], -1), axis=-1)
    change = patched(lambda *_: save(folder, rows), ImageWidth=SHAPE[-1], BitsPerSample=bits)
    source, _ = change(folder, variant)
    found = seen(source).reshape(SHAPE)
    np.testing.assert_array_equal(found, array)
    return source, found


def sparse(nodata: str | None = None, **settings) -> Writer:
    """Every second strip or tile is not in the file, as GDAL leaves out those without a value."""
    tags = [] if nodata is None else [(42113, "s", len(nodata), nodata, False)]

    def write(folder: Path, variant: str) -> Written:
        source, whole = scan(shape=(4, 40, 64), extratags=tags, **settings)(folder, variant)
        with tifffile.TiffFile(source, mode="r+b") as file:
            for page in file.pages:
                for code in (273, 279) if "rowsperstrip" in settings else (324, 325):
                    tag = page.tags[code]
                    tag.overwrite([value if n % 2 else 0 for n, value in enumerate(tag.value)])
        found = seen(source)
        assert not np.array_equal(found, whole)
        return source, found

    return write


def old_lzw(data: bytes) -> bytes:
    """LZW as it was before TIFF 6.0: codes with their lowest bit first, as wide as they must be."""
    codes: dict[bytes, int] = {}
    width, held, bits, out = 9, 0, 0, bytearray()

    def put(code: int) -> None:
        nonlocal held, bits
        bits |= code << held
        held += width
        while held >= 8:
            out.append(bits & 255)
            bits >>= 8
            held -= 8

    def clear() -> None:
        nonlocal codes, width
        put(256)
        codes = {bytes([n]): n for n in range(256)}
        width = 9

    clear()
    last, free = b"", 258
    for byte in data:
        longer = last + bytes([byte])
        if longer in codes:
            last = longer
            continue
        put(codes[last])
        codes[longer] = free
        free += 1
        # The reader knows a code one step later than the writer.
        if free - 1 > 2**width - 1 and width < 12:
            width += 1
        if free > 4090:
            clear()
            free = 258
        last = bytes([byte])
    put(codes[last])
    put(257)
    out.append(bits & 255)
    return bytes(out)


def compressed_by(
    encode: Callable[[bytes], bytes], compression: str | int, dtype: str = "uint16", **settings
) -> Writer:
    """Strips of eight rows that tifffile does not know how to write, but reads."""

    def write(folder: Path, variant: str) -> Written:
        array, more = voxels(variant, dtype, (3, 200, 96))
        stored = array.astype(array.dtype.newbyteorder(more.get("byteorder", "<")))
        strips = (encode(plane[y : y + 100].tobytes()) for plane in stored for y in range(0, 200, 100))
        source = folder / "scan.tif"
        more |= {"photometric": "minisblack", "metadata": None, "rowsperstrip": 100} | settings
        tifffile.imwrite(source, strips, shape=array.shape, dtype=array.dtype, compression=compression, **more)
        found = seen(source)
        np.testing.assert_array_equal(found, array)
        return source, found

    return write


def typed(folder: Path, variant: str) -> Written:
    """Tags in field types that other writers use for them."""
    kinds = {"SBYTE": 6, "SSHORT": 8, "SLONG": 9, "LONG": 4}
    source, array = save(folder, voxels("", "uint8", (5, 37, 53))[0])
    with tifffile.TiffFile(source, mode="r+b") as file:
        for page in file.pages:
            for name in ("ImageWidth", "ImageLength", "BitsPerSample", "SamplesPerPixel", "PhotometricInterpretation"):
                page.tags[name].overwrite(page.tags[name].value, dtype=kinds[variant])
    np.testing.assert_array_equal(seen(source), array)
    return source, array


def whole_numbers(folder: Path, dtype: str) -> Written:
    return save(folder, (voxels("", "uint8")[0].astype(dtype) - 100))


def reversed_bits(folder: Path, _: str) -> Written:
    """FillOrder 2: the lowest bit of each byte first."""
    array = voxels("", "uint8")[0]
    turned = np.packbits(np.unpackbits(array).reshape(-1, 8)[:, ::-1]).reshape(array.shape)
    source, _ = save(folder, turned)
    with tifffile.TiffFile(source, mode="r+b") as file:
        for page in file.pages:
            # tifffile writes no such tag; one that is not needed makes room.
            tag = page.tags["ResolutionUnit"]
            tag.overwrite(2)
            file.filehandle.seek(tag.offset)
            file.filehandle.write((266).to_bytes(2, "little"))
    found = seen(source)
    np.testing.assert_array_equal(found, array)
    return source, found


def scattered(folder: Path, _: str) -> Written:
    """Strips of three rows, in the file from the last to the first."""
    source, array = save(folder, voxels("")[0], rowsperstrip=3)
    with tifffile.TiffFile(source, mode="r+b") as file:
        for page in file.pages:
            offsets, counts = page.dataoffsets, page.databytecounts
            places = zip(offsets, counts, strict=True)
            strips = [file.filehandle.read_array(np.uint8, count, offset) for offset, count in places]
            places, at = [0] * len(strips), offsets[0]
            for number in reversed(range(len(strips))):
                places[number] = at
                file.filehandle.seek(at)
                file.filehandle.write(strips[number].tobytes())
                at += counts[number]
            page.tags["StripOffsets"].overwrite(places)
    np.testing.assert_array_equal(seen(source), array)
    return source, array


def imagej(axes: str, shape: tuple[int, ...], properties: dict | None = None, **settings) -> Writer:
    """An ImageJ (hyper)stack; what it holds in the order of the pyramid's axes."""
    metadata = {"axes": axes, **(properties or {})}

    def write(folder: Path, variant: str) -> Written:
        array, more = voxels(variant, shape=shape)
        source, found = save(folder, array, imagej=True, metadata=metadata, **(settings | more))
        return source, ordered(found, axes)

    return write


def described(axes: str, shape: tuple[int, ...]) -> Writer:
    """tifffile's own, which names its axes in JSON; what it holds in the order of the pyramid's axes."""

    def write(folder: Path, variant: str) -> Written:
        source, found = save(folder, voxels(variant, shape=shape)[0], metadata={"axes": axes})
        with tifffile.TiffFile(source) as file:
            assert file.series[0].axes == axes
        return source, ordered(found, axes)

    return write


def scifio(folder: Path, _: str) -> Written:
    """As ImageJ2 and KNIME write it: the fastest axis first."""
    lines = ["SCIFIO=0.42.0", "axes=X,Y,Channel,Z", "lengths=53,37,3,5", "scales=0.5,0.5,1.0,2.0"]
    lines += [r"units=\u00B5m,\u00B5m,null,\u00B5m", "images=15", "channels=3", "slices=5", "hyperstack=true", ""]
    array = voxels("", shape=(5, 3, 37, 53))[0]
    source, found = save(folder, array, description="\n".join(lines), metadata=None)
    return source, ordered(found, "ZCYX")


def ordered(array: np.ndarray, axes: str) -> np.ndarray:
    """From the axes of a file to those of a pyramid."""
    return array.transpose([axes.index(axis) for axis in "TCZYX" if axis in axes])


def beyond_4_gb(folder: Path, _: str) -> Written:
    """17 planes of 256 MB of which almost all is a hole; the part that is converted is in the last."""
    source = folder / "scan.tif"
    assert 17 * 16000 * 16000 > 2**32
    tifffile.imwrite(
        source, shape=(17, 16000, 16000), dtype=np.uint8, imagej=True, byteorder=">", metadata={"axes": "ZYX"}
    )
    part = voxels("uint8", shape=(1, 40, 60))[0]
    view = tifffile.memmap(source)
    view[16:, 15960:, 15940:] = part
    view.flush()
    assert len(tifffile.TiffFile(source).pages) == 1
    return source, part


def wrong_lengths(folder: Path, _: str) -> Written:
    """Five images, of which four are said to be channels."""
    source = folder / "scan.tif"
    description = "ImageJ=1.54f\nimages=5\nchannels=4\nhyperstack=true\n"
    settings = {"photometric": "minisblack", "metadata": None}
    tifffile.imwrite(source, voxels("")[0], description=description, **settings)
    return source, np.stack([page.asarray() for page in tifffile.TiffFile(source).pages])


def other_order(folder: Path, order: str) -> Written:
    """Channels and slices in another order than ImageJ's, the fastest first; Micro-Manager writes `zct`."""
    axes = order.upper()[::-1] + "YX"
    lengths = {"T": 2, "C": 2, "Z": 3, "Y": 37, "X": 53}
    array = voxels("", shape=tuple(lengths[axis] for axis in axes))[0]
    description = f"ImageJ=1.53\nimages=12\nchannels=2\nslices=3\nframes=2\nhyperstack=true\norder={order}\n"
    source = folder / "scan.tif"
    settings = {"photometric": "minisblack", "metadata": None}
    tifffile.imwrite(source, array.reshape(-1, 37, 53), description=description, **settings)
    with tifffile.TiffFile(source) as file:
        assert file.series[0].axes == axes
    return source, ordered(seen(source), axes)


def ome(folder: Path, order: str) -> Written:
    """Planes in one of the orders that OME-XML has."""
    axes = order.removeprefix("XY")[::-1] + "YX"
    lengths = {"T": 2, "C": 2, "Z": 3, "Y": 37, "X": 53}
    array = voxels("", shape=tuple(lengths[axis] for axis in axes))[0]
    source, found = save(folder, array, name="scan.ome.tif", ome=True, metadata={"axes": axes})
    assert f'DimensionOrder="{order}"' in tifffile.tiffcomment(source)
    return source, ordered(found, axes)


def ome_set(companion: bool = False, lost: str | None = None) -> Writer:
    """A file for each channel and time point, its slices backwards."""

    def write(folder: Path, _: str) -> Written:
        made = Set(folder, (2, 2, 3, 18, 20))
        for t, c in np.ndindex(2, 2):
            made.add(f"t{t}c{c}.ome.tif", [(t, c, z) for z in reversed(range(3))])
        if companion:
            empty = '<?xml version="1.0"?><OME><BinaryOnly MetadataFile="a.companion.ome" UUID="urn:uuid:0"/></OME>'
            made.write(lambda name: empty)
            (folder / "a.companion.ome").write_text(made.xml(None), "utf-8")
        else:
            made.write()
        if lost:
            (folder / lost).unlink()
        return folder / "t0c0.ome.tif", made.array

    return write


def ome_pyramid(folder: Path, _: str) -> Written:
    array = voxels("", shape=(3, 64, 96))[0]
    source = folder / "scan.ome.tif"
    with tifffile.TiffWriter(source, ome=True) as file:
        file.write(array, subifds=2, tile=(16, 32), metadata={"axes": "ZYX"})
        for step in (2, 4):
            file.write(array[:, ::step, ::step], subfiletype=1, tile=(16, 32))
    return source, seen(source)


def with_smaller_copies(folder: Path, _: str) -> Written:
    """Each page followed by a smaller one that says it is one."""
    array = voxels("")[0]
    source = folder / "scan.tif"
    with tifffile.TiffWriter(source) as file:
        for plane in array:
            file.write(plane, metadata=None, photometric="minisblack")
            file.write(plane[::2, ::2], metadata=None, photometric="minisblack", subfiletype=1)
    return source, np.stack([page.asarray() for page in tifffile.TiffFile(source).pages[::2]])


def two_images(folder: Path, _: str) -> Written:
    source = folder / "scan.ome.tif"
    with tifffile.TiffWriter(source, ome=True) as file:
        for name in ("overview", "detail"):
            file.write(voxels("")[0], metadata={"axes": "ZYX", "Name": name})
    return source, None


def metamorph(folder: Path, _: str) -> Written:
    """One page whose UIC2Tag has a value for each of the planes that follow it."""
    array = voxels("")[0]
    planes = len(array)
    tag = (33629, 5, planes, tuple(n for z in range(planes) for n in (z, 1)), True)
    source, _ = save(folder, array[0], extratags=[tag], name="scan.tif")
    with source.open("ab") as file:
        file.write(array[1:].tobytes())
    with tifffile.TiffFile(source) as file:
        start = file.pages.first.dataoffsets[0]
    assert start + array.nbytes == source.stat().st_size
    return source, np.memmap(source, np.uint16, "r", start, array.shape)


def as_they_are(folder: Path, dtype: str) -> Written:
    return save(folder, np.zeros((2, 20, 30), dtype))


def pages(*planes: np.ndarray, **settings) -> Writer:
    """Pages one by one."""

    def write(folder: Path, _: str) -> Written:
        source = folder / "scan.tif"
        with tifffile.TiffWriter(source) as file:
            for plane in planes:
                file.write(plane, metadata=None, **({"photometric": "minisblack"} | settings))
        return source, None

    return write


WAYS = [
    {},
    {"byteorder": ">", "rowsperstrip": 5},
    {"compression": "adobe_deflate", "predictor": True},
    {"compression": "lzw", "rowsperstrip": 7, "byteorder": ">"},
    {"tile": (16, 32)},
    {"tile": (32, 16), "compression": "zstd", "predictor": True, "byteorder": ">"},
    {"bigtiff": True, "compression": "packbits"},
    {"tile": (48, 64), "byteorder": ">"},
]
"""How slices of one volume were saved, by several programs."""


def stored_differently(folder: Path, variant: str) -> Written:
    """Each slice in another way; `pages`: all in one file, whose byte order is one."""
    words = variant.split()
    array = voxels(words[0], shape=(2 * len(WAYS), 37, 53))[0]
    settings = [{"photometric": "minisblack", "metadata": None} | way for way in WAYS + WAYS[::-1]]
    if "pages" in words:
        with tifffile.TiffWriter(folder / "scan.tif", byteorder=">", bigtiff=True) as file:
            for plane, way in zip(array, settings, strict=True):
                file.write(
                    plane, **{name: value for name, value in way.items() if name not in ("byteorder", "bigtiff")}
                )
        with tifffile.TiffFile(folder / "scan.tif") as file:
            return folder / "scan.tif", np.stack([page.asarray() for page in file.pages])
    source = folder / "rec"
    source.mkdir()
    for z, (plane, way) in enumerate(zip(array, settings, strict=True)):
        tifffile.imwrite(source / f"rec_{z:04}.tif", plane, **way)
    return source, np.stack([seen(path) for path in sorted(source.iterdir())])


def colours(samples: int, *, dtype: str = "uint8", planar: bool = False, **settings) -> Writer:
    """Pixels of several samples, as (Z, Y, X, sample)."""

    def write(folder: Path, variant: str) -> Written:
        kind = "jpeg" if settings.get("compression") == "jpeg" else "none"
        array, more = voxels(variant, dtype, (samples, *SHAPE), kind)
        stored = np.moveaxis(array, 0, 1 if planar else -1)
        order = {"planarconfig": "separate" if planar else "contig"}
        source, found = save(folder, np.ascontiguousarray(stored), lossy=kind == "jpeg", **order, **(settings | more))
        return source, np.moveaxis(found, 1, -1) if planar else found

    return write


def sample(number: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: pixels[..., number]


def samples(*numbers: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: np.stack([pixels[..., number] for number in numbers])


def palette(*tables: np.ndarray) -> Writer:
    """8-bit indices into a palette: one table for all three colours, or one for each."""
    colormap = np.stack(tables if len(tables) == 3 else [*tables] * 3).astype(np.uint16)
    return scan("uint8", photometric="palette", colormap=colormap)


RAMP = np.arange(256) * 257
CURVE = np.arange(256) ** 2 // 255 * 257


def slices(
    encode: Callable[[Path, np.ndarray], None], ending: str, dtype: str = "uint16", *, colours: bool = False
) -> Writer:
    """A folder of slices `rec_8` to `rec_12`, other files among them."""

    def write(folder: Path, _: str) -> Written:
        array = voxels("", dtype, (3, *SHAPE) if colours else SHAPE)[0]
        if colours:
            array = np.ascontiguousarray(np.moveaxis(array, 0, -1))
        source = folder / "slices"
        source.mkdir()
        for number, plane in enumerate(array, 8):
            encode(source / f"rec_{number}.{ending}", plane)
        (source / "notes.txt").write_text("kV 80")
        (source / f".rec_9.{ending}").write_text("left by a file system")
        return source, array

    return write


def two_runs(folder: Path, _: str) -> Written:
    array = voxels("")[0]
    for run, planes in enumerate((array, array[::-1])):
        for number, plane in enumerate(planes):
            as_tiff(folder / f"t{run}_z{number}.tif", plane)
    return folder, array


def names_only(folder: Path, _: str) -> Written:
    array = voxels("")[0]
    for name, plane in zip(("ant", "bee", "cow", "dog", "elk"), array, strict=True):
        as_tiff(folder / f"{name}.tif", plane)
    return folder, array


def listed(folder: Path, _: str) -> Written:
    """A file that names slices, from the last to the first."""
    array = voxels("")[0]
    paths = [folder / f"{number}.tif" for number in range(len(array))]
    for path, plane in zip(paths, array, strict=True):
        as_tiff(path, plane)
    names = folder / "slices.txt"
    names.write_text("".join(f"{path}\n" for path in reversed(paths)))
    return Path(f"@{names}"), array[::-1]


def as_tiff(path: Path, plane: np.ndarray) -> None:
    tifffile.imwrite(path, plane, photometric="minisblack", metadata=None)


def as_png(path: Path, plane: np.ndarray) -> None:
    path.write_bytes(imagecodecs.png_encode(plane))
    np.testing.assert_array_equal(imagecodecs.png_decode(path.read_bytes()), plane)


def as_bmp(path: Path, plane: np.ndarray) -> None:
    path.write_bytes(imagecodecs.bmp_encode(plane))
    np.testing.assert_array_equal(imagecodecs.bmp_decode(path.read_bytes()), plane)


def one_png(folder: Path, _: str) -> Written:
    plane = voxels("")[0][0]
    as_png(folder / "scan.png", plane)
    return folder / "scan.png", plane[None]


def amended(write: Writer, change: Callable[[Path], object], keep: slice = slice(None)) -> Writer:
    """A source that something is done to, which keeps some of its slices."""

    def amend(folder: Path, variant: str) -> Written:
        source, array = write(folder, variant)
        change(source)
        return source, None if array is None else array[keep]

    return amend


def cut(source: Path) -> None:
    os.truncate(source, source.stat().st_size * 2 // 3)


def content(data: bytes) -> Writer:
    def write(folder: Path, _: str) -> Written:
        (folder / "scan.tif").write_bytes(data)
        return folder / "scan.tif", None

    return write


def circle(folder: Path, variant: str) -> Written:
    """The last page says that the first one follows it."""
    source, _ = scan()(folder, variant)
    with tifffile.TiffFile(source) as file:
        first, last = file.pages[0], file.pages[-1]
        at = last.offset + 2 + 12 * int.from_bytes(source.read_bytes()[last.offset : last.offset + 2], "little")
    data = bytearray(source.read_bytes())
    data[at : at + 4] = first.offset.to_bytes(4, "little")
    source.write_bytes(data)
    return source, None


def real(name: str) -> Writer:
    def find(_folder: Path, _variant: str) -> Written:
        source = DATA / name
        if source.is_dir():
            return source, np.stack([seen(path) for path in sorted(source.iterdir())])
        with tifffile.TiffFile(source) as file:
            [series] = file.series
            array = series.asarray()
            axes = series.axes
        array = array.astype(array.dtype.newbyteorder("="))
        return source, array[None] if array.ndim == 2 else ordered(array, axes)

    return find

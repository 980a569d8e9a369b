"""Every flavour of source that is known, and what must come of it.

test_flavours.py goes through this list, and docs/flavours.md is made of it: run this file to write it anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from flavour_writers import (
    BOTH,
    CURVE,
    RAMP,
    SHAPE,
    Writer,
    Written,
    amended,
    as_bmp,
    as_png,
    as_they_are,
    as_tiff,
    beyond_4_gb,
    circle,
    colours,
    compressed_by,
    content,
    cut,
    described,
    imagej,
    listed,
    metamorph,
    names_only,
    old_lzw,
    ome,
    ome_pyramid,
    ome_set,
    one_png,
    oriented,
    other_order,
    packed,
    pages,
    palette,
    patched,
    real,
    retagged,
    reversed_bits,
    sample,
    samples,
    save,
    scan,
    scattered,
    scifio,
    seen,
    slices,
    sparse,
    stored_differently,
    two_images,
    two_runs,
    typed,
    voxels,
    whole_numbers,
    with_smaller_copies,
    wrong_lengths,
)
from sources import DTYPES

PAGE = Path(__file__).parents[2] / "docs" / "flavours.md"
SAME = "same type"


@dataclass(frozen=True)
class Flavour:
    """One row of the table: either read as `dtype` along `axes`, or refused with `code`."""

    name: str
    write: Writer
    variants: tuple[str, ...] = ("",)
    """Each is written and converted."""
    options: tuple[object, ...] = ()
    dtype: str = SAME
    axes: str = "zyx"
    meaning: Callable[[np.ndarray], np.ndarray] = lambda voxels: voxels
    """From what tifffile reads to what must be in the OME-Zarr."""
    warns: tuple[str, ...] = ()
    """Words of the warnings, one each, in their order."""
    tolerance: int = 0
    code: str | None = None
    says: str | None = None
    """Words of the refusal; `{}` stands for the variant."""


def flat(written: Written) -> Written:
    """All pages as the slices of one volume."""
    source, array = written
    return source, array.reshape(-1, *array.shape[-2:])


def to_float32(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


AS_FLOAT64 = {
    "options": ("-d", "float64"),
    "dtype": "float64",
    "meaning": lambda array: array.astype(np.float64),
    "warns": ("Neuroglancer cannot show float64",),
}


def containers() -> Iterator[Flavour]:
    yield Flavour("TIFF, a page for each slice", scan(), BOTH)
    yield Flavour("BigTIFF, a page for each slice", scan(bigtiff=True), BOTH)
    yield Flavour("TIFF of 20,000 pages", scan("uint8", (20000, 3, 5)))
    yield Flavour("BigTIFF of 20,000 pages", scan("uint8", (20000, 3, 5), bigtiff=True))
    yield Flavour("a single image", scan(shape=(1, 37, 53)))
    yield Flavour("tifffile's: pages, the first with the shape", scan(metadata={}))
    yield Flavour("tifffile's: one directory, the planes after it", scan(metadata={}, truncate=True))
    yield Flavour("pages with smaller copies (NewSubfileType 1) between them", with_smaller_copies)
    yield Flavour(
        "ImageJ stack", imagej("ZYX", SHAPE), ("uint8 big-endian", "uint16 little-endian", "float32 big-endian")
    )
    single = imagej("ZYX", SHAPE, truncate=True)
    yield Flavour("ImageJ stack with one directory, the planes after it", single, BOTH)
    yield Flavour(
        "ImageJ stack beyond 4 GB, its last plane",
        beyond_4_gb,
        options=("--roi", 16, 17, 15960, 16000, 15940, 16000),
        dtype="uint8",
    )
    yield Flavour(
        "ImageJ signed 16-bit, stored with 32,768 added",
        imagej("ZYX", SHAPE, {"cf": 0, "c0": -32768, "c1": 1, "vunit": "Gray Value"}),
        dtype="int16",
        meaning=lambda stored: (stored.astype(np.int32) - 32768).astype(np.int16),
    )
    hyper = (2, 3, 2, 37, 53)
    yield Flavour("ImageJ hyperstack of channels and time points", imagej("TZCYX", hyper), BOTH, axes="tczyx")
    yield Flavour("ImageJ hyperstack of channels", imagej("ZCYX", hyper[1:]), axes="czyx")
    yield Flavour("ImageJ hyperstack of time points", imagej("TZYX", (2, *hyper[1:2], 37, 53)), axes="tzyx")
    yield Flavour("ImageJ hyperstack with one directory", imagej("TZCYX", hyper, truncate=True), BOTH, axes="tczyx")
    orders = ("zct", "ztc", "ctz", "tcz", "tzc")
    yield Flavour(
        "ImageJ hyperstack in the order that it says (Micro-Manager's is zct):", other_order, orders, axes="tczyx"
    )
    yield Flavour(
        "ImageJ hyperstack, chosen channels",
        imagej("TZCYX", hyper),
        options=("--channel", "1"),
        axes="tzyx",
        meaning=lambda array: array[:, 1],
    )
    yield Flavour(
        "ImageJ's slices taken for channels",
        imagej("CYX", SHAPE),
        axes="czyx",
        meaning=lambda array: array.reshape(5, 1, 37, 53),
        warns=("it has 5 channels and only one slice, and is read so",),
    )
    yield Flavour(
        "ImageJ's slices taken for channels",
        imagej("CYX", SHAPE),
        options=("--z-axis", "c"),
    )
    yield Flavour("tifffile's, with the axes TZYX", described("TZYX", hyper[1:]), axes="tzyx")
    yield Flavour("tifffile's, with the axes ZCYX", described("ZCYX", hyper[1:]), axes="czyx")
    yield Flavour(
        "tifffile's, with four axes and no names",
        lambda folder, variant: flat(scan(shape=hyper[1:], metadata={})(folder, variant)),
        warns=("not what these axes are: all 6 pages are read as slices",),
    )
    yield Flavour("SCIFIO's (ImageJ2, KNIME), with the axes X,Y,Channel,Z", scifio, axes="czyx")
    yield Flavour(
        "ImageJ hyperstack whose lengths do not give its number of images",
        wrong_lengths,
        warns=("which are not 5 images: all pages are read as slices, as ImageJ does",),
    )
    yield Flavour(
        "ImageJ stack that promises more planes than there are",
        amended(single, cut),
        code="truncated",
        says="its 5 pages need 19946 bytes, but the file has 13297",
    )
    ome_stack = scan(name="scan.ome.tif", ome=True, metadata={"axes": "ZYX"})
    yield Flavour("OME-TIFF", ome_stack, BOTH)
    yield Flavour("OME-TIFF in BigTIFF", scan(name="scan.ome.tif", ome=True, bigtiff=True, metadata={"axes": "ZYX"}))
    orders = ("XYZCT", "XYZTC", "XYCZT", "XYCTZ", "XYTCZ", "XYTZC")
    yield Flavour("OME-TIFF of channels and time points, DimensionOrder", ome, orders, axes="tczyx")
    yield Flavour("OME-TIFF of several files", ome_set(), axes="tczyx")
    yield Flavour("OME-TIFF of several files with a companion file", ome_set(companion=True), axes="tczyx")
    yield Flavour("OME-TIFF pyramid (smaller levels in SubIFDs)", ome_pyramid)
    lost = ome_set(lost="t1c0.ome.tif")
    yield Flavour(
        "OME-TIFF of several files, one of them lost",
        lost,
        code="not-found",
        says="t1c0.ome.tif: there is no such file",
    )
    yield Flavour(
        "OME-TIFF of several images", two_images, code="unsupported", says="--image 0 (0 overview (T 1, C 1, Z 5)"
    )
    yield Flavour("MetaMorph stack (UIC2Tag), one page and the planes after it", metamorph)
    volume = scan(tile=(16, 16, 32), shape=(1, 5, 37, 53), volumetric=True)
    yield Flavour(
        "pages that are volumes (ImageDepth)",
        volume,
        code="unsupported",
        says="a page of it is a volume of 5 slices (ImageDepth)",
    )


def damaged() -> Iterator[Flavour]:
    yield Flavour(
        "a text file called .tif",
        content(b"kV 80\n" * 20),
        code="not-tiff",
        says="not a TIFF: it starts with the bytes",
    )
    yield Flavour("an empty file", content(b""), code="not-tiff", says="not a TIFF: it is empty")
    yield Flavour("a TIFF without pages", content(b"II*\0\0\0\0\0"), code="no-pages", says="a TIFF without a page")
    yield Flavour("cut off", amended(scan(), cut), code="truncated", says="but the file has 13654 bytes")
    yield Flavour("pages that go in a circle", circle, code="corrupt", says="its list of pages runs in a circle")
    grey = np.zeros((20, 30), np.uint8)
    yield Flavour(
        "pages of several sizes",
        pages(grey, grey[1:]),
        code="mixed-pages",
        says="page 2 is 19 × 30 uint8, but page 1 is 20 × 30 uint8",
    )
    yield Flavour(
        "pages of several types",
        pages(grey, grey.astype(np.uint16)),
        code="mixed-pages",
        says="page 2 is 20 × 30 uint16, but page 1 is 20 × 30 uint8",
    )
    thumbnails = pages(grey, grey, subfiletype=1)
    yield Flavour(
        "only thumbnails (NewSubfileType 1)", thumbnails, code="no-pages", says="its pages are all thumbnails or masks"
    )


def segments() -> Iterator[Flavour]:
    yield Flavour("one strip a page", scan(rowsperstrip=37))
    yield Flavour("strips of several rows", scan(rowsperstrip=8), BOTH)
    yield Flavour("a strip a row", scan(rowsperstrip=1))
    yield Flavour("strips in any order in the file", scattered)
    hidden = patched(scan(rowsperstrip=8), StripByteCounts=0)
    yield Flavour(
        "strips whose sizes are not told",
        lambda folder, _: (hidden(folder, "")[0], voxels("")[0]),
    )
    one = patched(scan(rowsperstrip=8), StripByteCounts=lambda counts: (*counts[:2], 0, *counts[3:]))
    yield Flavour("a strip whose size alone is not told", one, code="truncated", says="strip 3 of page 1 has no data")
    yield Flavour("strips of zstd", scan(rowsperstrip=8, compression="zstd"))
    yield Flavour("tiles", scan(tile=(16, 32)), BOTH)
    yield Flavour("tiles larger than the page", scan(tile=(64, 64)))
    yield Flavour("tiles of deflate", scan(tile=(16, 32), compression="deflate"), BOTH)
    yield Flavour(
        "tiles whose places stand in the tags of strips (273 and 279), as in libtiff's samples",
        retagged(scan(tile=(16, 32)), {324: 273, 325: 279}),
        BOTH,
    )
    mixed = "of several byte orders, compressions, predictors, strips and tiles"
    yield Flavour(f"slices {mixed}", stored_differently, ("uint8", "uint16", "float32"))
    mixed = mixed.replace("byte orders, ", "")
    yield Flavour(f"pages {mixed}", stored_differently, ("uint16 pages", "float32 pages"))
    for kind, settings in (("strips", {"rowsperstrip": 8}), ("tiles", {"tile": (16, 32)})):
        absent = "are not in the file, as GDAL leaves out those without a value: their pixels are read as 0"
        yield Flavour(f"GDAL's sparse {kind}", sparse(**settings), BOTH, warns=(absent,))
        packed_ones = sparse(compression="deflate", **settings)
        yield Flavour(f"GDAL's sparse {kind} of deflate", packed_ones, BOTH, warns=(absent,))
        yield Flavour(
            f"GDAL's sparse {kind}, with GDAL_NODATA 77",
            sparse("77", **settings),
            warns=("their pixels are read as 77, as its GDAL_NODATA says",),
        )


def voxel_types() -> Iterator[Flavour]:
    def bits(folder: Path, _: str) -> Written:
        array = voxels("", "uint8")[0] > 60
        source, found = save(folder, array)
        return source, found.astype(np.uint8)

    yield Flavour("1 bit", bits, dtype="uint8")
    yield Flavour("unsigned integers of few bits:", packed, ("2", "4", "6", "7"), dtype="uint8")
    yield Flavour("unsigned integers of more bits:", packed, ("9", "10", "12", "14"), dtype="uint16")
    yield Flavour("bits in reverse (FillOrder 2), uint8", reversed_bits, dtype="uint8")
    for dtype in DTYPES:
        orders = ("",) if dtype.endswith("int8") else BOTH
        if dtype == "float16":
            yield Flavour(dtype, scan(dtype), orders, dtype="float32", meaning=to_float32)
        elif dtype == "float64":
            said = ("written as float32, to seven digits", "greater than float32 can hold")
            yield Flavour(dtype, scan(dtype), orders, dtype="float32", meaning=to_float32, warns=said)
            yield Flavour(dtype, scan(dtype), orders, **AS_FLOAT64)
        elif dtype == "int64":
            yield Flavour(dtype, scan(dtype), orders, dtype=dtype, warns=("Neuroglancer cannot show int64",))
        else:
            yield Flavour(dtype, scan(dtype), orders, dtype=dtype)
    said = "its voxels are complex numbers (sample format 6)"
    kinds = ("complex64", "complex128")
    yield Flavour("complex numbers:", as_they_are, kinds, code="unsupported", says=said)
    yield Flavour("unsigned integers of 17 to 31 bits:", packed, ("17", "18", "20", "31"), dtype="uint32")
    yield Flavour(
        "unsigned integers of 24 bits",
        lambda folder, _: packed(folder, "24"),
        dtype="uint32",
        warns=("Its 24-bit numbers are read with the highest byte first",),
    )
    yield Flavour(
        "48-bit integers",
        patched(scan("uint64"), BitsPerSample=48),
        code="unsupported",
        says="its voxels are 48-bit uint, where integers of 1 to 32 or 64 bits",
    )
    turned = scan(tile=(16, 32), compression="deflate", shape=(2, 45, 53))
    kept = "Its Orientation tag is {} ("
    for number, flips in ((2, (2,)), (3, (1, 2)), (4, (1,))):
        yield Flavour(f"Orientation {number}", oriented(turned, number), warns=(kept.format(number),))
        yield Flavour(
            f"Orientation {number}",
            oriented(turned, number),
            options=("--orientation", "apply"),
            meaning=lambda array, flips=flips: np.flip(array, flips),
        )
    yield Flavour("Orientation 6", oriented(turned, 6), warns=(kept.format(6),))
    yield Flavour(
        "Orientation 6",
        oriented(turned, 6),
        options=("--orientation", "apply"),
        code="unsupported",
        says="its Orientation is 6 (rows and columns exchanged",
    )
    labels = {"options": ("--labels",), "dtype": "int32", "meaning": lambda array: array.astype(np.int32)}
    yield Flavour("labels, whole numbers in", whole_numbers, ("float16", "float32", "float64"), **labels)
    said = "and labels are whole numbers from -2,147,483,648 to 2,147,483,647"
    yield Flavour(
        "labels in float32, fractions among them", scan("float32"), options=("--labels",), code="bad-option", says=said
    )
    yield Flavour("tags of field types", typed, ("SBYTE", "SSHORT", "SLONG", "LONG"), dtype="uint8")


OTHERS = {"LZMA": "lzma", "JPEG 2000": "jpeg2000", "JPEG XL": "jpegxl", "PNG": "png"}
OTHERS |= {"CCITT RLE": 2, "CCITT fax 3": 3, "CCITT fax 4": 4, "old-style JPEG": 6}


def compressed(title: str, name: str, *predictors: int) -> Iterator[Flavour]:
    """A row for each predictor; types and byte orders as variants."""
    kinds = {1: ("uint8 little-endian", "int16 big-endian", "float32 big-endian")}
    kinds[2] = ("uint8 little-endian", "uint16 big-endian", "int32 little-endian", "uint64 big-endian")
    kinds[3] = ("float32 little-endian", "float32 big-endian")
    names = {1: "", 2: ", predictor 2 (horizontal)", 3: ", predictor 3 (floating point)"}
    for predictor in predictors:
        settings = {} if predictor == 1 else {"predictor": predictor}
        write = scan(compression=name, rowsperstrip=8, **settings)
        yield Flavour(title + names[predictor], write, kinds[predictor])
        if predictor == 3:
            other = ("float16 little-endian", "float16 big-endian", "float64 little-endian", "float64 big-endian")
            yield Flavour(title + names[predictor], write, other, **AS_FLOAT64)


def compressions() -> Iterator[Flavour]:
    for title, name, predictors in (
        ("none", "none", (1,)),
        ("LZW", "lzw", (1, 2, 3)),
        ("deflate", "adobe_deflate", (1, 2, 3)),
        ("deflate (old number 32946)", "deflate", (1, 2)),
        ("PackBits", "packbits", (1,)),
        ("zstd", "zstd", (1, 2, 3)),
    ):
        yield from compressed(title, name, *predictors)
    old = patched(scan(compression="zstd"), Compression=34926)
    yield Flavour("zstd (old number 34926)", lambda folder, _: (old(folder, "")[0], seen(folder / "scan.tif")))
    yield Flavour("LZW as before TIFF 6.0, the lowest bit first", compressed_by(old_lzw, "lzw"), BOTH)
    jpeg = scan("uint8", compression="jpeg", tile=(16, 32))
    yield Flavour("JPEG, 8-bit grey", jpeg, dtype="uint8")
    yield Flavour(
        "lossless JPEG",
        scan("uint8", compression="jpeg", compressionargs={"lossless": True}, rowsperstrip=8),
        code="unsupported-compression",
        says="compressed with lossless JPEG",
    )
    for around in ("none", "deflate", "zstd"):
        settings = {} if around == "none" else {"compressionargs": {"compression": around}}
        variants = ("uint8", "int16", "uint32", "float32") if around == "none" else ("uint16", "float32")
        title = "LERC" if around == "none" else f"LERC in {around}"
        yield Flavour(title, scan(compression="lerc", **settings), variants)

    def other(folder: Path, title: str) -> Written:
        compression = OTHERS[title]
        if isinstance(compression, str):
            return pages(np.zeros((20, 30), np.uint8), compression=compression)(folder, "")
        return patched(scan("uint8"), Compression=compression)(folder, "")

    yield Flavour("others:", other, tuple(OTHERS), code="unsupported-compression", says="compressed with {}")
    unknown = patched(scan("uint8"), Compression=51966)
    yield Flavour("an unknown number", unknown, code="unsupported-compression", says="number 51966")


def photometric() -> Iterator[Flavour]:
    turned = "stored inverted (MinIsWhite)"
    inverted = {"photometric": "miniswhite"}
    grey = ("uint8 little-endian", "uint16 big-endian")
    turn = {"meaning": lambda array: np.iinfo(array.dtype).max - array, "warns": (turned,)}
    yield Flavour("MinIsWhite", scan(**inverted), grey, **turn)
    yield Flavour(
        "MinIsWhite, 1 bit",
        lambda folder, _: save(folder, voxels("", "uint8")[0] > 60, **inverted),
        dtype="uint8",
        meaning=lambda array: (~array).astype(np.uint8),
        warns=(turned,),
    )
    yield Flavour(
        "MinIsWhite of ImageJ (inverting lookup table)",
        imagej("ZYX", SHAPE, **inverted),
        ("uint8 big-endian",),
        warns=("they are kept as they are stored",),
    )
    kept = "which has no meaning for float32"
    yield Flavour("MinIsWhite, float32", scan("float32", **inverted), dtype="float32", warns=(kept,))
    yield Flavour("palette of greys: a ramp", palette(RAMP), dtype="uint8")
    yield Flavour(
        "palette of greys: an inverse ramp",
        palette(RAMP[::-1]),
        dtype="uint8",
        meaning=lambda array: 255 - array,
        warns=("runs from white to black",),
    )
    yield Flavour(
        "palette of greys: a curve",
        palette(CURVE),
        dtype="uint8",
        meaning=lambda array: (CURVE >> 8).astype(np.uint8)[array],
        warns=("indices into a palette of greys",),
    )
    tables = (RAMP, CURVE, RAMP[::-1])
    yield Flavour(
        "palette of colours",
        palette(*tables),
        code="unsupported",
        says="(0 Red, 1 Green, 2 Blue, or all), or take the numbers that are stored with --palette ignore",
    )
    yield Flavour(
        "palette of colours",
        palette(*tables),
        options=("--channel", "all"),
        dtype="uint8",
        axes="czyx",
        meaning=lambda array: np.stack([(table >> 8).astype(np.uint8)[array] for table in tables]),
    )
    stored = {"options": ("--palette", "ignore"), "dtype": "uint8"}
    yield Flavour("palette of colours", palette(*tables), **stored)
    yield Flavour("palette of greys: a curve", palette(CURVE), **stored)
    yield Flavour("palette of labels", palette(*tables), options=("--labels",), dtype="uint8")
    rgb = colours(3, photometric="rgb")
    needed = "have 3 samples (RGB)"
    yield Flavour("RGB", rgb, code="unsupported", says=needed)
    yield Flavour("RGB", rgb, options=("--channel", "1"), dtype="uint8", meaning=sample(1))
    everything = {"options": ("--channel", "all"), "axes": "czyx"}
    three = samples(0, 1, 2)
    yield Flavour("RGB", rgb, ("uint8 little-endian", "uint16 big-endian"), meaning=three, **everything)
    made_by = {"ImageJ": {"imagej": True}, "OME-TIFF": {"ome": True, "name": "scan.ome.tif"}}

    def described(folder: Path, program: str) -> Written:
        return colours(3, photometric="rgb", metadata={"axes": "ZYXS"}, **made_by[program])(folder, "")

    yield Flavour("RGB stacks of", described, tuple(made_by), dtype="uint8", meaning=three, **everything)
    planes = colours(3, photometric="rgb", planar=True)
    yield Flavour("RGB in planes", planes, code="unsupported", says=needed)
    yield Flavour("RGB in planes", planes, ("uint8 little-endian", "uint16 big-endian"), meaning=three, **everything)
    predicted = colours(3, photometric="rgb", compression="lzw", predictor=2, tile=(16, 32))
    yield Flavour(
        "RGB, tiles of LZW, predictor 2",
        predicted,
        ("uint8 little-endian", "uint16 big-endian"),
        meaning=three,
        **everything,
    )
    rgba = colours(4, photometric="rgb", extrasamples=["unassalpha"])
    yield Flavour("RGB and alpha", rgba, code="unsupported", says="have 4 samples (RGB)")
    yield Flavour(
        "RGB and alpha",
        rgba,
        options=("--channel", "2,0"),
        dtype="uint8",
        axes="czyx",
        meaning=samples(2, 0),
    )
    grey = colours(2, extrasamples=["unassalpha"])
    yield Flavour(
        "grey and alpha", grey, code="unsupported", says="choose what to read with --channel (0 Grey, 1 Alpha, or all)"
    )
    yield Flavour("grey and alpha", grey, options=("--channel", "0"), dtype="uint8", meaning=sample(0))
    cmyk = colours(4, photometric="separated")
    yield Flavour("CMYK", cmyk, code="unsupported", says="have 4 samples (CMYK)")
    yield Flavour("CMYK", cmyk, dtype="uint8", meaning=samples(0, 1, 2, 3), **everything)
    settings = {"photometric": "rgb", "compression": "jpeg", "tile": (16, 32)}
    ycbcr = colours(3, subsampling=(1, 1), **settings)
    yield Flavour("YCbCr in JPEG", ycbcr, code="unsupported", says="have 3 samples (YCbCr)")
    yield Flavour("YCbCr in JPEG", ycbcr, dtype="uint8", meaning=three, **everything)

    def coarse(folder: Path, variant: str) -> Written:
        lengths = tuple(map(int, variant.split(" × ")))
        return colours(3, subsampling=lengths, **settings)(folder, "")

    title = "YCbCr in JPEG, colours at a lower resolution, smoothed as libjpeg does:"
    yield Flavour(title, coarse, ("2 × 1", "2 × 2"), dtype="uint8", meaning=three, **everything)
    raw = patched(rgb, PhotometricInterpretation=6)
    yield Flavour("YCbCr otherwise", raw, code="unsupported-compression", says="YCbCr, which can be read in JPEG only")
    lab = patched(rgb, PhotometricInterpretation=8)
    yield Flavour("CIELab", lab, code="unsupported", says="its pixels are CIELab")
    mosaic = patched(scan(), PhotometricInterpretation=32803)
    yield Flavour(
        "a camera's colour filter array",
        mosaic,
        code="unsupported",
        says="its pixels are a camera's colour filter array",
    )


def folders() -> Iterator[Flavour]:
    def take(number: int) -> Callable[[Path], object]:
        return lambda folder: (folder / f"rec_{number}.tif").unlink()

    def add(name: str, plane: np.ndarray) -> Callable[[Path], object]:
        return lambda folder: as_tiff(folder / name, plane)

    tiff = slices(as_tiff, "tif")
    plane = voxels("")[0][0]
    yield Flavour("TIFF, in the order of their numbers (`rec_9` before `rec_10`)", tiff)
    yield Flavour("BMP, 8-bit grey", slices(as_bmp, "bmp", "uint8"))
    yield Flavour("PNG, 8-bit grey", slices(as_png, "png", "uint8"))
    yield Flavour("PNG, 16-bit grey", slices(as_png, "png", "uint16"))
    for kind, encode in (("BMP", as_bmp), ("PNG", as_png)):
        colour = slices(encode, kind.lower(), "uint8", colours=True)
        yield Flavour(
            f"{kind} in colour", colour, code="unsupported", says="--channel (0 Red, 1 Green, 2 Blue, or all)"
        )
        green = {"options": ("--channel", 1), "meaning": lambda array: array[..., 1]}
        yield Flavour(f"{kind} in colour", colour, **green)
    yield Flavour("a single PNG", one_png)
    preview = amended(tiff, add("rec_spr.tif", plane[::2, ::2]))
    yield Flavour("with Bruker's preview (`*_spr`)", preview, warns=("rec_spr.tif is a preview and was left out",))
    middle = {"options": ("--slices", "9-11"), "meaning": lambda array: array[1:4]}
    yield Flavour("a range of their numbers", tiff, **middle)
    yield Flavour(
        "a pattern of their names",
        amended(tiff, add("other_1.tif", plane)),
        options=("--slices", "rec_1*.tif"),
        meaning=lambda array: array[2:],
    )
    gap = amended(tiff, take(10))
    yield Flavour("a slice is missing", gap, code="truncated", says="slices are missing: number 10")
    yield Flavour(
        "a slice is missing, and the slices were chosen",
        gap,
        options=("--slices", "rec_*.tif"),
        meaning=lambda array: array[[0, 1, 3, 4]],
        warns=("Slices are missing: number 10",),
    )
    yield Flavour(
        "a stray image",
        amended(tiff, add("photo.tif", plane)),
        code="mixed-pages",
        says="photo.tif does not belong to the 5 slices",
    )
    yield Flavour(
        "files of two kinds",
        amended(tiff, lambda folder: as_png(folder / "rec_13.png", plane)),
        code="mixed-pages",
        says="it holds 5 TIFF and 1 PNG files",
    )
    odd = amended(tiff, add("rec_10.tif", plane[1:]))
    yield Flavour(
        "a slice of another size",
        odd,
        code="mixed-pages",
        says="rec_10.tif is 36 × 53 uint16, but the other 4 slices are 37 × 53",
    )
    narrow = amended(tiff, add("rec_10.tif", plane.astype(np.uint8)))
    yield Flavour(
        "a slice of another type",
        narrow,
        code="mixed-pages",
        says="rec_10.tif is 37 × 53 uint8, but the other 4 slices are 37 × 53 uint16",
    )
    twice = amended(tiff, add("rec_010.tif", plane))
    yield Flavour("a number twice", twice, code="mixed-pages", says="rec_010.tif and rec_10.tif have the same number")
    several = amended(tiff, add("rec_10.tif", np.stack([plane, plane])))
    yield Flavour("a slice of several pages", several, code="mixed-pages", says="it has several pages")

    def emptied(folder: Path) -> None:
        for path in folder.glob("*.tif"):
            path.unlink()

    yield Flavour(
        "several runs in one folder",
        two_runs,
        code="mixed-pages",
        says="its names count in two places (t0_z0.tif, t1_z0.tif), as several volumes do",
    )
    yield Flavour(
        "several runs in one folder", two_runs, options=("--slices", "t1_*"), meaning=lambda array: array[::-1]
    )
    yield Flavour(
        "names without numbers",
        names_only,
        warns=("they are in the order of their names, ant.tif to elk.tif",),
    )
    yield Flavour(
        "a list of files (`@slices.txt`), in its order",
        listed,
        warns=("the reverse of that of the numbers in their names",),
    )
    yield Flavour("no slices", amended(tiff, emptied), code="no-pages", says="a folder without TIFF")


REAL = {
    "ct-fbp-slice.tif": ("filtered back-projection, float32 (ImageJ)", "zyx"),
    "imagej-stack-10.tif": ("ImageJ stack of 10 × 128 × 128, uint16", "zyx"),
    "imagej-bigstack-8.tif": ("ImageJ hyperstack with one directory (T 2, C 2, Z 2), big-endian float32", "tczyx"),
    "savu": ("24 projections, a folder of uint16 TIFFs", "zyx"),
}


def real_files() -> Iterator[Flavour]:
    for name, (title, axes) in REAL.items():
        # ImageJ leaves out a spacing of 1.
        warns = ("no spacing of slices",) if name == "imagej-stack-10.tif" else ()
        yield Flavour(f"{name}: {title}", real(name), axes=axes, warns=warns)


GROUPS: dict[str, list[Flavour]] = {
    "Containers": [*containers()],
    "Strips and tiles": [*segments()],
    "Voxel types": [*voxel_types()],
    "Compression": [*compressions()],
    "Grey and colour": [*photometric()],
    "Folders of slices": [*folders()],
    "Damaged files": [*damaged()],
    "Real files": [*real_files()],
}


# The page


def row(flavour: Flavour) -> str:
    variants = ", ".join(flavour.variants)
    name = flavour.name
    if variants:
        name += f" {variants}" if name.endswith((":", " of")) else f" ({variants})"
    options = f"`{' '.join(map(str, flavour.options))}`" if flavour.options else ""
    if flavour.code:
        return f"| {name} | {options} | refused, `{flavour.code}` | …{flavour.says.format('NAME')}… |"
    said = "<br>".join(f"…{words}…" for words in flavour.warns)
    within = f", within {flavour.tolerance}" if flavour.tolerance else ""
    return f"| {name} | {options} | {flavour.dtype}{within}, `{flavour.axes}` | {said} |"


def page() -> str:
    """docs/flavours.md"""
    lines = [
        "# What is read, and what is refused",
        "",
        "Each row was written, then converted and compared voxel for voxel with what tifffile and imagecodecs read",
        "from it, or refused with the code and the words that stand here, by `test/python/test_flavours.py`.",
        "`test/python/flavours.py` lists the flavours and writes this page. Where a row names several types or byte",
        "orders or the like, each was tried. *Said* is what a warning or the refusal says. Axes are the OME-Zarr's.",
    ]
    for group, flavours in GROUPS.items():
        lines += ["", f"## {group}", "", "| source | options | read as | said |", "|---|---|---|---|"]
        lines += map(row, flavours)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")

"""Conversions to OME-Zarr, each in a process of its own, and what is shown of their outputs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from . import tables
from .arguments import chosen, naming_its_options, option_words, path_of, source_words
from .errors import warn_of
from .options import (
    Checksum,
    Compression,
    DescribedBy,
    Downsample,
    DtypeName,
    OmeZarr,
    Orientation,
    Palette,
    ZAxis,
)
from .process import Event, Helper, Names, snake_case
from .progress import counted, show_progress, size, summarise
from .types import (
    Bounds,
    ByteCount,
    Channels,
    ConversionResult,
    Image,
    Integer,
    Lengths,
    Levels,
    NumPyType,
    Progress,
    Ranges,
    Sizes,
    Slices,
    Source,
    StrPath,
    Voxel,
)
from .volume import tables_of

if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path


class Conversion:
    """A conversion to OME-Zarr in a process of its own, which can be cancelled from another thread.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, folder of slices, or the files of a stack of slices.
    output : path-like, optional
        Path of the OME-Zarr. None: ``<stem>.ome.zarr`` beside the source.
    names : {'python', 'form'}, optional
        What messages call the options: by their names here, or by the labels of the form.
    slices : str, (int, int), range or slice, optional
        Slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899.
        Of (first, last) both are included. None: all.
    image : int or str, optional
        Which of several images of a file, by its name or its number from 0. None: the only one.
    described_by : {'auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'}, optional
        Whose description of a file is believed: auto takes OME-XML before ImageJ's before others. None: auto.
    z_axis : {'auto', 'c', 't', 'samples'}, optional
        What the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel. None:
        auto.
    palette : {'apply', 'ignore'}, optional
        Of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored.
        None: apply.
    orientation : {'ignore', 'apply'}, optional
        A TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns. None: ignore.
    chunk_size : int or (int, int, int), optional
        Chunk lengths in voxels. Along (Z, Y, X), or one for all axes. None: 128 128 128; as many voxels in another
        shape where the volume is shorter.
    num_levels : int or 'auto', optional
        Levels, the full resolution included, or auto: halve until the coarsest fits one chunk. None: auto.
    shard : int or (int, int, int), optional
        Shard lengths in voxels, multiples of the chunk's: the chunks of a shard share a file; from OME-Zarr 0.5 on.
        Along (Z, Y, X), or one for all axes. None: no shards.
    downsample : {'mean', 'mode', 'max', 'nearest'}, optional
        What a window of voxels becomes on the next level: mean, mode, max, nearest. None: mean, or mode for labels.
    labels : bool, optional
        Voxels are labels: whole numbers, kept as they are, reduced by mode.
    parent : path-like, optional
        The OME-Zarr that the labels belong to: they are written to IMAGE/labels/OUTPUT.
    at : (int, int, int), optional
        Of labels that fill a part of the image: the voxel of its full resolution at which theirs begin. Along (Z, Y,
        X), from 0. None: labels fill it.
    compression : {'blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'}, optional
        How the chunks are compressed. None: blosc-zstd.
    checksum : {'none', 'crc32c'}, optional
        crc32c: a checksum behind each chunk, by which readers find damage; from OME-Zarr 0.5 on. None: none.
    max_memory : int or str, optional
        Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.
    dtype : {'source', 'float32', 'uint16', 'uint8', 'float64'} or NumPy type, optional
        Number type of the stored voxels. None: source.
    channel : int, sequence of int or 'all', optional
        Channels to convert, from 0; colours are samples of each pixel. Such as 0, [0, 2] or ``'all'``. None: the only
        one.
    value_range : (float or str, float or str), optional
        Source values that become the least and the greatest uint16 or uint8, or percentages of them. A percentage is
        text, such as ``'99.9%'``. None: ('0%', '100%').
    roi : (int, int, int, int, int, int) or (slice, slice, slice), optional
        Half-open voxel ranges to convert. (z0, z1, y0, y1, x0, x1), or three slices with ends, such as
        ``numpy.s_[0:100, 0:50, 0:80]``. None: everything.
    voxel_size : float or (float, float, float), optional
        Voxel edge lengths, in place of what the source says. Along (Z, Y, X), in ``unit``, or one for all.
    unit : str, optional
        Unit of ``voxel_size``, such as micrometer, or none; without ``voxel_size``, the unit that the source's lengths
        are brought to.
    ome_zarr : {'0.6', '0.5', '0.4'} or float, optional
        Version of OME-Zarr. None: 0.5.
    jobs : int, optional
        Worker threads at most. None: as many as there are processors.
    overwrite : bool, optional
        Replace an OME-Zarr of that name, once the new one is whole.
    resume : bool, optional
        Go on with what an interrupted conversion has left; without it, that is removed.

    Raises
    ------
    ConversionError
        An option has a value that cannot be meant.

    See Also
    --------
    convert : Converts and waits, with a bar.

    Examples
    --------
    >>> from microct_io_vis import Conversion
    >>> conversion = Conversion("scan.tif", compression="blosc-lz4")
    >>> result = conversion.run(lambda progress: None)
    >>> result["levels"], result["nan_voxels"]
    (1, 0)
    """

    @naming_its_options
    def __init__(
        self,
        source: Source,
        output: StrPath | None = None,
        *,
        names: Names = "python",
        # The options of `convert`; src/build/options.mjs writes them.
        slices: Slices | None = None,
        image: Image | None = None,
        described_by: DescribedBy | None = None,
        z_axis: ZAxis | None = None,
        palette: Palette | None = None,
        orientation: Orientation | None = None,
        chunk_size: Lengths | None = None,
        num_levels: Levels | None = None,
        shard: Lengths | None = None,
        downsample: Downsample | None = None,
        labels: bool | None = None,
        parent: StrPath | None = None,
        at: Voxel | None = None,
        compression: Compression | None = None,
        checksum: Checksum | None = None,
        max_memory: ByteCount | None = None,
        dtype: DtypeName | NumPyType | None = None,
        channel: Channels | None = None,
        value_range: Bounds | None = None,
        roi: Ranges | None = None,
        voxel_size: Sizes | None = None,
        unit: str | None = None,
        ome_zarr: OmeZarr | float | None = None,
        jobs: Integer | None = None,
        overwrite: bool | None = None,
        resume: bool | None = None,
        # End of the options.
    ) -> None:
        options = chosen(locals())
        word, given = source_words(source)
        words = option_words(options)
        outputs = [] if output is None else [path_of(output, "output")]
        self._helper = Helper("convert", "--progress", "json", *words, "--", word, *outputs, given=given, names=names)

    def run(self, on_progress: Callable[[Progress], object] | None = None) -> ConversionResult:
        """Converts, waits for the end, and returns what the conversion says of itself. It may be called once.

        Parameters
        ----------
        on_progress : callable, optional
            Called in this thread, at most five times a second, with a dictionary of ``done_bytes``, ``total_bytes``,
            ``bytes_per_second`` and ``seconds_left`` (None at first).

        Returns
        -------
        ConversionResult
            Dictionary of ``output`` (absolute path), ``seconds``, ``bytes_written``, ``levels``, ``nan_voxels``,
            ``value_range``, ``statistics`` and ``warnings``. A notebook shows it as a table with the slice in the
            middle. The statistics are of the stored values, one for each channel: ``min``, ``max``, ``counted``
            (voxels), ``histogram`` with ``start``, ``end`` and 256 ``counts``, and ``percentiles`` by percent; None
            where no voxel is a finite number.

        Raises
        ------
        ConversionError
            It failed or was cancelled; ``code`` and the message say why. KeyboardInterrupt cancels it.
        """
        return run_conversion(self._helper, on_progress)

    def cancel(self) -> None:
        """Has the conversion stop and remove what it has written; `run` then raises ``cancelled``.

        Before `run`, it keeps the conversion from starting; after its end, it does nothing.
        """
        self._helper.cancel()


class ConvertedPath(tables.Tabled, _Path):
    """Path of an OME-Zarr that was written, of which notebooks show more than the name."""

    def __str__(self) -> str:
        # The address of an output in a bucket has two slashes, of which paths keep one; other outputs are absolute.
        path = super().__str__()
        return "s3://" + path[4:] if path.startswith("s3:/") else path

    def __repr__(self) -> str:
        return repr(Path(self))

    def _tables(self) -> tables.Parts:
        return tables_of(self)


class Report(tables.Tabled, dict[str, Any]):
    """Report of a conversion, of which notebooks show what was written."""

    def _tables(self) -> tables.Parts:
        # What is not in the OME-Zarr itself: how long it took, and what one was told.
        rows = [
            (
                "Written",
                f"{size(self['bytes_written'])} in {self['seconds']:.1f} s, {counted(self['levels'], 'level')}",
            ),
        ]
        if self["value_range"]:
            rows.append(("Scaled", "{:g} to {:g} became the ends of the type".format(*self["value_range"])))
        return [tables.Table(rows), tables.Remarks(self["warnings"]), *tables_of(self["output"])]


def shown(
    run: Callable[[Callable[[Progress], object] | None], ConversionResult],
    name: str,
    progress: bool | Callable[[Progress], object],
) -> ConversionResult:
    """Runs a conversion of what has this name; shows or tells how far it is, and warns of what it says."""
    if progress is True:
        with show_progress(name) as show:
            result = run(show)
            show.end(summarise(result))
    else:
        result = run(progress or None)
    warn_of(name, result["warnings"])
    return result


def run_conversion(helper: Helper, on_progress: Callable[[Progress], object] | None) -> ConversionResult:
    """Runs a helper that converts, and returns what the conversion says of itself."""
    result = Report()

    def on_event(event: Event) -> None:
        kind = event.pop("event")
        if kind == "done":
            result.update(snake_case(event))
        elif kind == "progress" and on_progress is not None:
            on_progress(snake_case(event))

    helper.run(on_event)
    return cast(ConversionResult, result)

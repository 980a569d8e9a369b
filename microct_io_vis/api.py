"""The functions for scripts and notebooks: `info`, `estimate`, `convert`, `verify`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .arguments import chosen, naming_its_options, path_of, refuse_without_client, source_name
from .conversion import Conversion, ConvertedPath, shown
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
from .process import ask, check
from .progress import show_progress
from .results import (
    OmeZarrInfo,
    Plan,
    VerifyResult,
    VolumeInfo,
    info_of,
    to_plan,
    to_verdict,
)
from .types import (
    Bounds,
    ByteCount,
    Channels,
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

if TYPE_CHECKING:
    from distributed import Client

    from .cluster.conversion import ClusterConversion

__all__ = ["convert", "estimate", "info", "verify"]


@naming_its_options
def info(
    source: Source,
    *,
    # The options of `info`; src/build/options.mjs writes them.
    slices: Slices | None = None,
    image: Image | None = None,
    described_by: DescribedBy | None = None,
    z_axis: ZAxis | None = None,
    palette: Palette | None = None,
    orientation: Orientation | None = None,
    # End of the options.
) -> VolumeInfo | OmeZarrInfo:
    """Says what a TIFF, a folder or a list of slices holds, by its headers, or what an OME-Zarr is, by its metadata.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, folder of slices, or the files of a stack of slices; or an OME-Zarr, of which nothing else is chosen. A
        TIFF and an OME-Zarr also by an address (``https://...``, ``s3://...``).
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

    Returns
    -------
    VolumeInfo or OmeZarrInfo
        Shape along ``axes``, type, voxel size along (Z, Y, X) and its unit, channels, and what one should know of them.

    Raises
    ------
    ConversionError
        There is no such file, or it is none that can be read; ``code`` and the message say why.

    Examples
    --------
    >>> from microct_io_vis import info
    >>> volume = info("scan.tif")
    >>> volume.axes, volume.shape, volume.dtype
    ('zyx', (12, 30, 20), 'float32')
    >>> volume.voxel_size, volume.unit
    ((2, 1, 1), 'micrometer')
    """
    return info_of(source, chosen(locals()))


@naming_its_options
def estimate(
    source: Source,
    output: StrPath | None = None,
    *,
    # The options of `estimate`; src/build/options.mjs writes them.
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
) -> Plan:
    """Says what `convert` would do and need with the same arguments. Writes nothing.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, folder of slices, or the files of a stack of slices.
    output : path-like, optional
        Path of the OME-Zarr. None: ``<stem>.ome.zarr`` beside the source.
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

    Returns
    -------
    Plan
        What the source holds, the levels with their shapes and chunks, and the bytes of disk and memory needed.

    Raises
    ------
    ConversionError
        `convert` cannot work with these arguments; ``code``, ``field`` and the message say why.

    Warns
    -----
    ConversionWarning
        Of each of the plan's ``warnings``.

    Examples
    --------
    >>> from microct_io_vis import estimate
    >>> plan = estimate("scan.tif", chunk_size=16, num_levels=2)
    >>> [level.shape for level in plan.levels]
    [(12, 30, 20), (12, 15, 10)]
    >>> plan.levels[0].bytes, plan.unfinished
    (28800, None)
    """
    options = chosen(locals())
    source = _listed(source)
    plan = to_plan(ask("estimate", source, output, options))
    warn_of(_name(source), plan.warnings)
    return plan


@naming_its_options
def convert(
    source: Source,
    output: StrPath | None = None,
    *,
    progress: bool | Callable[[Progress], object] = True,
    client: Client | None = None,
    parts: int | None = None,
    resources: Mapping[str, float] | None = None,
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
) -> Path:
    """Converts a volume to an OME-Zarr pyramid.

    The output takes its name when it is whole; until then it is ``<output>.partial``.

    Parameters
    ----------
    source : path-like or sequence of path-like
        TIFF, its path or its address (``https://...``, ``s3://...``), folder of slices, or the files of a stack of
        slices.
    output : path-like, optional
        Path of the OME-Zarr, or its place in a bucket, ``"s3://bucket/name.ome.zarr"``. None: ``<stem>.ome.zarr``
        beside the source, of an address in the current folder. With ``labels=True, parent="scan.ome.zarr"`` a name in
        ``scan.ome.zarr/labels``, which None makes ``<stem>``.
    progress : bool or callable, default True
        True shows a bar; a function is called, at most five times a second, with a dictionary of ``done_bytes``,
        ``total_bytes``, ``bytes_per_second`` and ``seconds_left`` (None at first).
    client : distributed.Client, optional
        The Dask cluster whose workers convert it, in parts: they must have this package, and see source and output
        under the same paths. The output is the same, to the bit. None: this machine.
    parts : int, optional
        How many parts, each a task. None: as many as the cluster does at once, and up to four times as many where each
        has 16 GiB. Fewer where it cannot be cut.
    resources : mapping, optional
        What a part takes of a worker's resources, such as ``{"microct": 1}``: workers that have them get parts. A part
        has its share of the worker's threads and memory.
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

    Returns
    -------
    pathlib.Path
        Absolute path of the OME-Zarr, or its address: ``str(path)`` is ``"s3://..."`` then. A notebook shows it as a
        table of what was written, with the slice in the middle.

    Raises
    ------
    ConversionError
        It failed; ``code`` and the message say why, and whether what is done was kept for ``resume=True``.
        KeyboardInterrupt cancels it, and nothing is left.
    ValueError
        ``parts`` or ``resources`` without a ``client``.

    Warns
    -----
    ConversionWarning
        Slices that are missing, values that were lost, and whatever else one should know. The output keeps them, in the
        attributes under ``microct-io-vis``.

    See Also
    --------
    estimate : Says what this would do and need.
    verify : Reads the output back.

    Examples
    --------
    >>> from microct_io_vis import convert
    >>> path = convert("scan.tif", dtype="uint16", value_range=("0.1%", "99.9%"), chunk_size=(8, 16, 16))
    >>> path.name
    'scan.ome.zarr'

    Any reader of OME-Zarr shows it, with level 0 of the source's shape (Z, Y, X):

    >>> import zarr
    >>> zarr.open_array(path / "0").shape
    (12, 30, 20)
    """
    options = chosen(locals())
    source = _listed(source)
    refuse_without_client(client, parts=parts, resources=resources)
    conversion: Conversion | ClusterConversion
    if client is None:
        conversion = Conversion(source, output, **options)
    else:
        from .cluster.conversion import ClusterConversion

        conversion = ClusterConversion(source, output, options, client, parts, resources)
    return ConvertedPath(shown(conversion.run, _name(source), progress)["output"])


@naming_its_options
def verify(
    output: StrPath,
    against: Source | None = None,
    *,
    progress: bool | Callable[[Progress], object] = True,
    client: Client | None = None,
    # The options of `verify`; src/build/options.mjs writes them.
    max_memory: ByteCount | None = None,
    jobs: Integer | None = None,
    # End of the options.
) -> VerifyResult:
    """Reads an OME-Zarr back and says where it differs from its source, or from itself. Writes nothing.

    Every chunk is read. Level 0 is compared with the source, every further level with what the stored one above
    gives, the metadata with itself and with the source. An OME-Zarr of another program is compared with the source
    alone.

    Parameters
    ----------
    output : path-like
        Path of the OME-Zarr.
    against : path-like or sequence of path-like, optional
        The source: what `convert` takes. None: the one that the output names, if it lies beside it.
    progress : bool or callable, default True
        As in `convert`.
    client : distributed.Client, optional
        The Dask cluster whose workers share it: they must have this package, and see output and source under the same
        paths. None: this machine.
    max_memory : int or str, optional
        Peak memory of the process, such as 8G or 512M. A number is one of bytes. None: 4G.
    jobs : int, optional
        Worker threads at most. None: as many as there are processors.

    Returns
    -------
    VerifyResult
        True where nothing differs; ``differences`` are (level, voxel) with what was expected and found.

    Raises
    ------
    ConversionError
        It cannot be found out, because something is missing or cannot be read.

    Examples
    --------
    >>> from microct_io_vis import verify
    >>> result = verify("bone.ome.zarr", "bone.tif")
    >>> bool(result), result.voxels_compared, result.differences
    (True, 7200, ())
    """
    options = chosen(locals())

    def checked(on_progress: Callable[[Progress], object] | None) -> dict[str, Any]:
        if client is None:
            return check(output, against, options, on_progress)
        from .cluster.verification import ClusterVerification

        return ClusterVerification(output, against, options, client).run(on_progress)

    output = path_of(output, "output")
    if progress is True:
        with show_progress(_name(output)) as show:
            found = checked(show)
            show.end(("OK" if found["compared"] else "readable") if found["ok"] else "different", good=found["ok"])
    else:
        found = checked(progress or None)
    return to_verdict(found)


def _listed(source: Source) -> StrPath | Sequence[StrPath]:
    """The source in a form that can be iterated more than once, unlike `Path.glob`."""
    if isinstance(source, (str, os.PathLike)) or not isinstance(source, Iterator):
        return cast("StrPath | Sequence[StrPath]", source)
    return list(source)


def _name(source: StrPath | Sequence[StrPath]) -> str:
    if not isinstance(source, (str, os.PathLike)):
        return f"{len(source)} slices"
    return source_name(source)

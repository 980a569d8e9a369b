"""Python's values as words of the helper's command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from .errors import ConversionError, shown_as_message


def _whole(value: Any) -> str:
    if isinstance(value, bool):
        raise TypeError
    if not hasattr(value, "__index__"):  # 2e9, or what NumPy reckons in floats
        if int(value) != value:
            raise ValueError
        value = int(value)
    return str(value.__index__())


def _real(value: Any) -> str:
    return repr(float(value))


def _text(value: Any) -> str:
    return os.fspath(value)


def _whole_or_text(value: Any) -> str:
    return value if isinstance(value, str) else _whole(value)


def _real_or_percentage(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value.strip().endswith("%") else _real(value)


def _listed(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(map(_whole, value if isinstance(value, Iterable) else [value]))


def _dtype(value: Any) -> str:
    """Of text, NumPy's types and dtypes; of Python's types only float has one meaning."""
    if isinstance(value, str):
        return value
    if value is float:
        return "float64"
    return value.__name__ if isinstance(value, type) else value.name


def _version(value: Any) -> str:
    return value if isinstance(value, str) else str(float(value))


def _slices(value: Any) -> str:
    """A pattern or a range as text, (first, last), or a range or slice of Python's, whose end is not in it."""
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if isinstance(value, (range, slice)):
        first, last, step = value.start, value.stop - 1, value.step or 1
        if step != 1:
            raise ValueError
    else:
        first, last = value
    return f"{_whole(first)}-{_whole(last)}"


def _flag(value: Any) -> str:
    if not isinstance(value, (bool, int)) and type(value).__module__ != "numpy":  # NumPy has a bool of its own
        raise TypeError
    return "yes" if bool(value) else ""


# Each option's number of values, and how one is written; 0: a flag.
OPTIONS: dict[str, tuple[int, Callable[[Any], str]]] = {
    "slices": (1, _slices),
    "image": (1, _whole_or_text),
    "z_axis": (1, _text),
    "palette": (1, _text),
    "orientation": (1, _text),
    "chunk_size": (3, _whole),
    "num_levels": (1, _whole_or_text),
    "shard": (3, _whole),
    "downsample": (1, _text),
    "labels": (0, _flag),
    "parent": (1, _text),
    "compression": (1, _text),
    "checksum": (1, _text),
    "max_memory": (1, _whole_or_text),
    "dtype": (1, _dtype),
    "channel": (1, _listed),
    "value_range": (2, _real_or_percentage),
    "roi": (6, _whole),
    "voxel_size": (3, _real),
    "unit": (1, _text),
    "ome_zarr": (1, _version),
    "jobs": (1, _whole),
    "overwrite": (0, _flag),
    "resume": (0, _flag),
}


# What is meant by one number where several are expected: the same along all axes.
SAME_ALONG_AXES = {"chunk_size", "shard", "voxel_size"}

# What a refusal says was expected.
EXPECTED = {
    "slices": "a pattern of names such as 'rec_*.tif', or numbers: '100-899' or (100, 899)",
    "image": "a whole number or a name",
    "chunk_size": "three whole numbers of voxels (Z, Y, X), or one for all",
    "num_levels": "a whole number or 'auto'",
    "shard": "three whole numbers of voxels (Z, Y, X), or one for all",
    "labels": "True or False",
    "max_memory": "a number of bytes, or a size such as '8G'",
    "dtype": "a type such as 'uint16' or numpy.uint16",
    "channel": "a whole number, several, or 'all'",
    "value_range": "two numbers, or percentages such as '0.1%'",
    "roi": "six whole numbers (z0, z1, y0, y1, x0, x1), or three slices with ends, as of numpy.s_[0:100, 0:50, 0:80]",
    "voxel_size": "three lengths (Z, Y, X), or one for all",
    "ome_zarr": "'0.5' or '0.4'",
    "jobs": "a whole number",
    "overwrite": "True or False",
    "resume": "True or False",
}


def option_words(options: dict[str, Any]) -> list[str]:
    """``{"chunk_size": (64, 64, 64)}`` as ``["--chunk-size", "64", "64", "64"]``; None leaves an option out.

    Raises TypeError for an option that there is not, `ConversionError` for a value that cannot be meant.
    """
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise shown_as_message(
            TypeError(f"there is no option {', '.join(unknown)}; the options are {', '.join(OPTIONS)}")
        )
    words = []
    for name, value in options.items():
        if value is None:
            continue
        count, write = OPTIONS[name]
        try:
            written = [write(each) for each in _several(name, value, count)]
        except (AttributeError, TypeError, ValueError, OverflowError):
            expected = EXPECTED.get(name, "text")
            raise ConversionError("bad-option", f"{name} must be {expected}, and was given {value!r}") from None
        if count > 0:
            words += [f"--{name.replace('_', '-')}", *written]
        elif written[0]:
            words.append(f"--{name.replace('_', '-')}")
    return words


def _several(name: str, value: Any, count: int) -> list[Any]:
    if count <= 1:
        return [value]
    if name in SAME_ALONG_AXES and not isinstance(value, (str, Iterable)):
        return [value] * count
    if isinstance(value, str):
        raise TypeError
    values = [end for each in value for end in (_ends(each) if name == "roi" else [each])]
    if len(values) != count:
        raise ValueError
    return values


def _ends(value: Any) -> Iterable[Any]:
    """Both ends of a range along an axis."""
    if isinstance(value, slice):
        if value.step not in (None, 1):
            raise ValueError
        return [value.start or 0, value.stop]
    return value if isinstance(value, Iterable) and not isinstance(value, str) else [value]


def source_words(source: Any) -> tuple[str, str | None]:
    """The helper's word for a source, and what it reads from standard input: the paths of a list of slices."""
    try:
        if isinstance(source, (str, os.PathLike)):
            path = os.fspath(source)
            # A name that starts with @ would be taken for a list.
            return (os.path.join(".", path) if path.startswith("@") else path), None
        return "@-", "".join(f"{os.fspath(path)}\n" for path in source)
    except TypeError:
        expected = "a path, or a list of the paths of slices"
        raise ConversionError("bad-option", f"source must be {expected}, and was given {source!r}", "source") from None

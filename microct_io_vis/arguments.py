"""Python's values as words of the helper's command line."""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from .errors import ConversionError, shown_as_message
from .options import ENDINGS, LOOK_OPTIONS, OPTIONS, Option, Options


def _whole(value: Any) -> str:
    if isinstance(value, bool):
        raise TypeError
    if not hasattr(value, "__index__"):  # 2e9, or what NumPy reckons in floats
        if int(value) != value:
            raise ValueError
        value = int(value)
    return str(int(value.__index__()))


def _real(value: Any) -> str:
    return repr(float(value))


def _text(value: Any) -> str:
    text = os.fspath(value)
    if not isinstance(text, str):
        raise TypeError
    return text


def _path(value: Any) -> str:
    """With the home folder in the place of ``~``, which only a shell puts there."""
    return os.path.expanduser(_text(value))


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
    name: str = value.__name__ if isinstance(value, type) else value.name
    return name


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


class Kind(NamedTuple):
    """How values of a kind of options are written, and what a refusal says was expected."""

    write: Callable[[Any], str]
    expected: str
    #: whether one number where several are expected is the same along all axes
    same_along_axes: bool = False


KINDS: dict[str, Kind] = {
    "flag": Kind(_flag, "True or False"),
    "decision": Kind(_flag, "True or False"),
    "choice": Kind(_text, "text"),
    "text": Kind(_text, "text"),
    "path": Kind(_path, "a path"),
    "slices": Kind(_slices, "a pattern of names such as 'rec_*.tif', or numbers: '100-899' or (100, 899)"),
    "image": Kind(_whole_or_text, "a whole number or a name"),
    "integer": Kind(_whole, "a whole number"),
    "levels": Kind(_whole_or_text, "a whole number or 'auto'"),
    "channels": Kind(_listed, "a whole number, several, or 'all'"),
    "bytes": Kind(_whole_or_text, "a number of bytes, or a size such as '8G'"),
    "dtype": Kind(_dtype, "a type such as 'uint16' or numpy.uint16"),
    "version": Kind(_version, "'0.4', '0.5' or '0.6'"),
    "lengths": Kind(_whole, "three whole numbers of voxels (Z, Y, X), or one for all", True),
    "voxel": Kind(_whole, "three whole numbers of voxels (Z, Y, X), from 0"),
    "ranges": Kind(
        _whole,
        "six whole numbers (z0, z1, y0, y1, x0, x1), or three slices with ends, as of numpy.s_[0:100, 0:50, 0:80]",
    ),
    "sizes": Kind(_real, "three lengths (Z, Y, X), or one for all", True),
    "bounds": Kind(_real_or_percentage, "two numbers, or percentages such as '0.1%'"),
}

F = TypeVar("F", bound=Callable[..., Any])


def byte_count(value: Any) -> int | None:
    """A number of bytes, or text such as ``"8G"`` in powers of 1024; None for what is neither."""
    if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", value, re.I)):
        return round(float(found[1]) * 2.0 ** (10 * " kmgt".index(found[2].lower() or " ")))
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    return int(value)


def chosen(arguments: Mapping[str, Any]) -> Options:
    """The options among a function's arguments that are not left to their defaults."""
    given = {name: arguments[name] for name in OPTIONS if arguments.get(name) is not None}
    return cast(Options, given)


def reading_in(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options among a function's arguments that say how a source is read, and are given."""
    return {name: arguments[name] for name in LOOK_OPTIONS if arguments.get(name) is not None}


def naming_its_options(function: F) -> F:
    """Has the function, given an argument that it does not have, name those that it has: its options, if there are."""
    parameters = signature(function).parameters
    options = [name for name in OPTIONS if name in parameters]
    what = "option" if options else "argument"
    options = options or [name for name in parameters if name != "self"]
    owner = function.__qualname__.removesuffix(".__init__")

    @wraps(function)
    def named(*args: Any, **given: Any) -> Any:
        unknown = sorted(set(given) - set(parameters))
        if unknown:
            close = [*dict.fromkeys(match for name in unknown for match in get_close_matches(name, parameters, 1))]
            meant = f": did you mean {' or '.join(close)}?" if close else ";"
            said = f"{owner} has no {what} {', '.join(unknown)}{meant} the {what}s are {', '.join(options)}"
            raise shown_as_message(TypeError(said))
        return function(*args, **given)

    return cast(F, named)


def option_words(options: Mapping[str, Any]) -> list[str]:
    """``{"chunk_size": (64, 64, 64)}`` as ``["--chunk-size", "64", "64", "64"]``; None leaves an option out.

    Raises `ConversionError` for a value that cannot be meant.
    """
    words = []
    for name, value in options.items():
        if value is None:
            continue
        count, kind = OPTIONS[name].words, KINDS[OPTIONS[name].kind]
        try:
            written = [kind.write(each) for each in _several(OPTIONS[name], value)]
        except (AttributeError, TypeError, ValueError, OverflowError):
            choices = OPTIONS[name].choices
            expected = f"one of {', '.join(choices)}" if choices and kind is KINDS["choice"] else kind.expected
            raise ConversionError("bad-option", f"{name} must be {expected}, and was given {value!r}") from None
        if count > 0:
            words += [f"--{name.replace('_', '-')}", *written]
        elif written[0]:
            words.append(f"--{name.replace('_', '-')}")
    return words


def _several(option: Option, value: Any) -> list[Any]:
    count = option.words
    if count <= 1:
        return [value]
    if KINDS[option.kind].same_along_axes and not isinstance(value, (str, Iterable)):
        return [value] * count
    if isinstance(value, str):
        raise TypeError
    values = [end for each in value for end in (_ends(each) if option.kind == "ranges" else [each])]
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


def is_of_web(source: str) -> bool:
    """Whether a source is named by an address of the web."""
    return source.lower().startswith(("http://", "https://"))


def is_address(source: str | os.PathLike[str]) -> bool:
    """Whether a source is named by an address, of the web or of a bucket, and not by a path."""
    path = os.fspath(source)
    return is_of_web(path) or path.lower().startswith("s3://")


def absolute(source: str | os.PathLike[str]) -> str:
    """Where a source or an output is, whatever the working folder will be; an address is that already."""
    return os.fspath(source) if is_address(source) else os.path.abspath(_path(source))


#: How names of volumes end, and those that files have before the end of an address.
_VOLUMES = (*ENDINGS, ".ozx", ".zarr")
_FILES = (*ENDINGS, ".ozx")


def shown_address(source: str) -> str:
    """A path as it is; an address as others may see it: without a name, a password or a query, which may be a key."""
    if not is_address(source):
        return source
    if not is_of_web(source):
        return re.sub(r"^(s3://)[^/]*@", r"\1", source, flags=re.I)
    parts = url_parts(source)
    if parts is None:  # a password that is not written as addresses have it
        return re.sub(r"^(https?://)(?:.*@)?([^?#]*).*$", r"\1\2", source, flags=re.I | re.S)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def url_parts(source: str) -> SplitResult | None:
    """Parts of an address of the web; None where it is none."""
    try:
        parts = urlsplit(source)
        _ = parts.port
    except ValueError:
        return None
    return parts


def shown_source(source: str | list[str]) -> str | list[str]:
    """A path or an address as others may see it, or several."""
    return shown_address(source) if isinstance(source, str) else [shown_address(path) for path in source]


def source_name(source: str | os.PathLike[str]) -> str:
    """The last name of a path, or of an address, where repositories have it before the end (``/scan.tif/content``), or
    in the query (``?file=scan.tif``)."""
    path = os.fspath(source)
    if not is_address(path):
        return os.path.basename(path)
    if not is_of_web(path):
        return path.rpartition("/")[2]
    parts = url_parts(path)
    if parts is None:
        return shown_address(path).rpartition("/")[2]

    def decoded(segment: str) -> str:
        return re.split(r"[\\/]", unquote(segment))[-1]

    *segments, last = map(decoded, parts.path.split("/"))
    if last.lower().endswith(_VOLUMES):
        return last
    # Behind a # is the name of what stands for an address.
    said = [value for part in (parts.query, parts.fragment) for _, value in parse_qsl(part)]
    found = [re.search(r"\bfilename\*?=(?:[\w-]*'\w*')?\"?([^\";]+)", value) for value in said]
    names = [*segments, *(decoded(name[1] if name else value) for name, value in zip(found, said, strict=True))]
    return next((name for name in reversed(names) if name.lower().endswith(_FILES)), last)


#: What is expected of a source.
SLICES = "a path, or a list of the paths of slices"


def refuse_without_client(client: object, **only: object) -> None:
    """Raises ValueError where there is no client, and something was given that is ``only`` for a cluster."""
    for name, value in only.items():
        if client is None and value is not None:
            raise shown_as_message(ValueError(f"{name}: only for a Dask cluster: give its client, too"))


def path_of(value: Any, name: str, expected: str = "a path or an address", field: str | None = None) -> str:
    """The path or address that an argument of this name is, as text. ``field``: the error's, if not the name.

    Raises `ConversionError` for what is none.
    """
    try:
        path = _path(value)
    except TypeError:
        raise no_path(value, name, expected, field) from None
    _check_path(path, name, expected, field)
    return path


def _check_path(path: str, name: str, expected: str, field: str | None) -> None:
    """Raises `ConversionError` for what names nothing."""
    what = "is empty" if path == "" else "has a NUL character" if "\0" in path else None
    if what is not None:
        raise ConversionError("bad-option", f"{name} {what}, where {expected} was expected", field or name)


def paths_of(values: Any, name: str, expected: str, field: str | None = None) -> list[str]:
    """The paths and addresses that an argument of this name is, as `path_of` has them."""
    try:
        paths = [_path(value) for value in values]
    except TypeError:
        raise no_path(values, name, expected, field) from None
    if not paths or "" in paths:
        what = "has an empty path" if paths else "is empty"
        raise ConversionError("bad-option", f"{name} {what}, where {expected} was expected", field or name)
    for path in paths:
        _check_path(path, name, expected, field)
    return paths


def no_path(value: Any, name: str, expected: str, field: str | None = None) -> ConversionError:
    """The error that an argument of this name is no path, with what to do with it instead."""
    if hasattr(value, "source") and hasattr(value, "axes"):
        given = f"what is open: give its path, {value.source!r}"
    elif hasattr(value, "shape") and hasattr(value, "dtype"):
        given = "an array: write_image() writes arrays, view() shows them"
    else:
        given = reprlib.repr(value)
    return ConversionError("bad-option", f"{name} must be {expected}, and was given {given}", field or name)


def source_words(source: Any) -> tuple[str, str | None]:
    """The helper's word for a source, and what it reads from standard input: the paths of a list of slices."""
    if isinstance(source, (str, os.PathLike)):
        path = path_of(source, "source", SLICES)
        # A name that starts with @ would be taken for a list.
        return (os.path.join(".", path) if path.startswith("@") else path), None
    return "@-", lines_of(paths_of(source, "source", SLICES))


def lines_of(paths: Iterable[str]) -> str:
    """A list of paths as the helper reads it, a NUL behind each: names may have line breaks in them."""
    return "".join(f"{path}\0" for path in paths)

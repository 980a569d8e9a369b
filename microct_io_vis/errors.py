"""Exceptions and warnings of conversions."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from typing import TypeVar

from .types import Failure

E = TypeVar("E", bound=BaseException)


class ConversionError(RuntimeError):
    """A conversion, or its plan, failed; the message names the file, what was found and what to do.

    Parameters
    ----------
    code : str
        Short, and the same from release to release: ``"not-tiff"``, ``"output-exists"``, ``"cancelled"``, ...
    message : str
        Where several things are wrong at once, a line for each; ``code`` and ``field`` are of the first.
    field : str, optional
        The helper's option at fault, ``"source"`` for the input.

    Attributes
    ----------
    code : str
    field : str or None
    failure : Failure or None
        Dictionary of all that the helper said of it.

    Examples
    --------
    >>> from microct_io_vis import ConversionError, info
    >>> try:
    ...     info("nothing.tif")
    ... except ConversionError as error:
    ...     print(error.code, error.field)
    not-found source
    """

    failure: Failure | None = None

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field

    def _render_traceback_(self) -> list[str]:
        """Lines that IPython shows: the message, and the argument at fault where that does not name it."""
        name = _argument(self.field)
        return _as_message(self) + ([f"argument: {name}"] if name and name not in str(self) else [])

    @classmethod
    def told(cls, failure: Failure) -> ConversionError:
        """The error that the helper told of."""
        messages = [problem["message"] for problem in failure.get("problems") or [failure]]
        error = cls(failure["code"], "\n".join(messages), failure.get("field"))
        error.failure = failure
        return error

    def __reduce__(self) -> tuple[type[ConversionError], tuple[str, str, str | None]]:
        return (type(self), (self.code, str(self), self.field))


def _argument(field: str | None) -> str | None:
    """Name that Python's functions give to an option of the helper's."""
    if field == "levels":
        return "num_levels"
    return field and re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", field)


def _as_message(error: BaseException) -> list[str]:
    return [f"{type(error).__name__}: {error}".removesuffix(": ")]


def shown_as_message(error: E) -> E:
    """The same error, of which IPython shows the message alone: for what a person has mistyped."""
    error._render_traceback_ = lambda: _as_message(error)  # type: ignore[attr-defined]
    return error


class ConversionWarning(UserWarning):
    """Warning about a conversion, or about its plan: slices that are missing, values that were lost, ...

    Examples
    --------
    As errors, in scripts that must not go on with such a volume:

    >>> import warnings
    >>> from microct_io_vis import ConversionWarning
    >>> warnings.simplefilter("error", ConversionWarning)
    """


def warn_of(source: str, messages: Sequence[str]) -> None:
    """Warns of each, at the line that called this package."""
    depth = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame = frame.f_back
        depth += 1
    for message in messages:
        # With the source's name: Python shows the same text of the same line once.
        warnings.warn(f"{source}: {message}", ConversionWarning, stacklevel=depth)

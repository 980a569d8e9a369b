"""What conversions raise, and what they warn of."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)


class ConversionError(RuntimeError):
    """A conversion, or its plan, failed; the message names the file, what was found and what to do.

    ``code`` is short and does not change from release to release (``"not-tiff"``, ``"output-exists"``,
    ``"cancelled"``, ...); ``field`` names the helper's option at fault, ``"source"`` for the input, or is None.
    Where several things are wrong at once the message has a line for each, and ``code`` and ``field`` are of the first.
    """

    failure: dict[str, Any] | None = None
    """All that the helper said of it."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the message says it all."""
        return _as_message(self)

    @classmethod
    def told(cls, failure: dict[str, Any]) -> ConversionError:
        """The error that the helper told of."""
        messages = [problem["message"] for problem in failure.get("problems") or [failure]]
        error = cls(failure["code"], "\n".join(messages), failure.get("field"))
        error.failure = {name: value for name, value in failure.items() if name != "event"}
        return error

    def __reduce__(self) -> tuple[type[ConversionError], tuple[str, str, str | None]]:
        return (type(self), (self.code, str(self), self.field))


def _as_message(error: BaseException) -> list[str]:
    return [f"{type(error).__name__}: {error}"]


def shown_as_message(error: E) -> E:
    """The same error, of which IPython shows the message alone: for what a person has mistyped."""
    error._render_traceback_ = lambda: _as_message(error)  # type: ignore[attr-defined]
    return error


class ConversionWarning(UserWarning):
    """What one should know of a conversion, or of its plan: slices that are missing, values that were lost, ..."""


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

"""What conversions raise."""

from __future__ import annotations


class ConversionError(RuntimeError):
    """A conversion, or its plan, failed; the message names the file, what was found and what to do.

    ``code`` is short and does not change from release to release (``"not-tiff"``, ``"output-exists"``,
    ``"cancelled"``, ...); ``field`` names the helper's option at fault, ``"source"`` for the input, or is None.
    """

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field

    def __reduce__(self) -> tuple[type[ConversionError], tuple[str, str, str | None]]:
        return (type(self), (self.code, str(self), self.field))

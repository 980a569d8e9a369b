"""Files of pictures and films, which have their names when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import shown_as_message


@contextmanager
def whole_file(path: Path, what: str) -> Iterator[Path]:
    """Where a file is written that takes the name ``path`` at the end; whatever goes wrong leaves what was there.

    Raises ``OSError``, in words, where it cannot be written: before anything is made that it is for.
    """
    unfinished = path.with_name(f"{path.name}.partial")
    try:
        unfinished.touch()
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        said = f"the {what} is not written: {error.strerror}"
        raise shown_as_message(OSError(error.errno, said, os.fspath(path))) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)

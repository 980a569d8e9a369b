"""Has the system forget what it keeps of files in its page cache.

On standard input: position, length and path, with a space between them and a zero behind.

The helper runs this beside a conversion whose source does not fit the memory; Node has no such call.
"""

from __future__ import annotations

import os
from itertools import groupby
from operator import itemgetter


def main() -> None:
    rest = b""
    while said := os.read(0, 1 << 16):
        *entries, rest = (rest + said).split(b"\0")
        for path, several in groupby((entry.split(b" ", 2) for entry in entries), key=itemgetter(2)):
            forget(path, [(int(position), int(length)) for position, length, _ in several])


def forget(path: bytes, ranges: list[tuple[int, int]]) -> None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return  # Whoever reads it says what is wrong with it.
    try:
        for position, length in ranges:
            os.posix_fadvise(file, position, length, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


if __name__ == "__main__":
    main()

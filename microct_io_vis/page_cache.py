"""Has the system forget what it keeps of files in its page cache: their paths on standard input, each ended by a zero.

The helper runs this beside a conversion whose source does not fit the memory; Node has no such call.
"""

from __future__ import annotations

import os


def main() -> None:
    rest = b""
    while said := os.read(0, 1 << 16):
        *paths, rest = (rest + said).split(b"\0")
        for path in paths:
            forget(path)


def forget(path: bytes) -> None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return  # Whoever reads it says what is wrong with it.
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


if __name__ == "__main__":
    main()

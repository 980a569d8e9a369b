"""``microct-io-vis`` and ``python -m microct_io_vis``: the command line."""

import sys

from .node import become


def main() -> None:
    become(*sys.argv[1:])


if __name__ == "__main__":
    main()

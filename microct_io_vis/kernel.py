"""``python -m microct_io_vis.kernel CONNECTION_FILE``: the helper as a Jupyter kernel."""

import sys

from .node import become

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m microct_io_vis.kernel CONNECTION_FILE")
    become("kernel", sys.argv[1])

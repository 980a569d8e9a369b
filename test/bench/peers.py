"""The same work by other means, each a command: `peers.py original|tensorstore INPUT OUTPUT LEVELS CODEC`."""

import sys

import numpy
import tifffile

CHUNK = 128


def original(source: str, target: str, levels: int, codec: str, budget: float = 4e9) -> None:
    """tifffile, zarr-python and scikit-image, slab by slab within a budget, each level read back for the next."""
    import zarr
    from skimage.measure import block_reduce
    from zarr.codecs import BloscCodec

    codecs = {"none": None, "blosc-lz4": "lz4", "blosc-zstd": "zstd"}
    cname = codecs[codec]
    compressors = BloscCodec(cname=cname, clevel=5, shuffle="bitshuffle") if cname else None
    root = zarr.open_group(target, mode="w", zarr_format=3)
    pages = tifffile.TiffFile(source).pages
    shape = (len(pages), *pages[0].shape)
    previous = None
    for level in range(levels):
        array = root.create_array(
            str(level),
            shape=shape,
            chunks=(CHUNK,) * 3,
            dtype=pages[0].dtype,
            compressors=compressors,
            fill_value=0,
        )
        slab = (
            max(
                1,
                int(budget / 4 / (CHUNK * shape[1] * shape[2] * pages[0].dtype.itemsize)),
            )
            * CHUNK
        )
        for start in range(0, shape[0], slab):
            stop = min(start + slab, shape[0])
            if previous is None:
                array[start:stop] = tifffile.imread(source, key=range(start, stop))
            else:
                array[start:stop] = block_reduce(previous[2 * start : 2 * stop], 2, numpy.mean).astype(array.dtype)
        previous = array
        shape = tuple(-(-length // 2) for length in shape)


def tensorstore(source: str, target: str, levels: int, codec: str) -> None:
    """TensorStore fed by tifffile, level 0 only: 128 slices at a time, written in the background."""
    import tensorstore as ts

    codecs = [{"name": "bytes", "configuration": {"endian": "little"}}]
    if codec != "none":
        blosc = {
            "cname": codec.removeprefix("blosc-"),
            "clevel": 5,
            "shuffle": "bitshuffle",
        }
        codecs.append({"name": "blosc", "configuration": blosc})
    pages = tifffile.TiffFile(source).pages
    shape = (len(pages), *pages[0].shape)
    store = ts.open(
        {
            "driver": "zarr3",
            "kvstore": {"driver": "file", "path": target},
            "metadata": {"codecs": codecs},
        },
        create=True,
        dtype=pages[0].dtype.name,
        shape=shape,
        chunk_layout=ts.ChunkLayout(chunk_shape=(CHUNK,) * 3),
    ).result()
    writes = []
    for start in range(0, shape[0], CHUNK):
        stop = min(start + CHUNK, shape[0])
        writes.append(store[start:stop].write(tifffile.imread(source, key=range(start, stop))))
        if len(writes) > 1:
            writes.pop(0).result()
    for write in writes:
        write.result()


if __name__ == "__main__":
    peer, source, target, levels, codec = sys.argv[1:]
    {"original": original, "tensorstore": tensorstore}[peer](source, target, int(levels), codec)

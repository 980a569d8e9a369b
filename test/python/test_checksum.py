"""Checksums behind chunks: written so that other libraries check them, and checked."""

import numpy as np
import pytest
import tensorstore
import tifffile
import zarr
from oracle import COMPRESSIONS, Expected, check

CHUNK = (16, 32, 32)


@pytest.fixture(scope="module")
def array():
    return np.random.default_rng(6).normal(1000, 200, (37, 65, 70)).astype("uint16")


@pytest.fixture(scope="module")
def scan(array, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "scan.tif"
    tifffile.imwrite(path, array, photometric="minisblack", metadata=None)
    return path


def read_by_others(output):
    """The voxels of level 0 as zarr-python and TensorStore read them."""
    yield lambda: zarr.open_array(output / "0")[...]
    store = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(output / "0")}}
    yield lambda: tensorstore.open(store, read=True).result().read().result()


@pytest.mark.parametrize("shard", [None, (32, 64, 64)])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_written_and_checked(cli, scan, array, tmp_path, compression, shard):
    output = tmp_path / "out.ome.zarr"
    words = ["-c", *CHUNK, "--compression", compression, *(["--shard", *shard] if shard else [])]
    cli.convert(scan, output, *words, "--checksum", "crc32c")
    own = check(output, Expected(array, chunk=CHUNK, shard=shard, compression=compression, checksum="crc32c"))
    assert own["checksum"] == "crc32c" and own["options"]["checksum"] == "crc32c"
    assert cli("verify", output, "--against", scan, "-q").status == 0
    # The same chunks as without, and four bytes more each.
    plain = tmp_path / "plain.ome.zarr"
    cli.convert(scan, plain, *words)
    if not shard:
        assert (output / "0/c/0/0/0").read_bytes()[:-4] == (plain / "0/c/0/0/0").read_bytes()
    # One bit in the middle of the first chunk: no length and hardly a decoder tells.
    file = output / "0/c/0/0/0"
    data = bytearray(file.read_bytes())
    data[1000] ^= 4
    file.write_bytes(data)
    for read in read_by_others(output):
        # TensorStore hears of gzip's own checksum first.
        with pytest.raises(Exception, match=r"(?i)crc|checksum|digest|inflate"):
            read()
    run = cli("verify", output, "--against", scan, "-q", "--json")
    assert run.status == 1 and "CRC-32C" in run.json["differences"][0]["message"]


def test_refused_where_there_is_none(cli, scan, tmp_path):
    run = cli(
        "convert", scan, tmp_path / "o.ome.zarr", "--ome-zarr", "0.4", "--checksum", "crc32c", "--progress", "json"
    )
    error = run.events[-1]
    assert run.status == 1 and (error["code"], error["field"]) == ("bad-option", "checksum")
    assert "from OME-Zarr 0.5 on" in error["message"] and not (tmp_path / "o.ome.zarr").exists()
    assert cli("convert", scan, "--checksum", "md5").status == 2

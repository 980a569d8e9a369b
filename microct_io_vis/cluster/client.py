"""The client of a cluster, which is looked at before anything is begun."""

from __future__ import annotations

import asyncio
import pkgutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import ConversionError, shown_as_message, warn_of
from ..extras import imported

if TYPE_CHECKING:
    from distributed import Client

PACKAGE = __name__.partition(".")[0]
#: Where workers, too, have the version.
VERSION = f"{PACKAGE}:__version__"
#: Seconds in which a worker should say whether it can import the package, from a slow disk too.
ANSWER = 20


def check_client(client: Client) -> None:
    if not isinstance(client, imported("distributed", "dask").Client):
        what = "where a distributed.Client was expected, such as Client(cluster)"
        raise shown_as_message(TypeError(f"client: {client!r}, {what}"))
    if client.asynchronous:
        raise shown_as_message(ValueError("client: an asynchronous Client cannot be waited for: give a usual one"))
    if client.status in ("closing", "closed"):
        raise shown_as_message(ValueError("client: it is closed: give one that is connected to a cluster"))
    # A worker ends that cannot import what it is to do, and so would each in turn.
    workers = list(client.scheduler_info(n_workers=-1)["workers"])
    found = client.sync(_answers, client, workers)
    silent = [address for address, said in found.items() if isinstance(said, OSError)]
    without = {address: said for address, said in found.items() if isinstance(said, ImportError)}
    if without:
        address, said = next(iter(without.items()))
        where = address if len(without) == 1 else f"{len(without)} workers, such as {address},"
        what = f"{where} cannot import {PACKAGE} ({said}): install microct-io-vis where the workers run, too"
        raise ConversionError("bad-option", what)
    here = pkgutil.resolve_name(VERSION)
    others = {address: said for address, said in found.items() if isinstance(said, str) and said != here}
    if others:
        address, version = next(iter(others.items()))
        where = f"{address} has" if len(others) == 1 else f"{len(others)} workers, such as {address}, have"
        what = f"{where} microct-io-vis {version}, where {here} was expected, as it is here: install the same version"
        raise ConversionError("bad-option", what)
    if silent:
        # Dask goes on without it, if it does not wake up.
        many = f"{len(silent)} workers, such as {silent[0]}, do" if silent[1:] else f"the worker {silent[0]} does"
        what = (
            f"{many} not answer: what is given to such a worker waits until it does, or until Dask gives it to another"
        )
        warn_of("client", [f"{what}: look whether it has stopped, and restart it"])


async def _answers(client: Client, workers: Iterable[str]) -> dict[str, Any]:
    """The package's version of each worker, or why it has none; `TimeoutError` of those that do not say so in time."""
    asked = {
        address: asyncio.ensure_future(client.run(pkgutil.resolve_name, VERSION, workers=[address], on_error="return"))
        for address in workers
    }
    if asked:
        await asyncio.wait(asked.values(), timeout=ANSWER)
    found: dict[str, Any] = {}
    for address, answer in asked.items():
        if answer.done():
            found[address] = answer.exception() or answer.result().get(address)
        else:
            answer.cancel()
            found[address] = TimeoutError()
    return found

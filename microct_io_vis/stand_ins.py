"""What stands for an address that may hold a key (a login, a query) in all that is saved, or that others may see.

The whole address is in this process alone, and in those that it starts, by their environment.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from .arguments import is_of_web, shown_address, source_name, url_parts
from .options import NO_KEY

#: Where the helper looks for addresses, one a line, each behind what stands for it.
VARIABLE = "MICROCT_IO_VIS_ADDRESSES"

_addresses: dict[str, str] = {}
_stand_ins: dict[str, str] = {}
_guard = threading.Lock()


class Address(str):
    """An address, of which ``repr`` shows no key."""

    def __repr__(self) -> str:
        return repr(shown_address(self))


def stand_in_for(text: str) -> str:
    """What stands for an address that may hold a key; all else as it is."""
    if not is_of_web(text):
        return text
    parts = url_parts(text)
    asked = parse_qsl(parts.query, keep_blank_values=True) if parts else []
    if parts and "@" not in parts.netloc and all(re.fullmatch(NO_KEY, name, re.IGNORECASE) for name, _ in asked):
        return text
    with _guard:
        if text not in _stand_ins:
            shown, name = shown_address(text), source_name(text)
            file = "" if source_name(shown) == name else f"file={quote(name)}&"
            # A space would end it where the helper reads it.
            start = re.sub(r"\s+", lambda space: quote(space[0]), shown)
            stand_in = f"{start}#{file}key={secrets.token_hex(4)}"
            _stand_ins[text], _addresses[stand_in] = stand_in, text
        return _stand_ins[text]


def known_of(sources: Iterable[str]) -> dict[str, Address]:
    """Those of the sources that may hold a key, by what stands for them."""
    return {stand_in: Address(each) for each in sources if (stand_in := stand_in_for(each)) != each}


def as_words(words: Iterable[str], others: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Words of a command line, which other users of a machine can read, and what must be in its environment.

    ``others``: addresses by what stands for them, which it must know, too.
    """
    known = dict(others)

    def written(word: str) -> str:
        option, given = re.fullmatch(r"(?s)(--[\w-]+=)?(.*)", word).groups("")  # type: ignore[union-attr]
        address = _addresses.get(given, given)
        stand_in = stand_in_for(address)
        known.update({stand_in: address} if stand_in != address else {})
        return option + stand_in

    hidden_words = [written(word) for word in words]
    return hidden_words, {VARIABLE: "\n".join(" ".join(each) for each in known.items())} if known else {}


def hidden(value: Any) -> Any:
    """The value with what stands for addresses in place of these, at any depth."""
    if isinstance(value, str):
        return stand_in_for(value)
    if isinstance(value, dict):
        return {name: hidden(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(map(hidden, value))
    return list(map(hidden, value)) if isinstance(value, list) else value


def whole(value: Any) -> Any:
    """The value with the addresses that something in it stands for, at any depth."""
    if isinstance(value, str):
        return _addresses.get(value, value)
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    return [whole(each) for each in value] if isinstance(value, list) else value

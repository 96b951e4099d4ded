"""Extract addresses: where a client's documents are e-mailed to."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST = 48  # leaves room under the 64 characters of a local part (RFC 5321) for a number and `+sales`
_RESERVED = frozenset({"abuse", "admin", "hostmaster", "mailer-daemon", "postmaster", "root", "security", "webmaster"})


@dataclass(frozen=True, slots=True)
class ExtractAddress:
    name: str
    domain: str

    @property
    def costs(self) -> str:
        return f"{self.name}@{self.domain}"

    @property
    def sales(self) -> str:
        return f"{self.name}+sales@{self.domain}"

    @property
    def multiple(self) -> str:
        """For one file with several documents in it."""
        return f"{self.name}@multiple.{self.domain}"


def candidates(client_name: str) -> Iterator[str]:
    """Local parts for a client, the plainest first; without end."""
    ascii_text = unicodedata.normalize("NFKD", client_name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_text.replace("'", "")).strip("-")[:_LONGEST].rstrip("-") or "client"
    if base not in _RESERVED:
        yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1

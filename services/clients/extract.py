"""Extract addresses: where a client's documents are e-mailed to."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 48  # leaves room under the 64 characters of a local part (RFC 5321) for a number and `+sales`
_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
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


def clean_name(text: str) -> str:
    """The local part as it is kept. Raises ValueError with words for the person who typed it."""
    name = text.strip().lower()
    if not name:
        raise ValueError("Enter the part before the @.")
    if "@" in name:
        raise ValueError("Enter only the part before the @.")
    if len(name) > LONGEST:
        raise ValueError(f"Use at most {LONGEST} characters; this has {len(name)}.")
    if not _NAME.fullmatch(name):
        raise ValueError(
            "Use letters a to z and digits; between them single dots, hyphens or underscores, such as acme-bakery."
        )
    if name in _RESERVED:
        raise ValueError("This name is reserved. Choose another.")
    return name


def candidates(client_name: str) -> Iterator[str]:
    """Local parts for a client, the plainest first; without end."""
    ascii_text = unicodedata.normalize("NFKD", client_name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_text.replace("'", "")).strip("-")[:LONGEST].rstrip("-") or "client"
    if base not in _RESERVED:
        yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1

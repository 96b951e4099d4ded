"""E-mail addresses as people type them, as mail servers take them, and as they are compared."""

import re
import unicodedata

import idna

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PASTED = "\u200b\u200c\u200d\u2060\ufeff"  # invisible, and often copied along


def clean_email(text: str) -> str:
    """The address without what surrounds it. Raises ValueError with words for the person who typed it."""
    address = _bare(text)
    if not address:
        raise ValueError("Enter an e-mail address.")
    if len(address) > 254:
        raise ValueError("This e-mail address is too long: 254 characters is the most.")
    if re.search(r"\s", address):
        raise ValueError("An e-mail address has no spaces: enter one address, such as name@example.com.")
    local, _, domain = address.rpartition("@")
    if not local or not domain:
        raise ValueError("Enter a whole e-mail address, such as name@example.com.")
    if not local.isascii():
        # Few mail servers take these, and folding them would let two mailboxes pass for one.
        raise ValueError("Before the @, use only letters without accents, digits and signs such as . - _ +")
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        raise ValueError("Check the part before the @: it doesn't look like an e-mail address.")
    if len(ascii_email(address)) > 254:
        raise ValueError("This e-mail address is too long: 254 characters is the most.")
    return address


def ascii_email(address: str) -> str:
    """A cleaned address as it goes to mail servers: an international domain in its ASCII form."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{_ascii_domain(domain)}"


def email_key(text: str) -> str:
    """What the spellings of one address have in common. Never fails: what is no address is only folded."""
    local, at, domain = _bare(text).rpartition("@")
    try:
        # Folding alone would make one of two domains that differ: faß.de and fass.de.
        domain = _ascii_domain(domain)
    except ValueError:
        domain = _fold(domain)
    return _fold(local) + at + domain


def _bare(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().strip(_PASTED).strip()


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _ascii_domain(domain: str) -> str:
    problem = "Check the part after the @: it doesn't look like a domain, such as example.com."
    try:
        ascii_domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        raise ValueError(problem) from None
    labels = ascii_domain.split(".")
    well_formed = len(ascii_domain) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    if len(labels) < 2 or not well_formed or labels[-1].isdigit():
        raise ValueError(problem)
    return ascii_domain

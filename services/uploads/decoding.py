"""The text of a file that comes in pieces, by the encodings that spreadsheets save it in."""

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from services.uploads.records import UnreadableFileError

LARGEST = 10 * 1024 * 1024
"""Bytes: what Slack takes in a form."""

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_WORKBOOK = "This is a spreadsheet, not a CSV file. In your spreadsheet program, save it as CSV and send that."
_OTHERS = {
    b"PK\x03\x04": _WORKBOOK,
    b"PK\x05\x06": _WORKBOOK,
    b"\xd0\xcf\x11\xe0": _WORKBOOK,
    b"%PDF": "This is a PDF, not a CSV file. Fill in the template and send that.",
    b"\x89PNG": "This is a picture, not a CSV file. Fill in the template and send that.",
    b"\xff\xd8\xff": "This is a picture, not a CSV file. Fill in the template and send that.",
    b"GIF8": "This is a picture, not a CSV file. Fill in the template and send that.",
    b"\x1f\x8b": "This is a compressed file. Unpack it and send the CSV file.",
    b"{\\rtf": "This is a text document, not a CSV file. Fill in the template and send that.",
}
_SEEN_FIRST = 8
"""Bytes that tell what a file is."""
_MIXED = (
    "Some characters in this file can't be read. In your spreadsheet program, save it as “CSV UTF-8” and send it again."
)
_BINARY = "This is not a CSV file: it holds characters that no text has. Fill in the template and send that."


def text_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """Pieces of the text, with `\\n` at the end of each line. Raises UnreadableFileError at what is no text."""
    pieces = _first_pieces(iter(chunks))
    decoder = _Decoder()
    ends = io.IncrementalNewlineDecoder(None, translate=True)
    for piece in pieces:
        yield _clean(ends.decode(decoder.decode(piece)))
    yield _clean(ends.decode(decoder.decode(b"", final=True), final=True))


def _clean(text: str) -> str:
    if "\0" in text:
        raise UnreadableFileError(_BINARY)
    return text


def _first_pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, with enough in the first to know the file by."""
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= _SEEN_FIRST:
            break
    for signature, words in _OTHERS.items():
        if start.startswith(signature):
            raise UnreadableFileError(words)
    size = 0
    for piece in chain([start], chunks):
        size += len(piece)
        if size > LARGEST:
            raise UnreadableFileError(
                f"This file is larger than {LARGEST // 1024 // 1024} MB. Split it into several and send each."
            )
        yield piece


class _Decoder:
    """UTF-16 by its mark. Else UTF-8, until the first character beyond ASCII shows that it is not: then cp1252."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = None
        self._unsure = False

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        if self._decoder is None:
            piece = self._begin(piece)
        decoder = self._decoder or codecs.getincrementaldecoder("utf-8")()
        try:
            text = decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            rest = error.object
            # Before this, nothing but ASCII: no character has been read wrongly so far.
            if not self._unsure or not rest[: error.start].isascii():
                raise UnreadableFileError(_MIXED) from None
            self._unsure = False
            self._decoder = codecs.getincrementaldecoder("cp1252")()
            return self.decode(rest, final=final)
        self._unsure = self._unsure and text.isascii()
        return text

    def _begin(self, piece: bytes) -> bytes:
        for mark, encoding in _BYTE_ORDER_MARKS.items():
            if piece.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(encoding)()
                return piece.removeprefix(mark)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._unsure = True
        return piece

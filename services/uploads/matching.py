"""Which client a row stands for: one that there is, one that the file creates, or one that another row has already."""

import uuid

from services.clients.names import code_key, fold, name_key
from services.emails import email_key
from services.uploads import template as the
from services.uploads.records import ClientRow, Known, KnownClient


class Matcher:
    """For the rows of one file, in order."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._codes: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._uncoded: dict[str, str | None] = {}
        """The e-mails of rows without a code, by the folded name."""
        self._taken: dict[uuid.UUID, int] = {}
        self._shortened = {code.lstrip("0"): client for code, client in known.by_code.items() if code[0] == "0"}

    def client(
        self, number: int, row: ClientRow, address: str | None, problems: dict[str, str], warnings: dict[str, str]
    ) -> KnownClient | None:
        """The one that there is, or None. `address` is what the e-mail is compared by."""
        code = row.practice_code and code_key(row.practice_code)
        found = None
        if code:
            if (first := self._codes.setdefault(code, number)) != number:
                problems[the.CODE] = f"Row {first:,} has this practice code, too. Each client needs its own."
            found = self._known.by_code.get(code)
        if found is None and row.name:
            name = name_key(row.name)
            self._compare_names(number, row, name, address, problems, warnings)
            found = self._namesake(row, name, address, problems, warnings)
            if found is None and code in self._shortened:
                _name_lost_zeros(self._shortened[code], name, problems, warnings)
        elif found is not None and row.name and row.name != found.name:
            self._compare_names(number, row, name_key(row.name), address, problems, warnings)
        if found is not None and self._taken.setdefault(found.id, number) != number:
            text = f"Row {self._taken[found.id]:,} is for the same client, {found.name}. Remove one of the two."
            problems.setdefault(the.CODE if code else the.NAME, text)
        return found

    def row_of(self, code: str) -> int | None:
        """The number of the row that has this code."""
        return self._codes.get(code)

    def _compare_names(
        self,
        number: int,
        row: ClientRow,
        name: str,
        address: str | None,
        problems: dict[str, str],
        warnings: dict[str, str],
    ) -> None:
        first = self._names.setdefault(name, number)
        if first == number:
            if row.practice_code is None:
                self._uncoded[name] = address
        elif row.practice_code is None or (name in self._uncoded and self._uncoded[name] == address):
            problems[the.NAME] = f"Row {first:,} has this name, too. Give both a practice code, or remove one."
        else:
            warnings[the.NAME] = f"Row {first:,} has this name, too."

    def _namesake(
        self, row: ClientRow, name: str, address: str | None, problems: dict[str, str], warnings: dict[str, str]
    ) -> KnownClient | None:
        namesakes = self._known.by_name.get(name)
        if not namesakes:
            return None
        open_to_row = [each for each in namesakes if row.practice_code is None or each.practice_code is None]
        same = [each for each in open_to_row if _is_same(each, row.name, address)]
        same = [each for each in same if each.practice_code is None] or same
        if len(same) == 1:
            return same[0]
        first = namesakes[0]
        has_code = "" if first.practice_code is None else f", with the practice code {first.practice_code}"
        if row.practice_code is None:
            problems.setdefault(
                the.NAME,
                f"{first.name} is there already{has_code}. Give a practice code: this client's, or a new one.",
            )
        else:
            warnings[the.NAME] = f"{first.name} is there already{has_code}."
        return None


def _name_lost_zeros(other: KnownClient, name: str, problems: dict[str, str], warnings: dict[str, str]) -> None:
    text = f"{other.name} has the code {other.practice_code}. If Excel took zeros off, format the column as text."
    (problems if name_key(other.name) == name else warnings).setdefault(the.CODE, text)


def _is_same(client: KnownClient, name: str, address: str | None) -> bool:
    if client.contact_email is None or address is None:
        return client.contact_email is None and address is None and fold(client.name) == fold(name)
    return email_key(client.contact_email) == address

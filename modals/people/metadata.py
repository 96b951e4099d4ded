"""What the views of colleagues and teams carry: where in the list the person came from, and what a form showed."""

import uuid

from modals.form import Metadata
from services.colleagues.records import Wish


class PeoplePlace(Metadata):
    query: str = ""
    page: int = 0
    left: bool = False

    @property
    def wish(self) -> Wish:
        return Wish(self.query, self.page, self.left)

    @classmethod
    def at(cls, wish: Wish) -> "PeoplePlace":
        return cls(query=wish.query, page=wish.page, left=wish.left)


class ColleagueMetadata(PeoplePlace):
    """`seen` is the stamp of the rights that a form was filled with."""

    colleague: uuid.UUID
    seen: str = ""

    @property
    def place(self) -> PeoplePlace:
        return PeoplePlace.at(self.wish)

    @classmethod
    def of_colleague(cls, colleague_id: uuid.UUID, place: PeoplePlace, seen: str = "") -> "ColleagueMetadata":
        return cls(colleague=colleague_id, seen=seen, query=place.query, page=place.page, left=place.left)


class TeamMetadata(Metadata):
    """`team` is None in the form for a new one; `seen` is the stamp of the team that a form was filled with."""

    team: uuid.UUID | None = None
    page: int = 0
    seen: str = ""

"""What the views of clients carry: where in the list the person came from, and what they look at."""

import uuid

from pydantic import ConfigDict

from db.models import ClientKind
from modals.form import Metadata
from services.clients.search import Invited, Linked, Whose, Wish


class ListMetadata(Metadata):
    """Which part of the list. Without a choice, deactivated clients are left out.

    The buttons that lead back read it from views that carry more of their own.
    """

    model_config = ConfigDict(extra="ignore")

    query: str = ""
    page: int = 0
    kind: ClientKind | None = None
    invitation: Invited | None = None
    connection: Linked | None = None
    whose: Whose = Whose.ALL
    active: bool | None = True

    @property
    def wish(self) -> Wish:
        return Wish(
            query=self.query,
            page=self.page,
            kind=self.kind,
            invitation=self.invitation,
            connection=self.connection,
            whose=self.whose,
            active=self.active,
        )

    @classmethod
    def at(cls, wish: Wish) -> "ListMetadata":
        return ListMetadata(
            query=wish.query,
            page=wish.page,
            kind=wish.kind,
            invitation=wish.invitation,
            connection=wish.connection,
            whose=wish.whose,
            active=wish.active,
        )

    @property
    def place(self) -> "ListMetadata":
        """Where the list was, without what is looked at."""
        return ListMetadata.at(self.wish)


class ClientMetadata(ListMetadata):
    """`authorisation` is the sign-in that an organisation is chosen by, `user` one of the client's, `part` the page of
    its users or of who can open it, `seen` what the person has seen a warning of."""

    client: uuid.UUID
    authorisation: uuid.UUID | None = None
    user: uuid.UUID | None = None
    part: int = 0
    seen: str | None = None

    @classmethod
    def of_client(
        cls,
        at: ListMetadata,
        client: uuid.UUID,
        *,
        authorisation: uuid.UUID | None = None,
        user: uuid.UUID | None = None,
        part: int = 0,
        seen: str | None = None,
    ) -> "ClientMetadata":
        place = at.place.model_dump()
        return cls(**place, client=client, authorisation=authorisation, user=user, part=part, seen=seen)


class CodesMetadata(ListMetadata):
    """The preview of practice codes: `digest` stands for what it is of, `file` where that came from, if not typed."""

    digest: str | None = None
    file: str | None = None
    file_name: str | None = None

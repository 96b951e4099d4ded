"""What the views of a client carry: where in the list the person came from, and which sign-in they choose by."""

import uuid

from modals.form import Metadata
from services.clients.search import Wish


class ListMetadata(Metadata):
    query: str = ""
    page: int = 0

    @property
    def wish(self) -> Wish:
        return Wish(self.query, self.page)

    @classmethod
    def at(cls, wish: Wish) -> "ListMetadata":
        return cls(query=wish.query, page=wish.page)


class ClientMetadata(ListMetadata):
    client: uuid.UUID
    authorisation: uuid.UUID | None = None

    @property
    def place(self) -> ListMetadata:
        """Where the list was, without the client."""
        return ListMetadata(query=self.query, page=self.page)

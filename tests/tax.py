"""Self-employed clients in the US and Canada to test with, made through the wizard."""

import uuid

from services.actor import Actor
from services.add_client.records import CreatedClient
from services.add_client.service import AddClientService
from tests.builders import to_review

SELF_EMPLOYED = {"name": "Ida Moss", "self_employed": True}


def self_employed(service: AddClientService, actor: Actor, name: str = "Ida Moss") -> uuid.UUID:
    """A client of a practice in one of those regions."""
    details = {**SELF_EMPLOYED, "name": name}
    page = to_review(service, actor, software={"software": "none"}, details=details)
    outcome = service.create(actor, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    return outcome.client_id

"""Self-employed clients to test with, made through the wizard."""

import uuid
from collections.abc import Mapping
from typing import Any

from services.actor import Actor
from services.add_client.records import CreatedClient, WizardPage
from services.add_client.service import AddClientService
from services.add_client.steps import StepName
from tests.builders import ANSWERS

NINO = "AB123456C"
UTR = "1955839661"
TRADE: dict[str, Any] = {"name": "Bakery", "business_type": "self_employment"}
RENTS: dict[str, Any] = {"name": "Rents", "business_type": "uk_property"}


def to_sources(service: AddClientService, actor: Actor, **details: Any) -> WizardPage:
    """A new draft of a self-employed client, at its income sources."""
    page = service.start_over(actor)
    page = service.submit(actor, page.draft_id, StepName.CLIENT_TYPE, {"kind": "solo"})
    typed = {"name": "Mary Gold", **details}
    while page.step is StepName.DETAILS:
        page = service.submit(actor, page.draft_id, StepName.DETAILS, typed)
    return page


def with_sources(service: AddClientService, actor: Actor, page: WizardPage, *sources: dict[str, Any]) -> WizardPage:
    for source in sources:
        page = service.solo.keep_source(actor, page.draft_id, uuid.uuid4(), source, anyway=True)
    return page


def to_solo_review(
    service: AddClientService,
    actor: Actor,
    *sources: dict[str, Any],
    access: Mapping[str, Any] | None = None,
    invite: Mapping[str, Any] | None = None,
    **details: Any,
) -> WizardPage:
    page = with_sources(service, actor, to_sources(service, actor, **details), *(sources or (TRADE,)))
    given: dict[StepName, Mapping[str, Any]] = {
        StepName.ACCESS: access or {},
        StepName.INVITE: invite or ANSWERS[StepName.INVITE],
    }
    while page.step not in {StepName.REVIEW, StepName.ASK}:
        page = service.submit(actor, page.draft_id, page.step, given.get(page.step, {}))
    return page


def created_solo(service: AddClientService, actor: Actor, *sources: dict[str, Any], **more: Any) -> CreatedClient:
    page = to_solo_review(service, actor, *sources, **more)
    outcome = service.create(actor, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    return outcome

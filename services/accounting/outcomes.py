"""What becomes of a job when the provider does not do as asked."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from services.accounting.port import AuthorisationDead, ClientRejected, Limited, NotAuthorised, ProviderError
from services.errors import NotFoundError
from services.jobs import GiveUp, Retry


@contextmanager
def provider_outcome() -> Iterator[None]:
    """A ProviderError becomes a Retry where waiting can help, else a GiveUp, with its words."""
    try:
        yield
    except Limited as limited:
        raise Retry(limited.message, after=limited.retry_after) from limited
    except (AuthorisationDead, ClientRejected, NotAuthorised) as refusal:
        raise GiveUp(refusal.message) from refusal
    except ProviderError as failure:
        raise Retry(failure.message) from failure


@contextmanager
def job_outcome() -> Iterator[None]:
    """The same, but nothing is left to do for a sign-in that ended: who ends it tells its holder."""
    with provider_outcome(), suppress(AuthorisationDead, NotFoundError):
        yield

"""What becomes of a job when the provider does not do as asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.accounting.port import AuthorisationDead, ClientRejected, Limited, NotAuthorised, ProviderError
from services.errors import NotFoundError
from services.jobs import GiveUp, Retry


@contextmanager
def job_outcome() -> Iterator[None]:
    """Over the calls of a job's run. Nothing is left to do for a sign-in that ended: who ends it tells its holder."""
    try:
        yield
    except (AuthorisationDead, NotFoundError):
        pass
    except Limited as limited:
        raise Retry(limited.message, after=limited.retry_after) from limited
    except (ClientRejected, NotAuthorised) as refusal:
        raise GiveUp(refusal.message) from refusal
    except ProviderError as failure:
        raise Retry(failure.message) from failure

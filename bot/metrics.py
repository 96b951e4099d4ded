"""What an operator's monitoring reads, in Prometheus' text format."""

from collections.abc import Iterable, Mapping

from db.models import Lane
from services.jobs import LaneCount

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render(
    lanes: Mapping[Lane, LaneCount] | None, *, refused_signatures: int, unexpected_failures: int, after_tasks: int
) -> str:
    """`lanes` is None when the database does not answer. The rest is of this process."""
    lines = [
        *_metric("database_up", "gauge", "Whether the database answers.", [("", int(lanes is not None))]),
        *_metric("refused_signatures_total", "counter", "Requests not signed by Slack.", [("", refused_signatures)]),
        *_metric(
            "unexpected_failures_total", "counter", "Failures logged under a reference.", [("", unexpected_failures)]
        ),
        *_metric("after_tasks", "gauge", "What is still to do after answers to Slack.", [("", after_tasks)]),
    ]
    counts = {f'{{lane="{lane}"}}': count for lane, count in (lanes or {}).items()}
    if counts:
        due, waiting = _values(counts, "due"), _values(counts, "waiting")
        lines += _metric("jobs_due", "gauge", "Jobs that should run now.", due)
        lines += _metric("jobs_waiting", "gauge", "Jobs that are not due yet, or being done.", waiting)
        lines += _metric("jobs_failed", "gauge", "Jobs given up, and kept to be looked at.", _values(counts, "failed"))
        overdue = [(labels, count.overdue.total_seconds()) for labels, count in counts.items()]
        lines += _metric("jobs_overdue_seconds", "gauge", "How long the oldest job that is due has waited.", overdue)
    return "\n".join([*lines, ""])


def _values(counts: Mapping[str, LaneCount], name: str) -> list[tuple[str, int]]:
    return [(labels, getattr(count, name)) for labels, count in counts.items()]


def _metric(name: str, kind: str, words: str, values: Iterable[tuple[str, float]]) -> list[str]:
    full = f"clientdesk_{name}"
    return [f"# HELP {full} {words}", f"# TYPE {full} {kind}", *(f"{full}{labels} {value}" for labels, value in values)]

"""Every table, one module each. Importing this package fills the metadata."""

from db.models.job import Job, JobOutcome, Lane

__all__ = ["Job", "JobOutcome", "Lane"]

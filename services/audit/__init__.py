"""The audit trail: what is written into it, found in it, and exported from it."""

from services.audit.recording import record, record_without_colleague

__all__ = ["record", "record_without_colleague"]

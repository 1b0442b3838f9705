"""Secrets on their way through the house: taken from a body, sealed, opened in the worker, redacted everywhere else."""

from codeforge_common.secrets.body import take_secrets
from codeforge_common.secrets.keyring import KeyRing
from codeforge_common.secrets.redaction import REDACTED, Redactor, redact

__all__ = ["REDACTED", "KeyRing", "Redactor", "redact", "take_secrets"]

"""What a handler is written with: the mark, its context, and what it may say about its end."""

from codeforge_common.handler.context import BlockingContext, Cancelled, JobContext
from codeforge_common.handler.declared import Handler, handler, handlers_in
from codeforge_common.handler.outcome import Fail, Retry

__all__ = [
    "BlockingContext",
    "Cancelled",
    "Fail",
    "Handler",
    "JobContext",
    "Retry",
    "handler",
    "handlers_in",
]

"""How a function becomes the handler of a job type: the mark on it, and what the mark says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, TypeVar

from codeforge_common.errors import ConfigurationError
from codeforge_common.job import BUILT_IN_TYPES, JobType, is_secret_field

_MARK = "__codeforge_handler__"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_BUILT_IN = {built_in.name: built_in for built_in in BUILT_IN_TYPES}

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A job type with the function that serves it.

    ``function`` gets a :class:`~codeforge_common.handler.JobContext` and is awaited on the event loop, or, where
    ``blocking``, gets a :class:`~codeforge_common.handler.BlockingContext` in a child process of its own. One that
    takes batches gets a list of contexts. ``gather_seconds``: how long a job may wait for others to come along.
    """

    type: JobType
    function: Callable[..., Any]
    blocking: bool = False
    gather_seconds: float = 0.0

    @property
    def batched(self) -> bool:
        """Whether one call takes several jobs."""
        return self.type.batch > 1

    @property
    def name(self) -> str:
        """The job type's name."""
        return self.type.name

    @property
    def address(self) -> str:
        """``module:name`` of the function, by which a child finds it."""
        return f"{self.function.__module__}:{self.function.__qualname__}"


def handler(
    name: str,
    *,
    context_schema: Mapping[str, Any] | None = None,
    secret_fields: Sequence[str] | None = None,
    lease: float | None = None,
    wall_time: float | None = None,
    attempts: int | None = None,
    blocking: bool = False,
    batch: int | None = None,
    wait: float = 0.0,
) -> Callable[[Function], Function]:
    """Marks a module-level function as the handler of job type ``name``; the function itself stays as it is.

    ``context_schema``: JSON schema (2020-12) of the job's ``context``. ``secret_fields``: dotted paths below the body
    whose values are sealed before anything is stored, e.g. ``context.apiKey``; a list on the way stands for each of its
    items (``context.mirrors.password``). A built-in type has both already.
    ``lease``: seconds, at least 3; None takes ``JOB_LEASE_SECONDS``. ``wall_time``: seconds that one attempt may take;
    None is unlimited. ``attempts``: None takes ``JOB_ATTEMPTS``. ``blocking``: the function isn't async; it runs in a
    child process of its own. ``batch``: the function gets up to so many jobs in one call, as a list of contexts, and
    returns a list with an outcome for each. ``wait``: seconds that the first of them may wait for others to come along.

    :raises ConfigurationError: when what is marked can't be a handler.
    """

    def mark(function: Function) -> Function:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"Handler {name!r}: a job type's name is snake_case, at most 64 characters.")
        for rule, broken in (
            ("a lease is at least 3 seconds", lease is not None and lease < 3),
            ("wall_time is more than 0 seconds", wall_time is not None and wall_time <= 0),
            ("a job has at least one attempt", attempts is not None and attempts < 1),
            ("a blocking handler is a plain function", blocking and inspect.iscoroutinefunction(function)),
            ("a handler is async unless blocking=True", not blocking and not inspect.iscoroutinefunction(function)),
            ("a batch has at least two jobs", batch is not None and batch < 2),
            ("a blocking handler takes no batches", batch is not None and blocking),
            ("wait is for a batch, and no less than 0 seconds", wait < 0 or (batch is None and wait != 0)),
        ):
            if broken:
                raise ConfigurationError(f"Handler {name!r}: {rule}.")
        if misspelled := [path for path in secret_fields or () if not is_secret_field(path)]:
            raise ConfigurationError(
                f"Handler {name!r}: secret_fields holds {', '.join(map(repr, misspelled))}. A path begins with"
                " 'context.' and names members with dots between, as 'context.apiKey'; items of a list aren't named."
            )
        known = _BUILT_IN.get(name, JobType(name=name))
        job_type = replace(
            known,
            context_schema=known.context_schema if context_schema is None else context_schema,
            secret_fields=known.secret_fields if secret_fields is None else tuple(secret_fields),
            lease_seconds=lease,
            wall_time_seconds=wall_time,
            attempts=attempts,
            batch=batch or 1,
        )
        setattr(function, _MARK, Handler(type=job_type, function=function, blocking=blocking, gather_seconds=wait))
        return function

    return mark


def handler_of(function: Callable[..., Any]) -> Handler:
    """What :func:`handler` has marked ``function`` as.

    :raises TypeError: it has no such mark.
    """
    mark = getattr(function, _MARK, None)
    if not isinstance(mark, Handler):
        raise TypeError(f"{function!r} is no handler: it has no mark by @handler(…).")
    return mark


def handlers_in(module: ModuleType) -> Sequence[Handler]:
    """The handlers among a module's functions, also those that it imports."""
    marks = (getattr(value, _MARK, None) for value in vars(module).values() if inspect.isfunction(value))
    return [mark for mark in marks if isinstance(mark, Handler)]

"""Handlers by name: how a package offers job types, and how a worker finds them.

A package offers its handlers through the entry point group ``codeforge.handlers``; each entry point names a module
that holds functions marked by :func:`codeforge_common.handler.handler`. Installing it into a worker's environment is
all there is to do:

    [project.entry-points."codeforge.handlers"]
    thumbnails = "acme_thumbnails.handlers"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from codeforge_common.errors import ConfigurationError
from codeforge_common.handler import Handler, handlers_in

ENTRY_POINTS = "codeforge.handlers"


def discover(*, only: Sequence[str] = ()) -> Mapping[str, Handler]:
    """The handlers of all installed packages by job type; ``only`` (``WORKER_TYPES``) limits which are served.

    :raises ConfigurationError: a package that can't be imported or holds no handler, a type offered twice, a type in
        ``only`` that nobody offers.
    """
    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value))
    offered = _by_name(found for point in points for found in _handlers_of(point))
    if missing := sorted(set(only) - set(offered)):
        known = ", ".join(sorted(offered)) or "none"
        raise ConfigurationError(f"WORKER_TYPES: no handler is installed for {', '.join(missing)} (there is: {known}).")
    return {name: found for name, found in offered.items() if not only or name in only}


def _handlers_of(point: EntryPoint) -> Sequence[Handler]:
    origin = f"Entry point {point.name!r} of {point.dist.name if point.dist else 'an unknown package'}"
    try:
        module = point.load()
    except ConfigurationError as error:
        raise ConfigurationError(f"{origin}, {point.value}: {error}") from None
    except Exception as error:
        raise ConfigurationError(f"{origin} can't be imported from {point.value}: {error!r}") from error
    found = handlers_in(module) if isinstance(module, ModuleType) else []
    if not found:
        raise ConfigurationError(f"{origin} names {point.value}, which is no module with a handler in it.")
    return found


def _by_name(handlers: Iterable[Handler]) -> dict[str, Handler]:
    offered: dict[str, Handler] = {}
    for found in handlers:
        other = offered.setdefault(found.name, found)
        if other.function is not found.function:
            raise ConfigurationError(
                f"Job type {found.name!r} has two handlers: {other.address} and {found.address}. Remove one of the"
                " packages, or name the types that this worker serves otherwise."
            )
    return offered

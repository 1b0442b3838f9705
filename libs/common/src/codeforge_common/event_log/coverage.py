"""What one subscription has been given already, by audience. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from codeforge_common.event_log.cursor import Position
from codeforge_common.event_log.update import Audience


@dataclass(slots=True)
class _Span:
    """Everything after ``since`` up to and with ``upto``; None while the audience is joined and live."""

    since: Position
    upto: Position | None

    def holds(self, position: Position) -> bool:
        return self.since < position and (self.upto is None or position <= self.upto)


@dataclass(slots=True)
class Coverage:
    """The stretches of the log in which each audience was complete for this subscription.

    An update was given exactly if it lies in a stretch of one of its audiences. That stays true after a leave, so
    stretches are kept until the log has turned over.
    """

    _spans: dict[Audience, list[_Span]] = field(default_factory=dict)

    def includes(self, position: Position, audiences: Iterable[Audience]) -> bool:
        """Whether the update at ``position`` that concerns ``audiences`` was given."""
        return any(span.holds(position) for audience in audiences for span in self._spans.get(audience, ()))

    def open(self, audience: Audience, *, since: Position) -> None:
        """From now on ``audience`` is complete after ``since``, and live."""
        apart = []
        for span in self._spans.get(audience, ()):
            if span.upto is None or since <= span.upto:
                since = min(since, span.since)
            else:
                apart.append(span)
        self._spans[audience] = [*apart, _Span(since, None)]

    def close(self, audience: Audience, *, newest: Position | None) -> None:
        """``audience`` isn't live any more; what was given of it, up to its ``newest`` update, was given.

        None: the log holds nothing of the audience. Stretches without any update aren't kept, so that a client that
        joins and leaves all day costs no memory.
        """
        for span in self._spans.get(audience, ()):
            if span.upto is None:
                span.upto = span.since if newest is None else max(newest, span.since)
        self._drop(audience, lambda span: span.upto == span.since)

    def forget(self, *, before: Position) -> None:
        """Drops stretches that end at or before ``before``: nothing of them can be replayed."""
        for audience in list(self._spans):
            self._drop(audience, lambda span: span.upto is not None and span.upto <= before)

    def _drop(self, audience: Audience, unwanted: Callable[[_Span], bool]) -> None:
        kept = [span for span in self._spans.pop(audience, ()) if not unwanted(span)]
        if kept:
            self._spans[audience] = kept

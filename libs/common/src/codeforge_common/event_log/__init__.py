"""The one reader of the event log, used by notifier and gateway alike (architecture: Event log).

The log is one stream a namespace, ``{namespace}:events``. An entry holds the updates of one script call:

    n    gapless number of the entry, from 1
    at   bytes appended to the log so far, this entry included
    e    MessagePack: [update, …]; an update is a packed :class:`~codeforge_common.record.PackedRecord`, or
         ``[record, logs, error, result]`` where there is something beside it, as JSON (nil: there isn't)

A cursor is ``<entry id>:<place in the entry>``, the entry's id alone for the whole entry, ``0`` for an empty log.

    tail.py          EventTail: the blocking read, outages, holes
    reader.py        the stream's commands
    feed.py          what is known of the log, and who listens to it
    subscription.py  one socket's or stream's view: one predicate, one order, no doubles
    coverage.py      what a subscription has been given already
    memory.py        the entries in memory, by audience
    entry.py         one entry, decoded
    cursor.py        cursors as they come from clients, and positions
    update.py        what subscribers get
"""

from codeforge_common.event_log.subscription import Subscription
from codeforge_common.event_log.tail import EventTail
from codeforge_common.event_log.update import Audience, AudienceKind, Joined, Update

__all__ = ["Audience", "AudienceKind", "EventTail", "Joined", "Subscription", "Update"]

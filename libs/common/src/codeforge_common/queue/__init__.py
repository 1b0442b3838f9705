"""The doorbell: rings over Kombu. A ring says only "there is work of this type"; losing one costs time, never a job.

A ring is a message without a body in the queue of its job type. It is not acknowledged, it may be lost, doubled or
late, and its headers are only ``traceparent`` (for a link between traces) and ``forwarded``.
"""

from codeforge_common.queue.bell import Bell
from codeforge_common.queue.broker import Broker
from codeforge_common.queue.link import Link

__all__ = ["Bell", "Broker", "Link"]

from __future__ import annotations

from tests.worker.agent.models.fake import serve

__all__ = ["serve"]

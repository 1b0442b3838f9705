"""What a provider of models has to offer. One file for each, which imports the provider's library when it is opened."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from enum import Enum
from typing import Protocol

from codeforge_gateway.chat.prompt import Prompt


class End(Enum):
    """Why an answer is over. A stream that brings none of these was cut."""

    FINISHED = "finished"
    LENGTH = "length"
    FILTERED = "filtered"
    """The provider doesn't want to answer this."""


class Provider(Protocol):
    """A model of a provider. Whatever its calls raise is a failure of the provider."""

    def stream(self, prompt: Prompt) -> AsyncGenerator[str | End, None]:
        """The answer's pieces as they come, then the end. Closing it ends the call at once."""

    async def close(self) -> None:
        """Closes the connections."""

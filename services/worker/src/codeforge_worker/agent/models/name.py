"""Which model the agent uses, and what it takes to reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from codeforge_common.handler import Fail
from codeforge_common.settings import ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Providers that are reached alike: the settings with their key and their address, and where they are without."""

    key: str
    address: str
    usual_address: str


_OPENAI = Family(key="openai_api_key", address="openai_base_url", usual_address="https://api.openai.com/v1")
_ANTHROPIC = Family(key="anthropic_api_key", address="anthropic_base_url", usual_address="https://api.anthropic.com")

PROVIDERS: Mapping[str, Family] = {
    "openai": _OPENAI,
    "openai-chat": _OPENAI,
    "openai-responses": _OPENAI,
    "anthropic": _ANTHROPIC,
}
"""``openai`` and ``openai-chat`` speak Chat Completions, which compatible servers know; ``openai-responses`` speaks
OpenAI's Responses, ``anthropic`` Anthropic's Messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """``provider:name``, as AGENT_MODEL has it."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"


_NO_KEY = "none"
"""The libraries demand a key; a server that wants none ignores it."""


def address_of(name: ModelName, *, settings: ModelSettings) -> str:
    """Where the provider is."""
    family = PROVIDERS[name.provider]
    return getattr(settings, family.address) or family.usual_address


def key_of(name: ModelName, *, settings: ModelSettings) -> str:
    """The provider's key, or a word in its place."""
    key: SecretStr | None = getattr(settings, PROVIDERS[name.provider].key)
    return _NO_KEY if key is None else key.get_secret_value()


def configured(settings: ModelSettings) -> bool:
    """Whether a model can be used at all."""
    return isinstance(_chosen(settings, asker="This"), ModelName)


def required(settings: ModelSettings, *, workflow: str) -> ModelName:
    """The model for ``workflow``, which can't do without one.

    :raises Fail: ``model_not_configured``, which says what to set, or ``model_not_supported``, which lists what is.
    """
    chosen = _chosen(settings, asker=f"The workflow {workflow}")
    if isinstance(chosen, Fail):
        raise chosen
    return chosen


def _chosen(settings: ModelSettings, *, asker: str) -> ModelName | Fail:
    if settings.agent_model is None:
        return Fail(
            "model_not_configured",
            f"{asker} needs a model. Set AGENT_MODEL (provider:name, e.g. openai:… or anthropic:…)"
            " and the provider's key (OPENAI_API_KEY or ANTHROPIC_API_KEY) for the worker.",
        )
    provider, _, name = settings.agent_model.partition(":")
    family = PROVIDERS.get(provider)
    if family is None:
        known = ", ".join(f"{each}:…" for each in PROVIDERS)
        return Fail("model_not_supported", f"AGENT_MODEL names the provider “{provider}”; supported are {known}.")
    if getattr(settings, family.key) is None and getattr(settings, family.address) is None:
        return Fail(
            "model_not_configured",
            f"{asker} needs the model {settings.agent_model}. Set {family.key.upper()} for the worker,"
            f" or {family.address.upper()} for a server that wants no key.",
        )
    return ModelName(provider=provider, name=name)

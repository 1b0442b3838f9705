"""Structured output: asked for as a call of a tool, read strictly.

Tools, because nearly every server knows them; response formats with a JSON schema are refused or ignored by many that
call themselves compatible. One that ignores the demand for a call answers with text: JSON in it is taken as well.
"""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

OutputT = TypeVar("OutputT", bound=BaseModel)

OUTPUT_TOOL = "final_result"

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
_FAULTS_TOLD = 5


class Unusable(Exception):
    """The answer isn't what was asked for; ``str`` says what is wrong, for the model."""


def parameters(output: type[BaseModel]) -> ModelRequestParameters:
    """The request's, which make the model call the output tool and nothing else."""
    tool = ToolDefinition(
        name=OUTPUT_TOOL,
        description="Gives the answer. Call it once, with the whole answer.",
        parameters_json_schema=output.model_json_schema(),
        kind="output",
        # Not every schema is possible in OpenAI's strict mode, and compatible servers know none.
        strict=False,
    )
    return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)


def read(response: ModelResponse, *, output: type[OutputT]) -> OutputT:
    """The answer.

    :raises Unusable: there is none, or it doesn't fit.
    """
    call = next((part for part in response.parts if isinstance(part, ToolCallPart)), None)
    try:
        if call is None:
            return output.model_validate_json(_json(response.text or ""))
        if isinstance(call.args, dict):
            return output.model_validate(call.args)
        return output.model_validate_json(call.args or "{}")
    except ValidationError as error:
        raise Unusable(_told(error, called=call is not None)) from error


def _json(text: str) -> str:
    fenced = _FENCED.search(text)
    return (fenced[1] if fenced else text).strip()


def _told(error: ValidationError, *, called: bool) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)[:_FAULTS_TOLD]
    lines = [f"- {'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}" for fault in faults]
    asked = "" if called else f"Answer by calling the tool {OUTPUT_TOOL}. "
    return f"{asked}The answer can't be used:\n" + "\n".join(lines)

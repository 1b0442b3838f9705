"""The model that the agent thinks with. Importing this loads none of the libraries that speak to one."""

from codeforge_worker.agent.models.budget import Budget, LimitReached
from codeforge_worker.agent.models.conversation import Conversation
from codeforge_worker.agent.models.model import Model, Question, Turn
from codeforge_worker.agent.models.name import ModelName, configured, required
from codeforge_worker.agent.models.opening import opened
from codeforge_worker.agent.models.tool import ToolCall, ToolSpec
from codeforge_worker.agent.models.usage import Usage

__all__ = [
    "Budget",
    "Conversation",
    "LimitReached",
    "Model",
    "ModelName",
    "Question",
    "ToolCall",
    "ToolSpec",
    "Turn",
    "Usage",
    "configured",
    "opened",
    "required",
]

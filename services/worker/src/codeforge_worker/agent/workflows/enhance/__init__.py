"""Changes a repository as the request asks, and opens a pull request. One file for each part of the work."""

from codeforge_worker.agent.workflows.enhance.run import run

__all__ = ["run"]

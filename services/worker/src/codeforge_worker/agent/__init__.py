"""The built-in agent: from a sentence about a repository to an answer."""

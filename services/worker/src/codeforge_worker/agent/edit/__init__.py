"""Changing a repository: the working tree of an attempt, the model's tools in it, and what its changes must satisfy.

Nothing in here knows a model: the tools are plain functions that take and return text.
"""

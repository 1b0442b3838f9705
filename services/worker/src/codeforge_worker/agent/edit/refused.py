"""What a tool answers when it won't do what the model asked."""

from __future__ import annotations


class Refused(Exception):
    """A tool's refusal. ``str`` is the answer for the model: what is wrong, and what it can do instead."""

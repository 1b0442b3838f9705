"""The chat in the foreground: what is answered in the conversation itself, by rules or by a model."""

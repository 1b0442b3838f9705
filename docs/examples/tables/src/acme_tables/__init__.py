"""Job types for tables: each module has one, and shows one way to write a handler."""

"""All tests. `tests/guide` is the tutorial, read it first; the other folders mirror the sources."""

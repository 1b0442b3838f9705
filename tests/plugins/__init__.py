"""Fixtures that start what tests need, and checks that nothing is left behind."""

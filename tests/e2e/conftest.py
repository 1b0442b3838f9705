"""Every test of this folder that starts a house does so over each kind of broker."""

from tests.plugins.house import each_broker

__all__ = ["each_broker"]

"""Gateway and notifier as one ASGI application on one port: the only package that imports two services."""

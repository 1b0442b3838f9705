"""How a running service is looked at: logs, traces, metrics and probes. Nothing is set up at import."""

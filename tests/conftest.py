"""What every test can use; each plugin is one file in tests/plugins."""

pytest_plugins = [
    "tests.plugins.redis_server",
    "tests.plugins.sentinel",
    "tests.plugins.rabbitmq_server",
    "tests.plugins.brokers",
    "tests.plugins.fault_proxy",
    "tests.plugins.namespace",
    "tests.plugins.processes",
    "tests.plugins.repository",
    "tests.plugins.house",
]

"""The chaos run: real services under load, everything broken at random, and then each job checked. ``make chaos``.

plan.py         what is asked for, and what breaks when: a pure function of a seed
stage.py        server, broker, proxies and services, as processes of their own
injector.py     breaks things, as planned
clients.py      people who submit and cancel
watchers.py     people who look on
handlers.py     what the jobs do, and write into a file meanwhile
performance.py  all of it together; collect.py and log.py read what is left
check/          finds what must not be in such a history, whoever made it; tale.py makes some up for its tests
"""

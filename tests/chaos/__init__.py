"""The chaos run: real services under load, everything broken at random, and then each job checked.

plan.py       what is asked for and what breaks when: a pure function of a seed
stage.py      server, broker, proxies and services, as processes of their own
clients.py    people who submit, cancel and watch        handlers.py   what their jobs do, and write down
injector.py   breaks things as planned                   collect.py    reads what is left
check/        finds what must not be, in a history that may be anybody's
"""

from __future__ import annotations

from codeforge_worker.agent.facts.readme import Readme
from tests.worker.agent.facts.measuring import measured

GOOD = """# Engine

It counts, as far as one could wish, and further. {words}

## Getting started ##

```sh
# this is no heading
make run
```

License
-------
MIT
"""


def test_sections_and_what_is_missing() -> None:
    found = measured(Readme(), {"README.md": GOOD.format(words="word " * 60)})
    assert found["sections"] == ["Engine", "Getting started", "License"]
    assert (found["state"], found["missing"]) == ("present", ["contributing"])


def test_a_short_one() -> None:
    assert measured(Readme(), {"readme.txt": "It counts."}) | {"missing": []} == {
        "state": "short", "path": "readme.txt", "words": 2, "sections": [], "missing": []
    }  # fmt: skip


def test_none_at_all() -> None:
    assert measured(Readme(), {"docs/README.md": "x", "README.py": "x"})["state"] == "missing"


def test_markdown_goes_before_anything_else() -> None:
    for names in (["README.md", "README.txt"], ["README.txt", "README.md"]):
        assert measured(Readme(), dict.fromkeys(names, "x"))["path"] == "README.md"


def test_a_binary_one_has_no_words() -> None:
    assert measured(Readme(), {"README": b"\0"})["words"] == 0

from __future__ import annotations

from collections.abc import Iterator

import codeforge_gateway.chat.errors
import codeforge_gateway.errors  # noqa: F401  (so that their classes are in the tree)
from codeforge_common.errors import CodeForgeError
from codeforge_gateway.errors import MISSING, PROBLEMS, Fault, InvalidRequest


def tree(error: type[CodeForgeError]) -> Iterator[type[CodeForgeError]]:
    yield error
    for child in error.__subclasses__():
        yield from tree(child)


def test_every_error_of_the_house_has_its_status() -> None:
    # Other tests make errors of their own, and a worker's never come here.
    ours = ("codeforge_common.", "codeforge_gateway.")
    codes = {error.code for error in tree(CodeForgeError) if error.__module__.startswith(ours)}
    assert codes == set(PROBLEMS)


def test_422_stands_only_for_a_conflicting_idempotency_key() -> None:
    assert [code for code, kind in PROBLEMS.items() if kind.status == 422] == ["idempotency_key_conflict"]


def test_missing_members_are_named_in_the_sentence() -> None:
    error = InvalidRequest([Fault("a", MISSING), Fault("b", "should be of type string"), Fault("c", MISSING)])
    assert str(error) == "Missing: a, c."

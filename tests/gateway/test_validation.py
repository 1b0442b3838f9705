from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_gateway.errors import Fault
from codeforge_gateway.validation import MAX_FAULTS, compiled, faults

SECRET = "ghp_q7pK2vLw9XcT4mNz8RbY"

CASES: list[tuple[dict[str, Any], Any, Fault]] = [
    ({"required": ["a"]}, {}, Fault("a", "is required")),
    ({"type": ["string", "null"]}, 7, Fault("", "should be of type null or string")),
    ({"properties": {"a": {"items": {"minLength": 1}}}}, {"a": ["x", ""]}, Fault("a.1", "should not be empty")),
    ({"minLength": 99}, SECRET, Fault("", "should have at least 99 characters")),
    ({"maxLength": 3}, SECRET, Fault("", "should have at most 3 characters")),
    ({"pattern": "^x"}, SECRET, Fault("", "should match the pattern ^x")),
    ({"enum": ["x", 1]}, SECRET, Fault("", "should be one of x, 1")),
    ({"const": 1}, SECRET, Fault("", "should be 1")),
    ({"minimum": 3}, 1, Fault("", "should be at least 3")),
    ({"maxItems": 1}, [SECRET, SECRET], Fault("", "should have at most 1 items")),
    ({"uniqueItems": True}, [SECRET, SECRET], Fault("", "should have no item twice")),
    ({"additionalProperties": False, "properties": {"a": {}}}, {SECRET: 1}, Fault("", "has members that aren't known")),
    ({"additionalProperties": False}, {SECRET: 1}, Fault("", "isn't allowed")),
    ({"not": {"type": "string"}}, SECRET, Fault("", "breaks the schema's `not`")),
    ({"oneOf": [{"type": "number"}, {"type": "null"}]}, SECRET, Fault("", "breaks the schema's `oneOf`")),
    ({"propertyNames": {"maxLength": 2}}, {SECRET: 1}, Fault("", "breaks the schema's `propertyNames`")),
]


@pytest.mark.parametrize(("schema", "value", "fault"), CASES)
def test_a_fault_says_what_the_schema_wants_and_never_what_came(schema: Any, value: Any, fault: Fault) -> None:
    assert faults(compiled(schema), value) == [fault]


def test_paths_begin_where_the_value_stands() -> None:
    validator = compiled({"properties": {"a": {"type": "string"}}})
    assert faults(validator, {"a": 1}, below="context") == [Fault("context.a", "should be of type string")]
    assert faults(validator, {"a": "x"}, below="context") == []


def test_faults_have_an_end() -> None:
    assert len(faults(compiled({"items": {"type": "string"}}), list(range(5000)))) == MAX_FAULTS


@pytest.mark.parametrize(
    "schema",
    [{"type": "nonsense"}, {"pattern": "("}, {"$ref": "https://example.org/x"}, {"$ref": "file:///etc/passwd"}],
)
def test_what_is_no_schema_or_wants_to_fetch_one_is_refused(schema: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        compiled(schema)


@given(
    st.recursive(st.just(SECRET) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner))
)
def test_no_value_is_ever_repeated(value: Any) -> None:
    for schema, _, _ in CASES:
        for fault in faults(compiled(schema), value):
            assert SECRET not in fault.message
            assert SECRET not in fault.path

"""Merge patches, delays and the tables of codes."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbell import OrderbellError, merge_patch
from orderbell.backoff import full_jitter
from orderbell.codes import AfterClose, AfterError, after_close, after_error

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_follows_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@given(JSON, JSON)
def test_a_merge_patch_changes_neither_argument_and_is_idempotent(target: Any, patch: Any) -> None:
    before = copy.deepcopy((target, patch))
    merged = merge_patch(target, patch)
    assert (target, patch) == before
    assert merge_patch(merged, patch) == merged


@given(JSON, JSON)
def test_a_replacing_patch_leaves_no_null(target: Any, patch: Any) -> None:
    if isinstance(patch, dict):
        merged = merge_patch(target, patch)
        assert all(name not in merged for name, change in patch.items() if change is None)


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_within_its_ceiling(attempt: int, drawn: float) -> None:
    assert 0 <= full_jitter(attempt, lambda: drawn) <= min(20.0, 0.5 * 2 ** min(attempt, 30))


def test_unknown_close_codes_are_lost_connections_and_unknown_errors_are_final() -> None:
    assert after_close(4999) == ("connection lost", AfterClose.BACKOFF)
    assert after_close(4401)[1] is AfterClose.TOKEN
    assert after_error("a_code_to_come") is AfterError.FINAL
    assert after_error("rate_limited", "orders_by_table") is AfterError.LATER
    assert after_error("rate_limited", "open_orders_by_table") is AfterError.FINAL


def test_an_error_frame_with_odd_fields_is_read() -> None:
    error = OrderbellError.of({"type": "error", "retry_after_ms": "soon"})
    assert (error.code, error.retry_after_s) == ("internal", None)

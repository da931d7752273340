"""F1 of fields: how well records were filled in, where a field may be missing.

Precision is the share of filled fields that are right, recall the share of the true fields that were found. A field
that is null counts as not filled, so leaving out what is missing costs nothing and making it up costs precision.

Source: Chinchor 1992, "MUC-4 Evaluation Metrics", for slots filled and slots found.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def field_f1(true: Sequence[Record], given: Sequence[Record]) -> float:
    """The harmonic mean of precision and recall over all fields of all records; 1 if there is nothing to fill.

    >>> round(field_f1([{"a": 1, "b": 2, "c": 3, "d": 4}], [{"a": 1, "b": 2, "c": 0}]), 3)
    0.571
    """
    wanted, filled = _fields(true), _fields(given)
    return 2 * len(wanted & filled) / (len(wanted) + len(filled)) if wanted or filled else 1.0


def _fields(records: Sequence[Record]) -> set[tuple[int, str, Any]]:
    return {(i, name, value) for i, record in enumerate(records) for name, value in record.items() if value is not None}

"""The job type `table_profile`: a blocking handler, for work that computes. Each job has a process of its own."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

from codeforge_common.handler import BlockingContext, Fail, handler

CONTEXT = {"type": "object", "properties": {"csv": {"type": "string"}}, "required": ["csv"]}


@handler("table_profile", context_schema=CONTEXT, wall_time=300, blocking=True)
def table_profile(ctx: BlockingContext) -> dict[str, Any]:
    """Tells of each column of ``context.csv`` how many values it has and which is the most frequent."""
    rows = list(csv.DictReader(io.StringIO(ctx.context["csv"])))
    if not rows:
        raise Fail("empty_table", "The table has no rows.")
    columns = {}
    for done, column in enumerate(rows[0]):
        ctx.progress(100 * done / len(rows[0]), f"Column {column}")  # ends the handler when the job is cancelled
        counts = Counter(row[column] for row in rows)
        [(most_frequent, _)] = counts.most_common(1)
        columns[column] = {"values": len(counts), "mostFrequent": most_frequent}
    ctx.log(f"Looked at {len(rows)} rows")
    return {"rows": len(rows), "columns": columns}

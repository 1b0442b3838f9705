"""Tables for people and for the README."""

from __future__ import annotations

from collections.abc import Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a Markdown table, its columns aligned; numbers to the right."""
    cells = [list(header), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    right = [bool(rows) and isinstance(rows[0][column], int | float) for column in range(len(header))]

    def line(texts: Sequence[str]) -> str:
        padded = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(texts, widths, right, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    print(line(cells[0]))
    print(
        "| "
        + " | ".join(
            "-" * (width - 1) + (":" if to_right else "-") for width, to_right in zip(widths, right, strict=True)
        )
        + " |"
    )
    for texts in cells[1:]:
        print(line(texts))


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)

"""What a section found: a row of the table for each fault."""

import dataclasses


@dataclasses.dataclass
class Row:
    """One fault, what was done, what came of it."""

    section: str
    fault: str
    done: str
    result: str
    good: bool
    seconds: float = 0.0
    figures: dict = dataclasses.field(default_factory=dict)


def table(rows):
    """The rows in Markdown."""
    lines = ["| fault | done | result | time |", "|---|---|---|---|"]
    for row in rows:
        mark = "" if row.good else "**FAILED** "
        cells = (row.fault, row.done, mark + row.result, f"{row.seconds:.0f} s")
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)

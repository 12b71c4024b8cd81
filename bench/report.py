"""The table that `make bench` prints."""

from collections.abc import Sequence

from bench.requests import Figures


def table(
    results: Sequence[tuple[int, Sequence[Figures]]], *, python: str, counted: str = "users"
) -> str:
    """Markdown: per size and request the CPU of both, their ratio beside the goal, the growth."""
    lines = [
        f"Python {python}, one granian worker with one thread, one connection, durable commits.",
        "CPU in µs per request (server + database); the ratio is own T / floor T.",
        "",
        f"| {counted} | request | own | floor | ratio | goal | own req/s | floor req/s | PSS MiB |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size, figures in results:
        for item in figures:
            verdict = "" if item.goal is None or item.ratio <= item.goal else " (missed)"
            promised = "-" if item.goal is None else f"≤ {item.goal}"
            lines.append(
                f"| {size:,} | {item.name} | {item.own:.0f} + {item.own_database:.0f} "
                f"| {item.floor:.0f} + {item.floor_database:.0f} | {item.ratio:.2f}{verdict} "
                f"| {promised} | {item.own_rate:.0f} | {item.floor_rate:.0f} "
                f"| {item.memory:.0f} |"
            )
    (_, first), (_, last) = results[0], results[-1]
    if len(results) < 2:
        return "\n".join(lines)
    lines += [
        "",
        f"| request | T at the most {counted} / T at the fewest | goal |",
        "|---|---:|---:|",
    ]
    for few, many in zip(first, last, strict=True):
        growth = (many.own + many.own_database) / (few.own + few.own_database)
        lines.append(f"| {few.name} | {growth:.2f} | ≤ 1.5 |")
    return "\n".join(lines)

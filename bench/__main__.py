"""Measure the portal beside its floors: `./dev bench [--quick] [--json FILE] [--database NAME] [--profile PAGE]`."""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import statistics
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import common_times, rows, secrecy, single
from bench.load import Result, drive
from bench.rows import FLOORS, ROWS
from bench.stage import Stage
from tests.postgres import server

DATABASES = ("sqlite", "postgresql")


def main() -> None:
    """Measure, print a table, and write the figures as JSON where asked."""
    asked = arguments()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="creneau-bench-")))
        figures = {name: measured(name, folder, asked, running) for name in asked.database or DATABASES}
    if not asked.profile:
        print_tables(figures)
    if asked.readme:
        write_readme(figures)
    if asked.json:
        Path(asked.json).write_text(json.dumps({"cores": os.cpu_count(), "databases": figures}, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Speed, beside floors measured in the same run.")
    parser.add_argument("--quick", action="store_true", help="three minutes instead of twenty, and no million rows")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md, too")
    parser.add_argument("--database", action="append", choices=DATABASES, help="only this one")
    parser.add_argument(
        "--profile", choices=[*single.PAGES, "booking"], help="show where the time of one goes, instead"
    )
    return parser.parse_args()


def measured(name: str, folder: Path, asked: argparse.Namespace, running: ExitStack) -> dict[str, Any]:
    """Measure everything on one kind of database."""
    place = folder / name
    place.mkdir(mode=0o700)
    postgres = running.enter_context(server(durable=True)) if name == "postgresql" else None
    stage = Stage(name, place, postgres)
    try:
        if asked.profile:
            profile(stage, asked.profile)
            return {}
        return {"rates": rates(stage, asked.quick), **others(stage, asked.quick)}
    finally:
        stage.close()


def rates(stage: Stage, quick: bool) -> dict[str, Any]:
    """Measure every row beside its floor, by turns; what counts is the median of the rounds' ratios."""
    rounds, seconds = (3, 0.8) if quick else (5, 2.0)
    say(f"{stage.name}: rates beside the floors")
    found: dict[str, list[Result]] = {name: [] for name in (*FLOORS, *(row.name for row in ROWS))}
    for turn in range(rounds + 1):
        for name, step in FLOORS.items():
            found[name].append(drive(stage.floors().port, step, seconds=seconds))
        for row in ROWS:
            result = drive(row.server(stage).port, row.step(turn), clients=row.clients, seconds=seconds)
            found[row.name].append(result)
        if turn == 0:  # the first round warms up
            found = {name: [] for name in found}
    return {
        **{name: {"rate": _middle(found[name])} for name in FLOORS},
        **{row.name: told(row, found, stage) for row in ROWS},
    }


def told(row: rows.Row, found: dict[str, list[Result]], stage: Stage) -> dict[str, Any]:
    """Tell a row's figures."""
    pairs = zip(found[row.name], found[row.floor], strict=True)
    statuses: Counter[int] = sum((result.statuses for result in found[row.name]), Counter())
    return {
        "floor": row.floor,
        "rate": _middle(found[row.name]),
        "ratio": round(statistics.median(mine.rate / floor.rate for mine, floor in pairs), 3),
        "goal": row.goal[stage.name],
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "slowest": round(max(result.slowest for result in found[row.name]), 3),
    }


def _middle(results: list[Result]) -> float:
    return round(statistics.median(result.rate for result in results), 1)


def others(stage: Stage, quick: bool) -> dict[str, Any]:
    """Measure what is no rate."""
    rounds, seconds = (3, 0.4) if quick else (5, 1.5)
    sizes = (0, 1_000, 10_000) if quick else (0, 1_000, 10_000, 100_000)
    found: dict[str, Any] = {}
    found["statements"] = step(stage, "statements", lambda: single.statements(stage))
    found["growth"] = step(stage, "growth", lambda: single.growth(stage, sizes, rounds, seconds))
    if not quick:
        found["a million elsewhere"] = step(
            stage, "a million", lambda: single.outside(stage, 1_000_000, rounds, seconds)
        )
    found["600 deep over 6 deep"] = step(stage, "depth", lambda: single.depth(stage, rounds, seconds))
    found["what the ledger costs"] = step(stage, "the ledger", lambda: single.guarantee(stage, rounds, seconds * 2))
    found["customer or stranger"] = step(stage, "secrecy", lambda: secrecy.compare(stage, 100 if quick else 300))
    found["common times"] = step(stage, "common times", lambda: common_times.measure(stage, 5 if quick else 21))
    found["mails a second"] = step(stage, "mails", lambda: single.mails(stage, 500 if quick else 3_000))
    found["one worker's megabytes"] = step(stage, "memory", lambda: single.memory(stage, 2_000 if quick else 10_000))
    found["first visit"] = step(stage, "first visit", lambda: single.first_visit(stage))
    return found


def step(stage: Stage, name: str, measure: Any) -> Any:
    """Say what is being measured, and measure it."""
    say(f"{stage.name}: {name}")
    return measure()


def profile(stage: Stage, page: str) -> None:
    """Show where the time of a page or a booking goes, in one process."""
    client = stage.backend(10_000).app.test_client()
    if page == "booking":
        requests = [("/api/v1/appointments", _booking(number)) for number in range(330)]
    else:
        requests = [(single.PAGES[page][0], None)] * 330
    headers = {"HX-Request": "true"} if page != "booking" and single.PAGES[page][1] else {}
    profiler = cProfile.Profile()
    for number, (path, body) in enumerate(requests):
        if number == 30:  # warm
            profiler.enable()
        client.post(path, json=body) if body else client.get(path, headers=headers)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


def _booking(number: int) -> dict[str, Any]:
    customer = {"email": f"p{number}@example.com", "name": "Camille Client"}
    return {"site": "bordeaux", "planning": "large", "start": rows.start_of(number), "customer": customer}


def print_tables(figures: dict[str, Any]) -> None:
    """Print the figures as people read them."""
    print(f"\n{'':40}{'database':>12}{'rate/s':>10}{'floor':>7}{'ratio':>8}{'goal':>7}  reached  answers")
    for name, found in figures.items():
        for floor in FLOORS:
            print(f"{floor:40}{name:>12}{found['rates'][floor]['rate']:>10}")
        for row in ROWS:
            told = found["rates"][row.name]
            reached = "yes" if told["ratio"] >= told["goal"] else "NO"
            answers = ", ".join(f"{status}: {count}" for status, count in told["statuses"].items())
            line = f"{row.name:40}{name:>12}{told['rate']:>10}{told['floor']:>7}{told['ratio']:>8}{told['goal']:>7}"
            print(f"{line}  {reached:7}  {answers}; slowest {told['slowest']} s")
    for name, found in figures.items():
        print(f"\n{name}")
        for what, value in found.items():
            if what != "rates":
                print(f"  {what}: {json.dumps(value)}")


def write_readme(figures: dict[str, Any]) -> None:
    """Put the table between the marks of the README."""
    heads = " | ".join(f"{name}, rate/s | × floor" for name in figures)
    lines = [
        f"| what, 10,000 appointments | floor | {heads} | goal |",
        "| --- | --- |" + " ---: | ---: |" * len(figures) + " --- |",
    ]
    lines[1] = lines[1].replace("||", "|")
    for row in ROWS:
        told = [found["rates"][row.name] for found in figures.values()]
        cells = " | ".join(f"{one['rate']:.0f} | {one['ratio']:.2f}" for one in told)
        goals = " / ".join(f"{one['goal']:.2f}" for one in told)
        lines.append(f"| {row.name} | {row.floor} | {cells} | {goals} |")
    readme = Path(__file__).parent.parent / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition("<!-- bench -->")
    after = rest.partition("<!-- /bench -->")[2]
    readme.write_text(f"{before}<!-- bench -->\n" + "\n".join(lines) + f"\n<!-- /bench -->{after}", encoding="utf-8")


def say(words: str) -> None:
    """Tell on standard error how far we are."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

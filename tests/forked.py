"""Short commands, each in a process of its own that is a copy of one which has imported the portal.

To import it takes longer than what most commands do. What goes on for longer, the server and the worker, is started
from nothing (``tests.served``), and so is every command of the wheel (``tests.test_wheel``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zoneinfo
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.crowd import context
from tests.patience import PATIENCE

STREAMS = ("stdin", "stdout", "stderr")


def run(
    words: Sequence[str], *, told: str, folder: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``creneau`` to its end in a folder and an environment; ``told`` is its standard input."""
    with tempfile.TemporaryDirectory() as place:
        streams = [Path(place, name) for name in STREAMS]
        streams[0].write_text(told, encoding="utf-8")
        process = context.Process(target=_become, args=(tuple(words), streams, folder, dict(environ)))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        _, said, complained = (stream.read_text(encoding="utf-8") for stream in streams)
    return subprocess.CompletedProcess(["creneau", *words], process.exitcode or 0, said, complained)


def _become(words: tuple[str, ...], streams: list[Path], folder: Path, environ: dict[str, str]) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    zoneinfo.reset_tzpath()
    for number, (name, path) in enumerate(zip(STREAMS, streams, strict=True)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
        setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    sys.argv = ["creneau", *words]
    from portal.cli import main

    main()

"""What the terminal shows while an audit works: a bar a stage, or a line a stage where nobody watches."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from assay.cli.ending import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress, TaskID

P = ParamSpec("P")
T = TypeVar("T")


class Display:
    """Shows the stages on standard error, which leaves standard output to the verdict.

    An `assay.manifest.StageRunner` in `stage`, and the listener that `assay.auditing.run_audit` takes in `progress`.

    Parameters
    ----------
    quiet
        Whether to show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bars: Progress | None = None
        self._running: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Start the bars where there is a terminal."""
        from rich.console import Console

        console = Console(stderr=True, highlight=False)
        if not self._quiet and console.is_terminal:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._bars = Progress(
                SpinnerColumn("line", finished_text="+"),  # ASCII: not every terminal speaks Unicode
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=console,
            )
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        if self._bars is not None:
            self._bars.stop()

    def stage(self, name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a stage and show that it runs."""
        if self._quiet:
            return function(*args, **kwargs)
        if self._bars is None:
            return self._with_line(name, function, *args, **kwargs)
        bar = self._bars.add_task(name, total=None)
        self._running[name] = bar
        result = function(*args, **kwargs)
        self._bars.update(bar, total=1, completed=1)
        return result

    def progress(self, name: str, fraction: float) -> None:
        """Move the bar of a stage to `fraction` in [0, 1]."""
        if self._bars is not None and name in self._running:
            # Never full before the stage has returned: a full bar stops its clock.
            self._bars.update(self._running[name], total=1, completed=min(fraction, 0.99))

    def _with_line(self, name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        start = time.perf_counter()
        result = function(*args, **kwargs)
        say(f"assay: {name}: {time.perf_counter() - start:.1f} s", sys.stderr)
        return result

"""A time limit for the reader's code, so that a loop that never ends becomes a sentence instead of a program that hangs.

A timer of the system interrupts the code wherever it is, even while it sleeps. Windows has no such timer: there a second
thread interrupts the main one, which stops a loop, but not a single call that takes long. Both need the main thread, where
scripts and the cells of a notebook run; in any other thread the code runs without a limit.
"""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN = 0.5  # seconds: the next attempt, if the code has caught the first


class TimeUp(BaseException):
    """The time is over. Not an ``Exception``: an ``except Exception`` of the reader's code must not catch it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TimeUp`` in the ``with`` block once it has run for that long.

    Args:
        seconds: above 0.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    start, number = (_alarm, signal.SIGALRM) if hasattr(signal, "setitimer") else (_watch, signal.SIGINT)
    inside = True
    over = threading.Event()  # from then on the signal comes from here, not from the user

    def interrupted(received: int, frame: FrameType | None) -> None:
        if not over.is_set():
            raise KeyboardInterrupt
        if inside:
            raise TimeUp

    before = signal.signal(number, interrupted)
    stop = start(seconds, over)
    try:
        yield
    finally:
        inside = False
        stop()
        signal.signal(number, before if before is not None else signal.SIG_DFL)


def _alarm(seconds: float, over: threading.Event) -> Callable[[], object]:
    """Start the system's timer; returns what stops it."""
    over.set()
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    return lambda: signal.setitimer(signal.ITIMER_REAL, 0)


def _watch(seconds: float, over: threading.Event) -> Callable[[], object]:
    """Start a thread that interrupts the main one; returns what stops it."""
    done = threading.Event()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            over.set()
            _thread.interrupt_main()
            wait = AGAIN

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()

    def stop() -> None:
        done.set()
        thread.join()

    return stop

"""The cooperative loop of a worker: requests come first; while none waits, background work advances by slices."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator

from models.core.errors import UserError
from models.numerics.tracing import sweep
from models.protocol.lifecycle import Dropped, Failed, Shutdown
from models.protocol.messages import Reply, Request
from models.workers.line import Line

# Work in slices: yields a reply to be sent, or None where it may be interrupted.
Job = Iterator[Reply | None]
# A handler replies at once, returns a job that replies later, or has nothing to say.
Handled = Reply | Job | None


class Jobs:
    """Queue of background jobs by the id of their request; each turn advances one of them by a slice."""

    def __init__(self) -> None:
        self._jobs: dict[int, tuple[str, Job]] = {}
        self.paused = False

    @property
    def waiting(self) -> bool:
        """Whether a job may be advanced."""
        return bool(self._jobs) and not self.paused

    def add(self, request: Request, job: Job) -> None:
        """Queue ``job`` as the work of ``request``."""
        self._jobs[request.id] = (type(request).__name__, job)

    def cancel(self, identity: int) -> None:
        """Drop the job of the request ``identity``, if it is still queued."""
        entry = self._jobs.pop(identity, None)
        if entry is not None:
            _close(entry[1])

    def cancel_kind(self, *kinds: type[Request]) -> None:
        """Drop all jobs of these kinds of request and reply :class:`Dropped` to each."""
        names = {kind.__name__ for kind in kinds}
        for identity, (name, job) in self._jobs.items():
            if name in names:
                _close(job)
                self._jobs[identity] = (Dropped.__name__, iter((Dropped(identity),)))

    def running(self, kind: type[Request]) -> bool:
        """Return whether a job of this kind of request is queued."""
        return any(name == kind.__name__ for name, _ in self._jobs.values())

    def step(self) -> Reply | None:
        """Advance the job that has waited longest by one slice and return its reply, if any."""
        identity, (kind, job) = next(iter(self._jobs.items()))
        del self._jobs[identity]
        try:
            reply = next(job)
        except StopIteration:
            return None
        except Exception as error:
            return failure(identity, kind, error)
        # Back to the end of the queue: with several jobs, each gets its turn.
        self._jobs[identity] = (kind, job)
        return reply


def serve(line: Line, handle: Callable[[Request], Handled], jobs: Jobs) -> None:
    """Handle requests until :class:`Shutdown`; while none waits, advance ``jobs``. EOFError when the pipe closes."""
    while True:
        if not jobs.waiting or line.waiting():
            # Memory is given back while nobody drags.
            request = line.receive(sweep)
            if isinstance(request, Shutdown):
                return
            reply = _handled(request, handle, jobs)
        else:
            line.begin()
            reply = jobs.step()
        if reply is not None:
            line.send(reply)


def failure(identity: int, kind: str, error: Exception) -> Failed:
    """Return an exception as data: its message for the person, its traceback for the log."""
    expected = isinstance(error, UserError | ValueError | MemoryError)
    text = str(error) or type(error).__name__
    message = text if expected else f"internal error: {type(error).__name__}: {text}"
    return Failed(identity, kind, message, "".join(traceback.format_exception(error)))


def _handled(request: Request, handle: Callable[[Request], Handled], jobs: Jobs) -> Reply | None:
    """Return the reply to a request; a job is queued instead."""
    try:
        handled = handle(request)
    except Exception as error:
        return failure(getattr(request, "id", 0), type(request).__name__, error)
    if not isinstance(handled, Iterator):
        return handled
    jobs.add(request, handled)
    return None


def _close(job: Job) -> None:
    close = getattr(job, "close", None)
    if close is not None:
        close()

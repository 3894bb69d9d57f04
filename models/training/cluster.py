"""The machines that train together, as TensorFlow's variable TF_CONFIG tells each of them.

``{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker", "index": 0}}``: the same cluster on
every machine, and its own place in it. Checked here, before TensorFlow would wait for machines that do not exist.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.core.errors import UserError

VARIABLE = "TF_CONFIG"
EXAMPLE = '{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker", "index": 0}}'
JOBS = ("chief", "worker")


@dataclass(frozen=True)
class Cluster:
    """The number of workers, and whether this is the one that writes files."""

    workers: int
    chief: bool


def read_cluster(text: str | None = None) -> Cluster:
    """Return what ``text``, or $TF_CONFIG, says; UserError that tells what it lacks."""
    text = os.environ.get(VARIABLE) if text is None else text
    if not text:
        raise UserError(VARIABLE, f"it is not set; every machine needs it, the first one {EXAMPLE}")
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UserError(VARIABLE, f"it is not JSON ({error}); it should be like {EXAMPLE}") from error
    cluster, task = _part(values, "cluster"), _part(values, "task")
    jobs = {str(job): _addresses(job, addresses) for job, addresses in cluster.items()}
    unknown = sorted(set(jobs) - set(JOBS))
    if unknown or not jobs:
        raise UserError(VARIABLE, f"its jobs are worker and chief, not {', '.join(unknown) or 'none'}")
    return _placed(jobs, task)


def _placed(jobs: Mapping[str, list[str]], task: Mapping[str, object]) -> Cluster:
    kind, index = task.get("type"), task.get("index")
    if not isinstance(kind, str) or kind not in jobs:
        raise UserError(VARIABLE, f"the type of its task is one of {', '.join(jobs)}, not {kind!r}")
    if type(index) is not int or not 0 <= index < len(jobs[kind]):
        raise UserError(VARIABLE, f"the index of its task is 0 to {len(jobs[kind]) - 1}, not {index!r}")
    everyone = [address for addresses in jobs.values() for address in addresses]
    if len(set(everyone)) < len(everyone):
        raise UserError(VARIABLE, "an address stands twice in its cluster")
    return Cluster(len(everyone), index == 0 and (kind == "chief" or "chief" not in jobs))


def _part(values: object, name: str) -> Mapping[str, object]:
    part = values.get(name) if isinstance(values, dict) else None
    if not isinstance(part, dict):
        raise UserError(VARIABLE, f"it has no {name}; it should be like {EXAMPLE}")
    return part


def _addresses(job: str, addresses: object) -> list[str]:
    if not isinstance(addresses, list) or not addresses:
        raise UserError(VARIABLE, f"{job} in its cluster must be a list of addresses, host:port")
    for address in addresses:
        if not isinstance(address, str) or re.fullmatch(r".+:\d{1,5}", address) is None:
            raise UserError(VARIABLE, f"an address is host:port, not {address!r}")
    return [str(address) for address in addresses]

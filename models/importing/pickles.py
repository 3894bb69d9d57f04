"""Read pickles of plain data without unpickling: a table of a few steps, and no function is ever called by its name.

What a pickle asks to be called becomes a record of the name and the arguments. Only those names that PyTorch needs for
tensors are known, and a few that stand for settings; a pickle with any other is refused.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import BinaryIO

from models.core.text import shortened
from models.importing.refusal import RefusedError

WAY_ON = "save the weights alone: torch.save(model.state_dict(), 'weights.pt'), or export the model to ONNX"
MOST_STEPS = 1_000_000
DICTIONARIES = ("collections.OrderedDict", "builtins.dict", "collections.defaultdict")
TENSORS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
PARAMETERS = ("torch._utils._rebuild_parameter", "torch.nn.parameter.Parameter")
# Stand for settings and numbers beside the weights: kept as names, never made.
BESIDES = (
    "argparse.Namespace", "builtins.set", "builtins.int", "builtins.float", "builtins.list", "builtins.tuple",
    "numpy.dtype", "numpy.ndarray", "pathlib.PosixPath", "pathlib.WindowsPath", "torch.Size", "torch.device",
    "_codecs.encode", "numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct", "numpy._core.multiarray.scalar",
)  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A name that a pickle asks for."""

    name: str


@dataclass(frozen=True)
class Made:
    """What would be made by calling ``name`` with ``arguments``; nothing is."""

    name: str
    arguments: tuple[object, ...]


@dataclass(frozen=True)
class Stored:
    """What a pickle says is kept elsewhere."""

    key: tuple[object, ...]


_MARK = object()
_PLAIN = frozenset({
    "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BINSTRING", "SHORT_BINSTRING", "STRING", "BINBYTES",
    "SHORT_BINBYTES", "BINBYTES8", "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT",
})  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_pickle(file: BinaryIO) -> object:
    """Return the data of one pickle: dictionaries, lists, tuples, numbers, texts and records of the rest."""
    machine = _Machine()
    try:
        for count, (step, argument, _) in enumerate(pickletools.genops(file)):
            if count > MOST_STEPS:
                raise RefusedError("its pickle is too long for a model")
            machine.step(step.name, argument)
        return machine.stack[-1]
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, StopIteration) as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError("its pickle is truncated or damaged") from error


class _Machine:
    """The stack of a pickle."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self._memory: dict[int, object] = {}

    def step(self, name: str, argument: object) -> None:
        """Do one step."""
        if name in _PLAIN:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            count = _TUPLES[name]
            self.stack[-count:] = [tuple(self.stack[-count:])]
        else:
            work = getattr(self, f"_{name.lower()}", None)
            if work is None:
                raise RefusedError(f"its pickle takes the step {name}, which weights do not need", WAY_ON)
            work(argument)

    def _since_mark(self) -> list[object]:
        # From the top, without a copy: a stack of marks alone would be copied as often as it is high.
        place = next(place for place in range(len(self.stack) - 1, -1, -1) if self.stack[place] is _MARK)
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _proto(self, argument: object) -> None:
        """Skip what says how the rest is written."""

    _frame = _stop = _proto

    def _mark(self, argument: object) -> None:
        self.stack.append(_MARK)

    def _pop(self, argument: object) -> None:
        self.stack.pop()

    def _empty_dict(self, argument: object) -> None:
        self.stack.append({})

    def _empty_list(self, argument: object) -> None:
        self.stack.append([])

    _empty_set = _empty_list

    def _empty_tuple(self, argument: object) -> None:
        self.stack.append(())

    def _tuple(self, argument: object) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _list(self, argument: object) -> None:
        self.stack.append(self._since_mark())

    def _dict(self, argument: object) -> None:
        self.stack.append(_pairs(self._since_mark()))

    def _append(self, argument: object) -> None:
        item = self.stack.pop()
        self._extend([item])

    def _appends(self, argument: object) -> None:
        self._extend(self._since_mark())

    _additems = _appends

    def _extend(self, items: list[object]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)

    def _setitem(self, argument: object) -> None:
        pair = self.stack[-2:]
        del self.stack[-2:]
        self._update(pair)

    def _setitems(self, argument: object) -> None:
        self._update(self._since_mark())

    def _update(self, items: list[object]) -> None:
        if isinstance(self.stack[-1], dict):
            self.stack[-1].update(_pairs(items))

    def _binput(self, argument: object) -> None:
        self._memory[int(str(argument))] = self.stack[-1]

    _long_binput = _put = _binput

    def _memoize(self, argument: object) -> None:
        self._memory[len(self._memory)] = self.stack[-1]

    def _binget(self, argument: object) -> None:
        self.stack.append(self._memory[int(str(argument))])

    _long_binget = _get = _binget

    def _global(self, argument: object) -> None:
        self.stack.append(_allowed(str(argument).replace(" ", ".")))

    def _stack_global(self, argument: object) -> None:
        module, name = self.stack[-2:]
        self.stack[-2:] = [_allowed(f"{module}.{name}")]

    def _reduce(self, argument: object) -> None:
        asked, arguments = self.stack[-2:]
        self.stack[-2:] = [_record(asked, arguments)]

    _newobj = _reduce

    def _build(self, argument: object) -> None:
        """Drop what would be set on an object: of a dictionary of weights, what PyTorch notes beside it."""
        self.stack.pop()

    def _binpersid(self, argument: object) -> None:
        key = self.stack.pop()
        self.stack.append(Stored(key if isinstance(key, tuple) else (key,)))


def _pairs(items: list[object]) -> dict[object, object]:
    keys, values = items[::2], items[1::2]
    return dict(zip(keys, values, strict=True))


def _allowed(name: str) -> Named:
    """Return a name that is known to stand for data; :class:`RefusedError` for any other."""
    name = name.replace("__builtin__.", "builtins.")
    storage = name.startswith("torch.") and name.endswith("Storage")
    number = name.startswith("torch.") and name.count(".") == 1 and name.islower()
    if not (storage or number or name in (*DICTIONARIES, *TENSORS, *PARAMETERS, *BESIDES)):
        raise RefusedError(f"it holds more than weights: {shortened(name)}, whose code is never run", WAY_ON)
    return Named(name)


def _record(asked: object, arguments: object) -> object:
    if not isinstance(asked, Named) or not isinstance(arguments, tuple):
        raise RefusedError("it calls what is no name, which weights do not need", WAY_ON)
    if asked.name in DICTIONARIES:
        first = arguments[0] if arguments else []
        items = first if isinstance(first, list) else []
        return {pair[0]: pair[1] for pair in items if isinstance(pair, list | tuple) and len(pair) == 2}
    if asked.name in PARAMETERS:
        return arguments[0]
    return Made(asked.name, arguments)

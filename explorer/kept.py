"""What is kept in memory of what was made: within a budget in bytes, with a lock a key."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image
from torch import Tensor, nn

from explorer.wanted import holding

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
NUMBER = 100  # bytes, of one in a dictionary, with its key
MODULES: WeakKeyDictionary[nn.Module, int] = WeakKeyDictionary()  # to walk one takes milliseconds


class Locks:
    """A lock a key, which is there as long as somebody holds it or waits for it."""

    def __init__(self):
        self._map = Lock()  # held for a moment only
        self._locks: dict[Hashable, tuple[Lock, int]] = {}

    @contextmanager
    def holding(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of a key in the block. Raises NotWanted when the wait is not wanted any more."""
        with self._map:
            lock, users = self._locks.get(key, (Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with holding(lock):
                yield
        finally:
            with self._map:
                lock, users = self._locks.pop(key)
                if users > 1:
                    self._locks[key] = lock, users - 1


class Kept(Generic[K, V]):
    """Values by key. Beyond `budget` bytes those that were not used for longest go, never the last one.

    Who holds a value that goes can use it on. Safe to use from several threads: who asks for what is there
    never waits, and of those who ask for what is not, one makes it.
    """

    def __init__(self, budget: int):
        self.budget = budget
        self._map = Lock()  # held for a moment only
        self._locks = Locks()
        self._values: OrderedDict[K, V] = OrderedDict()
        self._sizes: dict[K, int] = {}

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of a key; `make` is only called when it is not kept (any more)."""
        found = self.find(key)
        if found is None:
            with self._locks.holding(key):
                found = self.find(key)
                if found is None:
                    found = make()
                    self.put(key, found)
        return found

    def find(self, key: K) -> V | None:
        """Return the value of a key, if it is kept."""
        with self._map:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value."""
        size = nbytes(value)
        with self._map:
            self._values[key], self._sizes[key] = value, size
            self._values.move_to_end(key)
            self._drop()

    def trim(self) -> None:
        """Drop what is beyond the budget, where values may have grown since they came."""
        with self._map:
            self._sizes = {key: nbytes(value) for key, value in self._values.items()}
            self._drop()

    def _drop(self) -> None:
        total = sum(self._sizes.values())
        while total > self.budget and len(self._values) > 1:
            key, _ = self._values.popitem(last=False)
            total -= self._sizes.pop(key)

    @property
    def nbytes(self) -> int:
        """The bytes of all values."""
        self.trim()
        with self._map:
            return sum(self._sizes.values())

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: K) -> bool:
        return key in self._values


def nbytes(value: Any, seen: set[int] | None = None) -> int:
    """Return the bytes of the tensors, arrays, pictures, texts and numbers in a value, each counted once."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, Tensor | np.ndarray):
        return value.nbytes
    if isinstance(value, nn.Module):
        if value not in MODULES:
            MODULES[value] = sum(tensor.nbytes for tensor in (*value.parameters(), *value.buffers()))
        return MODULES[value]
    if isinstance(value, Image.Image):
        return value.width * value.height * len(value.getbands())
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, float):
        return NUMBER
    if isinstance(own := getattr(value, "nbytes", None), int):
        return own
    if isinstance(value, Mapping):
        return sum(nbytes(part, seen) for part in list(value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return sum(nbytes(part, seen) for part in list(value))
    if is_dataclass(value):
        return sum(nbytes(part, seen) for part in list(vars(value).values()))
    return 0

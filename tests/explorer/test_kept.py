"""What is kept stays within its budget, and nobody waits for what somebody else is making."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.kept import NUMBER, Kept, Locks, nbytes
from explorer.wanted import NotWanted, check_wanted, wanted_while

SECONDS = 20


def test_what_was_not_used_for_longest_goes_first():
    kept = Kept(budget=30)
    for key in "abc":
        kept.put(key, bytes(10))
    kept.find("a")
    kept.put("d", bytes(10))
    assert [key in kept for key in "abcd"] == [True, False, True, True]
    assert kept.nbytes == 30


def test_the_latest_stays_even_if_it_is_beyond_the_budget():
    kept = Kept(budget=30)
    kept.put("small", bytes(10))
    kept.put("large", bytes(100))
    assert ("small" in kept, "large" in kept) == (False, True)


def test_a_value_that_has_grown_is_counted_as_it_is_now():
    kept = Kept(budget=30)
    growing = {"first": bytes(10)}
    kept.put("growing", growing)
    kept.put("other", bytes(10))
    growing["second"] = bytes(20)
    kept.trim()
    assert "growing" not in kept


def test_who_asks_for_what_is_ready_does_not_wait_for_what_is_being_made():
    kept, making, enough = Kept(budget=100), Event(), Event()
    kept.put("ready", b"1")

    def make() -> bytes:
        making.set()
        assert enough.wait(SECONDS)
        return b"2"

    with ThreadPoolExecutor() as pool:
        slow = pool.submit(kept.get, "slow", make)
        assert making.wait(SECONDS)
        assert pool.submit(kept.get, "ready", pytest.fail).result(SECONDS) == b"1"
        assert pool.submit(kept.get, "another", lambda: b"3").result(SECONDS) == b"3"
        enough.set()
        assert slow.result(SECONDS) == b"2"


def test_of_several_who_ask_for_the_same_one_makes_it():
    kept, made, gate = Kept(budget=100), [], Event()

    def make() -> bytes:
        made.append(1)
        gate.wait(0.2)
        return b"1"

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: kept.get("key", make), range(4))) == {b"1"}
    assert len(made) == 1


def test_what_could_not_be_made_is_tried_again_by_the_next():
    kept = Kept(budget=100)
    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: 1 / 0)
    assert kept.get("key", lambda: b"1") == b"1"


def test_waiting_for_a_lock_ends_when_it_is_not_wanted_any_more():
    locks = Locks()

    def left() -> None:
        raise NotWanted("left")

    def wait() -> None:
        with wanted_while(left), locks.holding("key"):
            pytest.fail("the lock is held")

    with ThreadPoolExecutor() as pool, locks.holding("key"):
        with pytest.raises(NotWanted):
            pool.submit(wait).result(SECONDS)
        with locks.holding("other"):
            pass


def test_everything_is_wanted_outside_of_a_block_that_says_otherwise():
    asked = []
    with wanted_while(lambda: asked.append("outer")), wanted_while(lambda: asked.append("inner")):
        check_wanted()
    check_wanted()
    assert asked == ["outer", "inner"]


def test_bytes_are_those_of_tensors_arrays_pixels_and_numbers_each_counted_once():
    @dataclass
    class Thing:
        tensor: torch.Tensor
        picture: Image.Image
        others: list

    tensor = torch.zeros(10, dtype=torch.float64)
    thing = Thing(tensor, Image.new("RGB", (5, 4)), [tensor, np.zeros(3, np.uint8), {"k": "text"}, None, 3.0])
    assert nbytes(thing) == 80 + 60 + 3 + 4 + NUMBER
    assert nbytes(torch.nn.Linear(2, 3)) == 4 * (6 + 3)

"""How a call by name is answered, whoever made it: types checked, photos taken in, done at its desk."""

import inspect
from collections import deque
from collections.abc import Callable
from functools import partial, reduce
from operator import or_
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from PIL import Image

from explorer import Explorer, UserError
from explorer.errors import shortened
from explorer.ui.endpoints import Endpoint, Plan, Sent
from explorer.ui.reception import Reception

LONGEST = 200  # characters of a name
MOST = 16  # names in a list
KINDS = {
    str: ((str,), "a text"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    list[str]: ((list,), "a list of texts"),
}


async def answer(
    reception: Reception, explorer: Explorer, endpoint: Endpoint, arguments: list[Any], key: str
) -> Any:
    """Return what an endpoint's function returns for checked arguments, if somebody listens for `key`.

    Networks and fits are made ready, and searches done, at desks of their own. Raises UserError.
    """
    name, desks = endpoint.name, reception.desks
    listening = await reception.listening(key, name)
    work = partial(endpoint.function, *arguments)

    def at_once() -> Plan | None:
        """Do the work, if nothing that takes long comes before it; else return what does."""
        plan = endpoint.plan(*arguments)
        if plan.searches or explorer.engine.must_prepare(plan.shows, plan.decodes):
            return plan
        done.append(work())
        return None

    done: list[Any] = []
    plan = await desks.answers.run(name, at_once, listening)
    if plan is None:
        return done[0]
    if plan.searches:
        return await desks.searches.run(name, work, listening)
    prepare = partial(explorer.engine.prepare, plan.shows, plan.decodes)
    await desks.fits.run(name, lambda: deque(prepare(), maxlen=0), listening)
    return await desks.answers.run(name, work, listening)


def checked(endpoint: Endpoint, arguments: dict[str, Any], take: Callable[[Any], Any]) -> list[Any]:
    """Return an endpoint's arguments in its order: photos as `take` makes them, defaults for the missing.

    Raises UserError for a name that it does not have, a missing one and a value of another type.
    """
    hints = get_type_hints(endpoint.function)
    parameters = inspect.signature(endpoint.function).parameters
    if wrong := next((name for name in arguments if name not in parameters), None):
        taken = ", ".join(parameters) or "nothing"
        raise UserError(f"{endpoint.name} has no {shortened(str(wrong))!r}: it takes {taken}.")
    return [
        _value(name, hints[name], arguments.get(name, parameter.default), parameter, take)
        for name, parameter in parameters.items()
    ]


def _value(name: str, hint: Any, value: Any, parameter: inspect.Parameter, take: Callable[[Any], Any]) -> Any:
    if value is None and _optional(hint):
        return None
    kind = get_args(hint)[0] if _optional(hint) else hint
    if kind is Sent:
        return take(None if value is inspect.Parameter.empty else value)
    types, called = KINDS[kind]
    if not isinstance(value, types) or isinstance(value, bool):
        usual = parameter.default
        raise UserError(f"{name} must be {called}{f', such as {usual!r}' if isinstance(usual, str) else ''}.")
    texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    if len(texts) > MOST or not all(isinstance(x, str) for x in texts):
        raise UserError(f"{name} must be {called}, {MOST} at most.")
    if any(len(text) > LONGEST for text in texts):
        raise UserError(f"{name} is longer than {LONGEST} characters: give the name as /catalogue lists it.")
    return value


def _optional(hint: Any) -> bool:
    return get_origin(hint) is UnionType


def exchanged(value: Any, picture: Callable[[Image.Image], Any]) -> Any:
    """Return what an endpoint returned with `picture` applied to every picture in it."""
    if isinstance(value, Image.Image):
        return picture(value)
    if isinstance(value, list | tuple):
        return type(value)(exchanged(part, picture) for part in value)
    return value


def exchanged_hint(hint: Any, of: dict[Any, Any]) -> Any:
    """Return a type hint with the types that are keys of `of` exchanged, also within others."""
    if hint in of:
        return of[hint]
    parts = tuple(exchanged_hint(part, of) for part in get_args(hint))
    if not parts or get_origin(hint) is dict:
        return hint
    return reduce(or_, parts) if _optional(hint) else get_origin(hint)[parts]

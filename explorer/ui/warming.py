"""What the first visitor needs is loaded in a thread while the server starts; imports no Gradio."""

import logging
from threading import Event, Thread

from explorer import Explorer
from explorer.folders import EXAMPLES
from explorer.ui.choices import DEFAULT, settle

log = logging.getLogger(__name__)


def warm_up(explorer: Explorer) -> Event:
    """Begin to load what the first page shows, judges included; return what is set when it is there."""
    warm = Event()

    def load() -> None:
        try:
            start, _ = settle(explorer.catalogue(), DEFAULT, explorer.results())
            for photo in sorted(EXAMPLES.glob("*.jpg"))[:1]:
                result = explorer.reconstruct(photo, start)
                explorer.agreement(result)
                explorer.judged(result)
        except Exception:
            log.exception("what the first visitor needs could not be loaded")
        else:
            warm.set()

    Thread(target=load, name="warm-up", daemon=True).start()
    return warm

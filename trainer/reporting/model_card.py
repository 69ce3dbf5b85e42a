"""The model card of a folder of checkpoints: what is in it, how it is used, and what was measured."""

import json
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from explorer.checkpoints.catalogue import Catalogue
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError
from trainer.reporting import tables

TEMPLATE = Path(__file__).with_name("model_card.md")


def model_card(repository: str, folder: Path) -> str:
    """Return the card's text, with the table of networks if the folder has results.

    Raises UserError for results that cannot be read, or lack what the table shows.
    """
    found = Catalogue.scan(folder).entries
    architectures = dict.fromkeys(name for c in found for name, _ in c.sources)
    page = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    shown = {
        "repository": repository,
        "count": len(found),
        "networks": sorted(encoder_spec(name).title for name in architectures),
        "encoders": sorted(path.stem for path in (folder / "encoders").glob("*.safetensors")),
        "table": "",
    }
    try:
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        shown |= {"photos": results["protocol"]["photos"], "table": tables.networks_table(results)}
    except FileNotFoundError:
        pass
    except (OSError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"The results of {str(folder)!r} cannot be shown: measure again.") from error
    template = page.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(shown | {"legend": tables.NETWORKS_LEGEND}) + "\n"

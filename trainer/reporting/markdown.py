"""The results as Markdown: docs/results.md and the table in README.md, made from the data files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, UndefinedError

from explorer.atomic_write import whole_file
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError
from explorer.measures.metrics import METRICS
from explorer.results.alike import Alike
from explorer.results.published import PUBLISHED
from trainer.reporting import facts, tables
from trainer.reporting.autoencoders import autoencoders_table

TEMPLATE = Path(__file__).with_name("results.md")
OPENING = "<!-- networks: made by python -m trainer report -->"
CLOSING = "<!-- /networks -->"
MADE_BY = {  # file: the command that writes it
    "results.json": "evaluate",
    "results_published.json": "evaluate --protocol published",
    "privacy.json": "privacy",
    "alike.json": "compare",
}


@dataclass(frozen=True)
class Data:
    """What was measured: by the project's protocol, by the published one, for privacy, of decoders alike.

    It was read from `folder`, which has the checkpoints, too.
    """

    project: Mapping[str, Any]
    published: Mapping[str, Any]
    study: Mapping[str, Any]
    alike: Mapping[str, Any]
    folder: Path

    @classmethod
    def read(cls, folder: Path) -> "Data":
        """Return what the files in a folder hold. Raises UserError naming one that cannot be read."""
        return cls(*(_read(folder / name, command) for name, command in MADE_BY.items()), folder)


def _read(path: Path, command: str) -> Mapping[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{str(path)!r} cannot be read: 'python -m trainer {command}' makes it.") from error


def results_page(data: Data) -> str:
    """Return the text of docs/results.md. Raises UserError when the data lack what it shows."""
    page = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    ).from_string(TEMPLATE.read_text(encoding="utf-8"))
    try:
        return page.render(shown(data))
    except (LookupError, TypeError, AttributeError, ValueError, UndefinedError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"The data files lack what the page shows ({reason}): measure again.") from error


def shown(data: Data) -> dict[str, Any]:
    """Return what the template names."""
    project, published, study, alike = data.project, data.published, data.study, Alike.of(data.alike)
    names = {metric: spec.name for metric, spec in METRICS.items()}
    return {
        "photos": project["protocol"]["photos"],
        "protocol": [
            (names.get(key, key), text)
            for key, text in project["protocol"].items()
            if isinstance(text, str) and key not in ("name", "photos_digest")
        ],
        "networks": tables.networks_table(project),
        "legend": tables.NETWORKS_LEGEND,
        "psnr": tables.psnr_table(project),
        "best": tables.best_table(project),
        "judges": tables.judges_table(project),
        "led": facts.led_by(facts.FAIR, project),
        "above": facts.above_blur(project),
        "controls": facts.control_ahead(project),
        "ensembles": tables.ensembles_table(project) if tables.fused_rows(project) else "",
        "fair": facts.FAIR,
        "of_networks": facts.gains_of_several_networks(project),
        "of_layers": facts.gains_of_several_layers(project),
        "spread": facts.spread_of_fusions(project),
        "printed": max(PUBLISHED, key=lambda figure: figure.psnr),
        "protocols": tables.protocols_table(project, published),
        "autoencoders": autoencoders_table(project, data.folder),
        "their_target": [row for row in published["configurations"] if row["target"] != "photo"],
        "alike": {
            "of": alike,
            "steps": alike.rows[0].steps,
            "psnr": tables.alike_table(data.alike, "psnr"),
            "lpips": tables.alike_table(data.alike, "lpips"),
        },
        "study": study,
        "sender": study["rows"][0],
        "sender_title": encoder_spec(study["rows"][0]["architecture"]).title,
        "classifier_title": encoder_spec(study["classifier"]).title,
        "privacy": tables.privacy_table(study),
    }


def with_networks(readme: str, data: Data) -> str:
    """Return a README with the table of networks and its legend between its two marker lines.

    Raises UserError when it does not have them, once each and in this order.
    """
    before, _, rest = readme.partition(OPENING)
    _, closing, after = rest.partition(CLOSING)
    if not closing or OPENING in rest or CLOSING in before + after:
        raise UserError(f"The README needs the lines {OPENING} and {CLOSING}, once each, in this order.")
    block = f"{tables.networks_table(data.project)}\n\n{tables.NETWORKS_LEGEND}"
    return f"{before}{OPENING}\n\n{block}\n\n{CLOSING}{after}"


def write_or_check(path: Path, text: str, check: bool) -> None:
    """Write a file; with `check` raise UserError unless it holds this text already, and leave it alone."""
    if not check:
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        raise UserError(f"{path} is not what 'python -m trainer report' makes of the data: run it again.")

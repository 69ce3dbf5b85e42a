"""What the page without a server knows, as JSON-ready data, read from the tables of the explorer."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from explorer import Explorer
from explorer.configurations import Configuration
from explorer.decoders import LOSSES, decoder_spec
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import WEIGHTS, encoder_file
from explorer.experiments.surgery import OPERATIONS
from explorer.folders import EXAMPLES
from explorer.measures.metrics import METRICS, Metric
from explorer.photos.loading import MAX_ASPECT, MAX_PIXELS, MIN_SIDE
from explorer.pictures.colours import lookup_table
from explorer.results.privacy import Study
from explorer.ui.texts import texts
from explorer.ui.texts.lesson import STEPS

ALWAYS = (
    ("pixel_shuffle", "mse"),
    ("linear", "mse"),
)  # of every layer, beside the one that the judge prefers
HEAVY = "upsample_conv"  # about a second a picture on one thread: on offer, but not what is shown first
SHOWN = ("psnr", "ssim", "lpips")
INFINITE = 1e9
CHANGES = ("quantise", "noise", "drop", "mask")


def offered(explorer: Explorer, networks: Sequence[str]) -> list[Configuration]:
    """Return what the page offers of some networks: of each layer first the decoder that the judge prefers.

    One that is HEAVY comes last. With it come those of ALWAYS that are ready, and all that the lesson looks
    at.
    """
    ready, results = explorer.catalogue().single, explorer.results()
    looks = [look.configuration for step in STEPS for look in step.looks]
    found: dict[Configuration, None] = {}
    for name in dict.fromkeys(networks):
        for layer in encoder_spec(name).layer_names:
            here = [c for c in ready if (c.architecture, c.layer, c.weights) == (name, layer, "imagenet")]
            always = [c for kind in ALWAYS for c in here if (c.decoder, c.loss) == kind]
            chosen = [c for c in [results.preferred(here)] if c in here] + always
            found |= dict.fromkeys(sorted(chosen, key=lambda c: c.decoder == HEAVY))
        found |= dict.fromkeys(c for c in looks if c in ready and c.architecture == name)
    return list(found)


def page_tables(
    offered: Sequence[Configuration], explorer: Explorer, server: str | None = None
) -> dict[str, Any]:
    """Return the tables of a page that offers these configurations; `server` is the server's page, if any."""
    places = dict.fromkeys((c.architecture, c.weights, c.layer) for c in offered)
    return {
        "server": server,
        "usual_weights": "imagenet",
        "networks": [network(name, explorer) for name in dict.fromkeys(c.architecture for c in offered)],
        "layers": [
            {"architecture": a, "weights": w, "layer": name} | layer(a, name) for a, w, name in places
        ],
        "configurations": [c.to_dict() for c in offered],
        "decoders": {c.decoder: decoder_spec(c.decoder).title for c in offered},
        "losses": {name: spec.title for name, spec in LOSSES.items()},
        "weights": WEIGHTS,
        "metrics": [metric(METRICS[key]) for key in SHOWN],
        "operations": [operation(name) for name in CHANGES],
        "examples": [path.stem for path in sorted(EXAMPLES.glob("*.jpg"))],
        "photos": {"min_side": MIN_SIDE, "max_pixels": MAX_PIXELS, "max_aspect": MAX_ASPECT},
        "colours": lookup_table("viridis").flatten().tolist(),
        "lesson": lesson(explorer, offered),
        "texts": {name: said for name, said in vars(texts("site")).items() if isinstance(said, str)},
    }


def network(name: str, explorer: Explorer) -> dict[str, Any]:
    spec, file = encoder_spec(name), encoder_file(name, explorer.engine.folder)
    return {
        "name": name,
        "title": spec.title,
        "full_title": spec.full_title,
        "layers": spec.layer_names,
        "megabytes": round(file.stat().st_size / 1e6),
    }


def layer(architecture: str, name: str) -> dict[str, int]:
    found = encoder_spec(architecture).layer(name)
    return {"channels": found.channels, "size": found.size}


def metric(spec: Metric) -> dict[str, Any]:
    """Return what is said of a metric's values; an infinite bound is one that JSON can hold."""
    return {
        "key": spec.key,
        "name": spec.name,
        "digits": spec.digits,
        "unit": spec.unit,
        "higher": spec.higher,
        "readings": [[min(max(bound, -INFINITE), INFINITE), said] for bound, said in spec.readings],
    }


def operation(name: str) -> dict[str, Any]:
    spec = OPERATIONS[name]
    fields = ("name", "title", "summary", "unit", "low", "high", "default", "step", "needs")
    return {field: getattr(spec, field) for field in fields}


def lesson(explorer: Explorer, offered: Sequence[Configuration]) -> list[dict[str, Any]]:
    """Return the lesson's steps with the texts of the server's page, without looks that are not offered."""
    from explorer.ui.tabs.learn import reading_html, thinking_html  # brings Gradio, which takes a second

    study, results = Study.read(explorer.engine.folder / "privacy.json"), explorer.results()
    return [
        {
            "name": step.name,
            "example": step.example,
            "reading": str(reading_html(number)),
            "thinking": str(thinking_html(step, results, study)),
            "looks": [
                {"label": look.label} | asdict(look.configuration)
                for look in step.looks
                if look.configuration in offered
            ],
        }
        for number, step in enumerate(STEPS, start=1)
    ]

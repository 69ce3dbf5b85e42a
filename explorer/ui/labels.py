"""The page's texts: small pieces of HTML and Markdown made from results. No figures are computed here."""

from html import escape
from pathlib import Path

from explorer.colours import lookup_table
from explorer.decoders import DECODERS, LOSSES, decoder_spec
from explorer.encoders import ENCODERS
from explorer.feature_maps import PER_PAGE, FeatureMaps
from explorer.metrics import Metrics
from explorer.pipeline import ERROR_RANGE, Reconstruction
from explorer.ui.choices import LOSS_NAMES
from explorer.ui.readings import METRICS, Metric
from explorer.weights import SOURCES

SELECTORS = {
    "architecture": "Network (architecture)",
    "layer": "Layer",
    "decoder": "Decoder",
    "loss": "Decoder trained for (loss)",
    "weights": "Network weights",
}
LEFT_SIDE = '<p class="side"><span aria-hidden="true">◂ </span>Original</p>'
RIGHT_SIDE = '<p class="side right">Reconstruction<span aria-hidden="true"> ▸</span></p>'
BUSY = '<span class="busy"></span>'  # as long as it is on the page, the results are dimmed
NO_PHOTO = "Choose an example, drop in a photo or take one with the camera."
NOTHING_READY = (
    "No decoder is ready yet. To make the first ones: "
    "python -m trainer fit-linear --architecture vgg16 --photos DIR --out checkpoints"
)
GRADIENT_STOPS = 9
SCALE = "diverging"


def alert(text: str) -> str:
    return f'<p class="alert" role="alert">{escape(text)}</p>'


def note(text: str) -> str:
    return f'<p class="note" role="status">{escape(text)}</p>' if text else ""


def result_title(result: Reconstruction | None) -> str:
    """Return the line above the pictures: what was decoded from where."""
    if result is None:
        return f'<h2>Reconstruction</h2><p class="about">{NO_PHOTO}</p>'
    c = result.configuration
    parts = [decoder_spec(c.decoder).title, f"{LOSS_NAMES.get(c.loss, c.loss)} loss"]
    if c.weights != "imagenet":
        parts.append(SOURCES.get(c.weights, c.weights))
    about = f"{' · '.join(parts)} · {result.seconds:.2f} s"
    heading = f"Seen through {ENCODERS[c.architecture].title} {c.layer}"
    return f'<h2>{heading}</h2><p class="about">{escape(about)}</p>'


def cards(metrics: Metrics | None) -> str:
    """Return the four cards; without figures they keep their size."""
    return (
        f'<section class="cards" aria-label="Figures">{"".join(_card(m, metrics) for m in METRICS)}</section>'
    )


def _card(metric: Metric, metrics: Metrics | None) -> str:
    value = getattr(metrics, metric.key, None)
    figure = "–" if value is None else metric.format(value)
    reading = "" if value is None else metric.read(value)
    arrow = "↑" if metric.higher else "↓"
    return (
        f'<article class="card" id="card-{metric.key}">'
        f'<h3><abbr title="{metric.full_name}">{metric.name}</abbr>'
        f'<span class="direction"><span aria-hidden="true">{arrow} </span>{metric.direction}</span></h3>'
        f'<p class="figure"><b data-metric="{metric.key}">{figure}</b> '
        f'<span class="unit">{metric.unit}</span></p>'
        f'<p class="reading">{reading}</p></article>'
    )


def error_legend() -> str:
    """Return the error map's label and colour scale."""
    stops = lookup_table(SCALE)[:: (len(lookup_table(SCALE)) - 1) // (GRADIENT_STOPS - 1)]
    gradient = ", ".join(f"rgb({r} {g} {b})" for r, g, b in stops)
    percent = f"{ERROR_RANGE:.0%}"
    return (
        "<h2>Error map</h2>"
        '<p class="about">Where the brightness of the reconstruction is wrong (signed luminance error).</p>'
        f'<div class="scale" style="background: linear-gradient(to right, {gradient})"></div>'
        f'<div class="ticks"><span>−{percent}<br>too dark</span><span>0<br>right</span>'
        f"<span>+{percent}<br>too bright</span></div>"
        '<p class="about fine">Per cent of full brightness; the scale is the same for every photo.</p>'
    )


def feature_text(maps: FeatureMaps | None, page: int) -> str:
    """Return the feature maps' label: how many, which of them are shown, and how to read them."""
    if maps is None:
        return "<h2>Feature maps</h2>"
    first, last = page * PER_PAGE + 1, page * PER_PAGE + len(maps.page_channels(page))
    numbers = maps.channels * maps.height * maps.width
    which = ", ".join(map(str, maps.page_channels(page)))
    return (
        "<h2>Feature maps</h2>"
        f'<p class="about">What the layer makes of the photo: {maps.channels} maps (channels) of '
        f"{maps.height}×{maps.width}, {numbers:,} numbers.</p>"
        f'<p class="about">Shown: {first}–{last}, strongest first. Dark is each map’s lowest value, '
        f"yellow its highest.</p>"
        f'<details class="about"><summary>Channel numbers</summary><p>Row by row: {which}</p></details>'
    )


def mosaic_text(maps: FeatureMaps, page: int) -> str:
    channels = maps.page_channels(page)
    return f"{len(channels)} of {maps.channels} feature maps, strongest first, from channel {channels[0]}"


def help_text() -> str:
    """Return what the selectors mean, in Markdown."""
    decoders = "\n".join(f"- *{spec.title}*: {spec.summary}" for spec in DECODERS.values())
    losses = "\n".join(f"- *{LOSS_NAMES.get(name, name)}*: {text}" for name, text in LOSSES.items())
    return (
        "**Network (architecture)**: made to recognise what is in a photo, and not changed here (frozen).\n\n"
        "**Layer**: a stage inside the network. Deeper layers say more about *what* is there and less about "
        "*where*.\n\n"
        f"**Decoder**: turns the layer’s features back into a photo.\n\n{decoders}\n\n"
        f"**Loss**: what the decoder was trained to get right.\n\n{losses}"
    )


def credits_text(path: Path) -> str:
    """Return the credits in CREDITS.md as a list in Markdown: its table is too wide for the column."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    if not table:
        return ""
    header, _, *rows = table
    photos = [dict(zip(header, row, strict=True)) for row in rows]
    return "\n".join(
        f"- {x['file']}: {x['author']}. Licence: {x['licence']}. Source: {x['source']}. "
        f"Changes: {x['changes']}."
        for x in photos
    )

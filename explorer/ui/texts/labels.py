"""The page's texts: small pieces of HTML and Markdown made from results. No figures are computed here."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration
from explorer.decoders import DECODERS, LOSSES, decoder_spec
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.encoders.weights import SOURCES
from explorer.experiments.bits import PHOTO_BITS
from explorer.experiments.surgery import Operation
from explorer.measures.metrics import METRICS, Metric, Metrics
from explorer.pictures.colours import ERROR_RANGE, gradient
from explorer.pictures.feature_maps import PER_PAGE, FeatureMaps
from explorer.reconstruction import Comparison, Reconstruction, Surgery
from explorer.results.measured import Results
from explorer.results.standing import Standing
from explorer.ui.choices import LOSS_NAMES

SELECTORS = {
    "architecture": "Network (architecture)",
    "layer": "Layer",
    "decoder": "Decoder",
    "loss": "Decoder trained for (loss)",
    "weights": "Network weights",
}
LEFT_SIDE = '<p class="side"><span aria-hidden="true">◂ </span>Original</p>'
RIGHT_SIDE = '<p class="side right">Reconstruction<span aria-hidden="true"> ▸</span></p>'
# as long as it is on the page, the results are dimmed and a bar runs along the top
BUSY = '<span class="busy" role="status">Working…</span>'
NO_PHOTO = "Choose an example, drop in a photo or take one with the camera."
STOPPED = "The fit was stopped, and nothing of it was kept. What was on the page before is still there."
ZOO = (
    '<p class="about">Its layers appear above. A linear decoder is fitted in half a minute, and the Recover '
    "tab needs none. Trained weights come from the Hugging Face Hub; random ones (the control) need no "
    "download.</p>"
)
SCALE = "diverging"


def alert(text: str) -> str:
    return f'<p class="alert" role="alert">{escape(text)}</p>'


def note(text: str) -> str:
    return f'<p class="note" role="status">{escape(text)}</p>' if text else ""


def fitting(share: float) -> str:
    """Return the message while a linear decoder is fitted on the spot; `share` is what is done, 0 to 1."""
    return (
        '<p class="note" role="status">No decoder of this layer is ready: a linear one is being fitted on '
        f'the example photos. <progress max="1" value="{share:.2f}">{share:.0%}</progress></p>{BUSY}'
    )


def result_title(result: Reconstruction | None) -> str:
    """Return the line above the pictures: what was decoded from where."""
    if result is None:
        return f'<h2>Reconstruction</h2><p class="about">{NO_PHOTO}</p>'
    c = result.configuration
    parts = [decoder_spec(c.decoder).title, f"{LOSS_NAMES.get(c.loss, c.loss)} loss"]
    if c.weights != "imagenet":
        parts.append(SOURCES.get(c.weights, c.weights))
    if result.fitted_on:
        parts.append(f"fitted on the {result.fitted_on} example photos only")
    about = f"{' · '.join(parts)} · {result.seconds:.2f} s"
    heading = f"Seen through {encoder_spec(c.architecture).full_title} {c.layer}"
    return f'<h2>{heading}</h2><p class="about">{escape(about)}</p>'


def cards(metrics: Metrics | None) -> str:
    """Return the four cards; without figures they keep their size."""
    every = "".join(_card(metric, metrics) for metric in METRICS.values())
    return f'<section class="cards" aria-label="Figures">{every}</section>'


def _card(metric: Metric, metrics: Metrics | None) -> str:
    value = metrics.get(metric.key) if metrics else None
    return (
        f'<article class="card" id="card-{metric.key}">'
        f'<h3><abbr title="{metric.full_name}">{metric.name}</abbr>'
        f'<span class="direction"><span aria-hidden="true">{metric.arrow} </span>{metric.direction}</span>'
        "</h3>"
        f'<p class="figure"><b data-metric="{metric.key}">{metric.format(value)}</b> '
        f'<span class="unit">{metric.beside}</span></p>'
        f'<p class="reading">{metric.read(value)}</p></article>'
    )


def error_legend() -> str:
    """Return the error map's label and colour scale."""
    percent = f"{ERROR_RANGE:.0%}"
    return (
        "<h2>Error map</h2>"
        '<p class="about">Where the brightness of the reconstruction is wrong (signed luminance error).</p>'
        f'<div class="scale" style="background: linear-gradient(to right, {gradient(SCALE)})"></div>'
        f'<div class="ticks"><span>−{percent}<br>too dark</span><span>0<br>right</span>'
        f"<span>+{percent}<br>too bright</span></div>"
        '<p class="about fine">Per cent of full brightness; the scale is the same for every photo.</p>'
    )


def standing_text(found: Standing | None) -> str:
    """Return where the photo stands: among the test photos, and beside what needs no features."""
    if found is None:
        return "<h2>Where it stands</h2>"
    lines = []
    share = found.percentile["psnr"]
    if share is not None:
        lines.append(f"PSNR better than for <b>{share:.0%}</b> of the {found.photos} test photos.")
    lines.append(
        f"A blur of this photo with {found.size}×{found.size} colours: <b>{found.blur.psnr:.1f} dB</b>, "
        f"LPIPS {found.blur.lpips:.3f}."
    )
    mean = found.mean_photo["psnr"]
    if mean is not None:
        lines.append(f"The mean of other photos: {mean:.1f} dB.")
    return f'<h2>Where it stands</h2><p class="about">{" ".join(lines)}</p>'


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
        f"light its highest. Click one to see it over the photo.</p>"
        f'<details class="about"><summary>Channel numbers</summary><p>Row by row: {which}</p></details>'
    )


def channel_text(maps: FeatureMaps, channel: int) -> str:
    """Return one channel's label: its statistics and the histogram of its values."""
    row = next(row for row in maps.statistics() if row["channel"] == channel)
    counts = maps.histogram(channel)
    bars = "".join(f'<i style="height: {count / counts.max():.1%}"></i>' for count in counts)
    figures = [
        ("rank", f"{row['rank']} of {maps.channels}"),
        ("mean", f"{row['mean']:.3g}"),
        ("std", f"{row['std']:.3g}"),
        ("zeros", f"{row['zeros']:.0%}"),
    ]
    low, high = f"{row['min']:.3g}", f"{row['max']:.3g}"
    return (
        f"<h2>Channel {channel}</h2>"
        '<p class="about">Its map over the photo: light where the network found what it looks for.</p>'
        f'<dl class="about figures">{"".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in figures)}</dl>'
        f'<div class="histogram" role="img" aria-label="Histogram of {maps.height * maps.width} values from '
        f'{low} to {high}">{bars}</div>'
        f'<div class="ticks"><span>{low}</span><span>values</span><span>{high}</span></div>'
    )


def missing_text(catalogue: Catalogue, c: Configuration) -> str:
    """Return what cannot be shown at this layer, with the reasons; folded away."""
    here = [
        f"<li>{escape(DECODERS[missing.decoder].title)} ({LOSS_NAMES[missing.loss]}): {escape(reason)}</li>"
        for missing, reason in (
            catalogue.missing_at(c.architecture, c.layer) if c.architecture in ENCODERS else ()
        )
    ]
    if not here:
        return ""
    rows = "".join(here)
    return f'<details class="about"><summary>Not on offer ({len(here)})</summary><ul>{rows}</ul></details>'


def address(query: str) -> str:
    """Return what tells the page's script the address of the view that is shown."""
    return f'<span data-query="{escape(query)}"></span>'


def mosaic_text(maps: FeatureMaps, page: int) -> str:
    channels = maps.page_channels(page)
    return f"{len(channels)} of {maps.channels} feature maps, strongest first, from channel {channels[0]}"


def depth_title(results: Sequence[Reconstruction], index: int = 0) -> str:
    """Return the heading of the Depth tab, which names the layer that is shown."""
    if not results:
        return f'<h2>From shallow to deep</h2><p class="about">{NO_PHOTO}</p>'
    c = results[index].configuration
    spec = encoder_spec(c.architecture)
    layer = spec.layer(c.layer)
    return (
        f"<h2>{spec.full_title} {c.layer}, depth {index + 1} of {len(results)}</h2>"
        f'<p class="about">{layer.size}×{layer.size} places × {layer.channels} channels · '
        f"{depth_caption(results[index]).partition(' ')[2]}</p>"
    )


def depth_caption(result: Reconstruction) -> str:
    return f"{result.configuration.layer} {METRICS['psnr'].with_unit(result.metrics.psnr)}"


def way(letter: str, c: Configuration) -> str:
    """Return the line above one of two pictures that are compared."""
    control = ", random weights" if c.weights != "imagenet" else ""
    what = f"{encoder_spec(c.architecture).title} {c.layer}, {decoder_spec(c.decoder).title}"
    return f'<p class="side"><b>{letter}</b> {escape(what)} ({LOSS_NAMES.get(c.loss, c.loss)}{control})</p>'


def compare_title(found: Comparison | None, changed: str = "") -> str:
    if found is None:
        return f'<h2>Two ways side by side</h2><p class="about">{NO_PHOTO}</p>'
    return (
        "<h2>Two ways side by side</h2>"
        f'<p class="about">A is what the controls say. Choose B here. {escape(changed)}</p>'
    )


def photos_title(c: Configuration) -> str:
    return f'<h2>One way, several photos</h2><div class="about">{way("", c)}</div>'


def verdict_text(found: Comparison | None) -> str:
    """Return who wins on which metric and by how much, as a table, with what is usual on the test photos."""
    if found is None:
        return ""
    rows = []
    for verdict in found.verdicts:
        metric = METRICS[verdict.metric]
        usual = "not measured"
        if verdict.usual is not None and verdict.spread is not None:
            usual = f"{verdict.usual:+.{metric.digits}f} ± {verdict.spread:.{metric.digits}f}"
        winner = verdict.winner.upper() or "equal"
        a, b, by = map(metric.with_unit, (verdict.a, verdict.b, verdict.by))
        name = f'<abbr title="{escape(verdict.sentence)}">{metric.name}</abbr>'
        rows.append((name, a, b, winner, by, usual))
    header = ["", "A", "B", "better", "by", "A − B on the test photos (mean ± spread)"]
    return table(header, rows) + f'<p class="about">{escape(found.verdicts[0].sentence)}</p>'


def photos_table(found: Sequence[Reconstruction], results: Results) -> str:
    """Return the figures of several photos, each with the share of the test photos it does better than."""
    rows = []
    for number, result in enumerate(found, start=1):
        c, psnr = result.configuration, result.metrics.psnr
        share = results.percentile(c, "psnr", psnr)
        values = [metric.format(result.metrics.get(key)) for key, metric in METRICS.items()]
        rows.append((f"photo {number}", *values, "not measured" if share is None else f"{share:.0%}"))
    header = ["", *(metric.heading for metric in METRICS.values()), "PSNR above that of test photos"]
    return table(header, rows)


def surgery_title(result: Reconstruction | None) -> str:
    """Return the heading of the two pictures, and what the left one is."""
    if result is None:
        return f'<h2>Surgery on features</h2><p class="about">{NO_PHOTO}</p>'
    c = result.configuration
    return (
        f"<h2>Surgery on {encoder_spec(c.architecture).full_title} {c.layer}</h2>"
        f'<p class="about">Left: decoded from the features as they are. Right: after the operation.</p>'
    )


def operation_text(operation: Operation) -> str:
    return (
        f'<p class="about">{escape(operation.summary)}</p><p class="about">{escape(operation.strength)}</p>'
    )


def surgery_figures(result: Surgery | None) -> str:
    """Return the figures before and after as a table, and what the operation touched."""
    if result is None:
        return ""
    c = result.after.configuration
    layer = encoder_spec(c.architecture).layer(c.layer)
    rows = [
        (
            f'{metric.name} <span class="unit">{metric.beside}</span>',
            *(metric.format(side.metrics.get(key)) for side in (result.before, result.after)),
        )
        for key, metric in METRICS.items()
    ]
    held = [f"{bits / 8000:,.1f}" for bits in (result.bits_before, result.bits_after)]
    rows.append(('Held in the features <span class="unit">kB, estimated</span>', *held))
    return table(["", "untouched", "after"], rows) + (
        f'<p class="about">Touched: {result.channels} of {layer.channels} channels, at {result.positions} of '
        f"{layer.size**2} places. The size is an estimate (entropy of each channel on its own); the photo "
        f"itself has {PHOTO_BITS / 8000:,.0f} kB.</p>"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows of HTML cells as a table; the first cell of each row is its heading."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    return f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def help_text() -> str:
    """Return what the selectors mean, in Markdown."""
    decoders = "\n".join(f"- *{spec.title}*: {spec.summary}" for spec in DECODERS.values())
    losses = "\n".join(f"- *{LOSS_NAMES.get(name, name)}*: {spec.summary}" for name, spec in LOSSES.items())
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

"""One self-contained HTML page from a results file: tables, charts and example strips."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import plotly
from jinja2 import Environment
from PIL import Image
from tqdm import tqdm

from explorer import Explorer
from explorer.atomic_write import whole_file
from explorer.configurations import configuration_of
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.errors import UserError
from explorer.photos.crops import report_crop
from explorer.photos.loading import load_photo
from explorer.pictures.plots import by_layer, perception_distortion, quality_and_cost
from explorer.results.measured import Results
from explorer.results.rows import Row
from trainer.reporting.tables import fused_rows, places, single_rows

TEMPLATE = Path(__file__).with_name("report.html")
STRIP_SIZE = 112


def write_report(results: Path, checkpoints: Path, photo: Path, out: Path, progress_bar: bool = True) -> None:
    """Write the page of a results file, with strips of what its decoders make of `photo`, to `out`.

    A row whose checkpoint is not in `checkpoints` has no picture. Raises UserError when `results` is no
    results file, or when the photo cannot be read.
    """
    try:
        found = json.loads(results.read_text())
        rows, fused, protocol = single_rows(found), fused_rows(found), found["protocol"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{str(results)!r} is not a results file: run 'python -m trainer evaluate'."
        ) from error
    plotted = [row for row in Results.read(results).rows if not row.fused]
    explorer = Explorer(checkpoints)
    original = report_crop(load_photo(photo))
    page = Environment(autoescape=True).from_string(TEMPLATE.read_text())
    with tqdm(total=len(rows), desc="strips", unit="picture", disable=not progress_bar) as bar:
        html = page.render(
            protocol=protocol,
            baselines=found["baselines"],
            groups=[group(g, rows, found, plotted, explorer, photo, bar) for g in groups(rows)],
            perception=chart(perception_distortion(plotted)),
            cost=chart(quality_and_cost(plotted)),
            original=data_uri(original),
            ensembles=[ensemble(row, explorer, photo) for row in fused],
            plotly_js=plotly.offline.get_plotlyjs(),
        )
    with whole_file(out) as part:
        part.write_text(html, encoding="utf-8")


def ensemble(row: dict[str, Any], explorer: Explorer, photo: Path) -> dict[str, Any]:
    """Return what the page shows of a fused configuration."""
    c, picture = configuration_of(row), None
    if c in explorer.catalogue().entries:
        found = explorer.ensemble(photo, c)
        picture = data_uri(found.result.reconstruction)
    brought = [
        f"{' '.join(x['source'])} {x['loss']:.2f}" + ("" if x["weight"] is None else f" ({x['weight']:.0%})")
        for x in row["contributions"]
    ]
    return row | {"places": places(row), "brought": ", ".join(brought), "picture": picture}


def groups(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the (architecture, weights) that have results, in the tables' order."""
    present = {(row["architecture"], row["weights"]) for row in rows}
    return [(name, weights) for weights in WEIGHTS for name in ENCODERS if (name, weights) in present]


def group(
    key: tuple[str, str],
    rows: list[dict[str, Any]],
    found: dict[str, Any],
    plotted: list[Row],
    explorer: Explorer,
    photo: Path,
    bar: tqdm,
) -> dict[str, Any]:
    """Return what the page shows of one architecture with one kind of weights."""
    architecture, weights = key
    spec = encoder_spec(architecture)
    mine = [row for row in rows if (row["architecture"], row["weights"]) == key]
    drawn = [row for row in plotted if (row.architecture, row.configuration.weights) == key]
    mine.sort(key=lambda row: (spec.layer_names.index(row["layer"]), -row["mean"]["psnr"]))
    layers = [name for name in spec.layer_names if any(row["layer"] == name for row in mine)]
    strips: dict[str, list[str | None]] = {}
    for row in mine:
        bar.update()
        if configuration_of(row) not in explorer.catalogue().entries:
            continue
        picture = explorer.reconstruct(photo, configuration_of(row)).reconstruction
        strip = strips.setdefault(f"{row['decoder']} ({row['loss']})", [None] * len(layers))
        strip[layers.index(row["layer"])] = data_uri(picture)
    prefixes = tuple(f"{architecture}-{layer}-" for layer in layers)
    return {
        "id": "-".join(key),
        "title": spec.full_title if weights == "imagenet" else f"{spec.title}, {WEIGHTS[weights]}",
        "chart": chart(by_layer(drawn)),
        "layers": layers,
        "rows": mine,
        "strips": sorted(strips.items()),
        "comparisons": [
            row
            for row in found["comparisons"]
            if row["figure"] == "psnr"
            and row["a"].startswith(prefixes)
            and row["a"].endswith(f"-{weights}")
            and row["b"].endswith(f"-{weights}")
        ],
    }


def chart(figure) -> str:
    return figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False})


def data_uri(picture: Image.Image) -> str:
    """Return a small JPEG of a picture as a data: address."""
    file = io.BytesIO()
    picture.resize((STRIP_SIZE, STRIP_SIZE), Image.Resampling.LANCZOS).save(file, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()

"""Tables in Markdown from the data files; nothing is computed here but the layout."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from explorer.configurations import configuration_of, layers_by_architecture
from explorer.decoders import DECODERS
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.measures.metrics import METRICS
from explorer.results.alike import Alike
from explorer.results.privacy import Study

TEXT, NUMBER = "---", "---:"
NOTHING = "–"
NETWORKS_LEGEND = """\
In brackets the blur: the photo brought down to the layer's grid, one colour a position, and up again. It
needs no features, but knows where the colours were. Bold: better than the blur. \\*: a part of the
decoder's loss."""
JUDGED = ("psnr", "lpips", "feature_error", "similarity", "weave")
DEEP_GRID = 28
DEPTHS = ("shallowest layer", "middle layer", "deepest layer")
Results = Mapping[str, Any]  # what a data file holds
Row = Mapping[str, Any]


def table(columns: Mapping[str, str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; `columns` are {title: TEXT or NUMBER}."""
    lines = [list(columns), list(columns.values()), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def single_rows(results: Results) -> list[Row]:
    return [row for row in results["configurations"] if "sources" not in row]


def fused_rows(results: Results) -> list[Row]:
    return [row for row in results["configurations"] if "sources" in row]


def by_layer(results: Results) -> dict[tuple[str, str, str], list[Row]]:
    """Return {(weights, architecture, layer): rows}, the control last, shallow to deep."""
    places = [(name, layer) for name, spec in ENCODERS.items() for layer in spec.layer_names]
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in single_rows(results):
        found.setdefault((row["weights"], row["architecture"], row["layer"]), []).append(row)
    return {key: found[key] for key in sorted(found, key=lambda key: (key[0], places.index(key[1:])))}


def best_of(rows: Iterable[Row], metric: str) -> Row:
    """Return the row that is best in a metric's mean, whichever way is better."""
    sign = 1 if METRICS[metric].higher else -1
    return max(rows, key=lambda row: sign * row["mean"][metric])


def blur_of(row: Row, results: Results) -> Mapping[str, float]:
    """Return the mean figures of the blur of a row's grid, with what judges say of it at the row's layer."""
    size = encoder_spec(row["architecture"]).layer(row["layer"]).size
    return judged_baseline("blur", size, row, results)


def judged_baseline(name: str, size: int | None, row: Row, results: Results) -> Mapping[str, float]:
    """Return the mean figures of a baseline, with the judges' at a row's layer where they were asked."""
    found = [x for x in results["baselines"] if (x["baseline"], x["size"]) == (name, size)]
    where = {key: row[key] for key in ("architecture", "layer", "weights")}
    judged = (
        x["mean"] for baseline in found for x in baseline.get("judged", ()) if where.items() <= x.items()
    )
    return next((x["mean"] for x in found), {}) | next(judged, {})


def networks_table(results: Results) -> str:
    """Return what each trained network keeps: two lines each, the best PSNR and similarity at three depths.

    The blur of the layer's grid stands beside them; what is better than it is bold.
    """
    layers: dict[str, list[list[Row]]] = {}
    for (weights, architecture, _), rows in by_layer(results).items():
        if weights == "imagenet":
            layers.setdefault(architecture, []).append(rows)
    lines = []
    for architecture, mine in layers.items():
        depths = mine[0], mine[len(mine) // 2], mine[-1]
        for metric in ("psnr", "similarity"):
            known = [[row for row in rows if metric in row["mean"]] for rows in depths]
            best = [best_of(rows, metric) if rows else None for rows in known]
            cells = [f"{x['layer']}: {beside_blur(x, metric, results)}" if x else NOTHING for x in best]
            lines.append([encoder_spec(architecture).title, metric_title(metric), *cells])
    columns = ["network", "best decoder (blur of the grid)", *DEPTHS]
    return table(dict.fromkeys(columns, TEXT), lines)


def beside_blur(row: Row, metric: str, results: Results) -> str:
    """Return a figure with the blur's in brackets, bold where it is the better one: "**36.23** (27.56)"."""
    spec, blurred = METRICS[metric], blur_of(row, results).get(metric)
    if blurred is None:
        return figure_of(row, metric)
    figure, better = figure_of(row, metric), spec.better(row["mean"][metric], blurred)
    return f"{f'**{figure}**' if better else figure} ({spec.format(blurred)})"


def figure_of(row: Row, metric: str) -> str:
    """Return a mean figure, with an asterisk where the decoder was trained for it."""
    spec = METRICS[metric]
    return spec.format(row["mean"][metric]) + (r"\*" if spec.in_loss(row["decoder"], row["loss"]) else "")


def metric_title(metric: str) -> str:
    """Return "PSNR, dB (higher is better)"."""
    return f"{METRICS[metric].heading} ({METRICS[metric].direction})"


def psnr_table(results: Results) -> str:
    """Return one line a layer: the PSNR of each mse decoder, with half its 95 % interval, and of the blur.

    The best decoder of a line is bold.
    """
    lines = []
    for (weights, architecture, layer), rows in by_layer(results).items():
        mine = {row["decoder"]: row for row in rows if row["loss"] == "mse"}
        highest = max((row["mean"]["psnr"] for row in mine.values()), default=0)
        cells = [psnr_cell(mine.get(name), highest) for name in DECODERS]
        blurred = f"{blur_of(rows[0], results)['psnr']:.2f}"
        lines.append([with_weights(architecture, weights), layer, blurred, *cells])
    columns = {"architecture": TEXT, "layer": TEXT, "blur": NUMBER}
    return table(columns | dict.fromkeys(DECODERS, NUMBER), lines)


def psnr_cell(row: Row | None, highest: float) -> str:
    if row is None:
        return NOTHING
    low, high = row["ci95"]["psnr"]
    mean = f"{row['mean']['psnr']:.2f}"
    return f"{f'**{mean}**' if row['mean']['psnr'] == highest else mean} ± {(high - low) / 2:.2f}"


def best_table(results: Results) -> str:
    """Return one line a layer: the best decoder by each other metric, among those that it was measured of."""
    metrics = [
        metric
        for metric in METRICS
        if metric not in ("psnr", "mse", "weave")
        and any(metric in row["mean"] for row in single_rows(results))
    ]
    lines = []
    for (weights, architecture, layer), rows in by_layer(results).items():
        known = {metric: [row for row in rows if metric in row["mean"]] for metric in metrics}
        best = [(best_of(mine, metric) if mine else None, metric) for metric, mine in known.items()]
        cells = [
            f"{figure_of(row, metric)} {row['decoder']} ({row['loss']})" if row else NOTHING
            for row, metric in best
        ]
        lines.append([with_weights(architecture, weights), layer, *cells])
    columns = ["architecture", "layer", *map(metric_title, metrics)]
    return table(dict.fromkeys(columns, TEXT), lines)


def judges_table(results: Results) -> str:
    """Return what is drawn of the deep layers of trained networks: one colour, the blur, each decoder.

    A line each, by the metrics of JUDGED; layers with a grid of up to 28 x 28 that judges looked at.
    """
    lines = []
    for (weights, architecture, layer), rows in by_layer(results).items():
        size = encoder_spec(architecture).layer(layer).size
        judged = [row for row in rows if "similarity" in row["mean"]]
        if weights != "imagenet" or size > DEEP_GRID or not judged:
            continue
        for title, name, side in (("one flat colour", "flat", None), ("blur", "blur", size)):
            figures = judged_baseline(name, side, rows[0], results)
            cells = (METRICS[metric].format(figures.get(metric)) for metric in JUDGED)
            lines.append([architecture, layer, f"*{title}*", *cells])
        for row in judged:
            name = f"{row['decoder']} ({row['loss']})"
            lines.append([architecture, layer, name, *(figure_of(row, metric) for metric in JUDGED)])
    titles = dict.fromkeys(("architecture", "layer", "drawn by"), TEXT)
    return table(titles | {metric_title(metric): NUMBER for metric in JUDGED}, lines)


def with_weights(name: str, weights: str) -> str:
    return name if weights == "imagenet" else f"{name} ({weights})"


def ensembles_table(results: Results) -> str:
    """Return one line a fused configuration: its PSNR, the gain over the best source alone, and the costs.

    The last column is what the PSNR loses when a source is replaced by its mean, and the learned weight.
    """
    lines = []
    for row in fused_rows(results):
        alone, more, p = NOTHING, NOTHING, NOTHING
        if gain := row["gain"]:
            low, high = gain["ci95"]
            alone = f"{gain['over']['architecture']} {gain['over']['layer']}"
            more, p = f"{gain['psnr']:+.2f} ({low:+.2f} to {high:+.2f})", chance(gain["p_holm"])
        brought = (
            f"{x['loss']:.1f}" + ("" if x["weight"] is None else f" ({x['weight']:.0%})")
            for x in row["contributions"]
        )
        lines.append(
            [
                with_weights(places(row), row["weights"]),
                row["fusion"],
                row["decoder"],
                f"{row['mean']['psnr']:.2f}",
                *(alone, more, p),
                str(row["forward_passes"]),
                f"{row['encoder_milliseconds'] + row['milliseconds']:.0f}",
                f"{row['parameters'] / 1e6:.2f}",
                ", ".join(brought),
            ]
        )
    names = dict.fromkeys(("sources", "fusion", "decoder"), TEXT)
    gained = {"PSNR, dB": NUMBER, "best source alone": TEXT, "gain, dB (95 % interval)": TEXT, "p": NUMBER}
    spent = dict.fromkeys(("passes", "ms", "M parameters"), NUMBER)
    return table(names | gained | spent | {"lost without each, dB (weight)": TEXT}, lines)


def places(row: Row) -> str:
    """Return a row's sources, the layers of one architecture together: "vgg16 block1, block3"."""
    layers = layers_by_architecture((architecture, layer) for architecture, layer in row["sources"])
    return " + ".join(f"{architecture} {', '.join(names)}" for architecture, names in layers.items())


def chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def protocols_table(project: Results, published: Results) -> str:
    """Return what the same decoders score against the photo and measured as the published studies did."""
    ours = {configuration_of(row): row for row in project["configurations"]}
    [perfect] = [row for row in published["baselines"] if row["baseline"] == "photo"]
    lines = [["the photo itself: a perfect reconstruction", NOTHING, "∞", f"{perfect['mean']['psnr']:.2f}"]]
    for row in published["configurations"]:
        of_photo = row["target"] == "photo"
        mine = ours.get(configuration_of(row)) if of_photo else None
        lines.append(
            [
                f"{row['layer']} {row['decoder']} ({row['loss']})",
                "the photo" if of_photo else "the normalised photo, clipped",
                f"{mine['mean']['psnr']:.2f}" if mine else NOTHING,
                f"{row['mean']['psnr']:.2f}",
            ]
        )
    columns = {"VGG16 decoder": TEXT, "trained to draw": TEXT, "against the photo, dB": NUMBER}
    return table(columns | {"as the studies measured, dB": NUMBER}, lines)


def privacy_table(study: Results) -> str:
    """Return how many photos were found again from the features that were sent, a line a layer."""
    [first, *ways], rows = Study.of(study).table()
    return table({first: TEXT} | dict.fromkeys(ways, NUMBER), rows)


def alike_table(compared: Results, measure: str) -> str:
    """Return what decoders that were trained alike score, a line a layer, loss and size; the best is bold."""
    alike = Alike.of(compared)
    lines = []
    for line in alike.lines:
        best, cells = line.best(measure), {kind: row.cell(measure) for kind, row in line.rows.items()}
        cells[best] = f"**{cells[best]}**"
        name = line.name + (f" ({line.seeds} seeds)" if line.seeds > 1 else "")
        lines.append([name, line.loss, line.parameters, *(cells.get(kind, NOTHING) for kind in alike.kinds)])
    titles = dict.fromkeys(("layer", "loss"), TEXT) | {"parameters": NUMBER}
    return table(titles | dict.fromkeys(alike.kinds, NUMBER), lines)


def configurations_table(results: Results) -> str:
    """Return one line a configuration: name, parameters, mean PSNR with its interval, SSIM, LPIPS."""
    lines = []
    for row in results["configurations"]:
        mean, (low, high) = row["mean"], row["ci95"]["psnr"]
        control = "" if row["weights"] == "imagenet" else f" ({row['weights']} weights)"
        fused = "sources" in row
        where, layer = (places(row), row["fusion"]) if fused else (row["architecture"], row["layer"])
        lines.append(
            [
                *(where + control, layer, row["decoder"], row["loss"]),
                f"{row['parameters']:,}",
                f"{mean['psnr']:.2f} ({low:.2f} to {high:.2f})",
                *(f"{mean[metric]:.3f}" for metric in ("ssim", "lpips")),
            ]
        )
    columns = ["architecture", "layer or fusion", "decoder", "loss", "parameters", "PSNR dB (95 % interval)"]
    return table(dict.fromkeys([*columns, "SSIM", "LPIPS"], TEXT) | {"parameters": NUMBER}, lines)

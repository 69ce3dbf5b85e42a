"""The Depth tab: one photo through every layer of a network, shallow to deep."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration
from explorer.decoders import decoder_spec
from explorer.encoders.table import encoder_spec
from explorer.measures.baselines import blur_metrics
from explorer.measures.metrics import METRICS
from explorer.photos.photo import Photo
from explorer.pictures.exports import animation
from explorer.pictures.exports import table as csv_text
from explorer.pictures.plots import depth_curves
from explorer.reconstruction import Reconstruction
from explorer.ui.contact_sheet import ContactSheetButton, Shown
from explorer.ui.events import QUICK
from explorer.ui.files import offered_file, offered_picture
from explorer.ui.pictures import gallery, picture
from explorer.ui.texts import texts
from explorer.ui.views import Jump, Question, Step, Update, View

text = texts("depth")
TITLE = text.title
MAX_OVERLAYS = 4


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    series = depth_series(explorer.catalogue())
    with gr.Row(elem_id="depth", equal_height=False):
        with gr.Column(elem_id="depth-picture"):
            title = gr.HTML(depth_title([]), elem_classes="answer", elem_id="depth-title")
            with gr.Row(elem_classes="pair"):
                original = picture("depth-original", text.original)
                reconstruction = picture("depth-reconstruction", text.reconstruction)
            depth = gr.Slider(1, 2, 1, step=1, label=text.depth, elem_id="depth-slider")
            with gr.Row(elem_id="depth-buttons"):
                gr.Button(text.play, size="sm", elem_id="play")  # page.js moves the slider
                download = gr.DownloadButton(text.download, size="sm", elem_id="gif", interactive=False)
                data = gr.DownloadButton(text.data, size="sm", elem_id="depth-data", interactive=False)
                sheet = ContactSheetButton()
            sheet_said = gr.HTML(elem_id="contact-sheet-said")
            strip = gallery("depth-strip", columns=6)
        with gr.Column(elem_id="depth-curves"):
            overlays = gr.Dropdown(
                list(series),
                value=[],
                multiselect=True,
                max_choices=MAX_OVERLAYS,
                label=text.compare_with,
                elem_id="overlays",
            )
            curves = gr.Plot(show_label=False, elem_id="depth-plot")
    results = gr.State([])  # reconstructions, shallow to deep
    placed = gr.State(1)  # where the slider stood when a layer was last shown
    drawn = gr.State([])  # the lines of the curves
    offered = gr.State([])  # the reconstructions that can be downloaded
    nothing = gr.update(interactive=False)
    sheet.wire(explorer, results, sheet_said)

    def show_layers(
        question: Question, names: list[str], number: float, before: list[Reconstruction], stood: float
    ) -> Update:
        """Show every layer that the decoder is ready for, the one of the controls large."""
        c = whole(question.configuration)
        same = is_of(before, question.photo, c)
        found = before if same else explorer.depth(question.photo, c)
        index = next((i for i, x in enumerate(found) if x.configuration.layer == c.layer), 0)
        shown = at(index, found) | {placed: index + 1}
        if not same or stood == number != index + 1:  # never under the pointer of who drags it
            shown |= {depth: gr.Slider(1, max(2, len(found)), index + 1, step=1)}
        if same:
            return shown | {strip: gr.update(selected_index=index)}
        captions = [(offered_picture(x.reconstruction), depth_caption(x)) for x in found]
        return shown | {
            results: found,
            original: offered_picture(found[0].original),
            strip: gr.update(value=captions, selected_index=index),
            download: nothing,
            data: nothing,
        }

    def show_curves(
        question: Question,
        names: list[str],
        found: list[Reconstruction],
        lines: list[list[Reconstruction]],
    ) -> Update:
        """Show the curves, with those to compare with, and mark the layer."""
        kept = [line for line in lines if line[0].photo.digest == question.photo.digest]
        wanted = [series[name] for name in names or []]
        others = [
            next((x for x in kept if is_series(x, c)), None) or explorer.depth(question.photo, c)
            for c in wanted
        ]
        lines = [found, *others]
        return {curves: draw(lines, question.configuration.layer), drawn: lines}

    def offer_files(
        question: Question, names: list[str], found: list[Reconstruction], before: list[Reconstruction]
    ) -> Update:
        if found is before or is_of(before, question.photo, found[0].configuration):
            return {}
        gif = animation([(x.reconstruction, depth_caption(x)) for x in found], found[0].original)
        rows = csv_text([x.to_dict() for x in found]).encode()
        return {
            download: gr.DownloadButton(value=offered_file("depth.gif", gif), interactive=True),
            data: gr.DownloadButton(value=offered_file("depth.csv", rows), interactive=True),
            offered: found,
        }

    def show_sheet(question: Question, names: list[str], shown: Shown) -> Update:
        return sheet.show(question, shown)

    def empty() -> Update:
        pictures = dict.fromkeys((original, reconstruction, strip, curves))
        kept = {results: [], placed: 1, drawn: [], offered: []}
        files = {download: nothing, data: nothing, sheet.draw: nothing} | sheet.nothing()
        return pictures | kept | files | {title: depth_title([])}

    def at(index: int, found: list[Reconstruction]) -> Update:
        """Return the picture and the heading for one depth."""
        alt_text = text.reconstruction_from.format(layer=found[index].configuration.layer)
        return {
            title: depth_title(found, index),
            reconstruction: gr.update(value=offered_picture(found[index].reconstruction), alt_text=alt_text),
        }

    def pick(selected: gr.SelectData) -> int:
        return selected.index + 1

    picked = strip.select(pick, None, depth, **QUICK)

    def whole(c: Configuration) -> Configuration:
        """Return the configuration, or one like it whose decoder is there at more of the network's layers."""
        ready = [x for x in explorer.catalogue().single if is_beside(x, c)]
        layers = Counter((x.decoder, x.loss) for x in ready)
        most = max(layers.values(), default=0)
        if not ready or layers[c.decoder, c.loss] == most or (c.decoder, c.loss) not in layers:
            return c
        complete = [x for x in ready if x.layer == c.layer and layers[x.decoder, x.loss] == most]
        return explorer.results().preferred(complete) or c

    def shows(c: Configuration, names: list[str]) -> list[Configuration]:
        return explorer.depth_configurations(whole(c))

    steps = [
        Step(
            show_layers,
            [title, reconstruction, original, depth, download, data, strip, results, placed],
            memory=[depth, results, placed],
        ),
        Step(show_curves, [curves, drawn], memory=[results, drawn]),
        Step(offer_files, [download, data, offered], memory=[results, offered]),
        Step(show_sheet, [sheet.draw, sheet.file, sheet_said], memory=[sheet.shown]),
    ]
    jumps = [(event, [depth, results], go_to) for event in (depth.input, picked.then)]
    return View(steps, empty, inputs=[overlays], triggers=[overlays.input], jumps=jumps, shows=shows)


def go_to(number: float, found: list[Reconstruction]) -> Jump:
    """Return the jump to one of the reconstructions, counted from 1."""
    if not found:
        return Jump()
    return Jump(configuration=found[min(max(1, int(number)), len(found)) - 1].configuration)


def is_beside(one: Configuration, other: Configuration) -> bool:
    """Whether both are of one network with the same weights."""
    return (one.architecture, one.weights) == (other.architecture, other.weights)


def is_series(line: Sequence[Reconstruction], c: Configuration) -> bool:
    """Whether reconstructions from several layers are of this configuration, at whatever layer."""
    return replace(line[0].configuration, layer=c.layer) == c


def is_of(line: Sequence[Reconstruction], photo: Photo, c: Configuration) -> bool:
    """Whether they are of this photo in this configuration, at whatever layer."""
    return bool(line) and line[0].photo.digest == photo.digest and is_series(line, c)


def depth_series(catalogue: Catalogue) -> dict[str, Configuration]:
    """Return what can be overlaid by its label: the first configuration of each that several layers have."""
    layers: dict[str, list[Configuration]] = {}
    for c in catalogue.single:
        layers.setdefault(series_label(c), []).append(c)
    return {label: found[0] for label, found in layers.items() if len(found) > 1}


def series_label(c: Configuration) -> str:
    """Return what an overlay is called."""
    sentence = text.series if c.weights == "imagenet" else text.series_random
    names = {"network": encoder_spec(c.architecture).title, "decoder": decoder_spec(c.decoder).title}
    return sentence.format(**names, loss=c.loss)


def depth_title(results: Sequence[Reconstruction], index: int = 0) -> str:
    """Return the heading of the tab, which names the layer that is shown."""
    if not results:
        return text.waiting()
    c = results[index].configuration
    layer = encoder_spec(c.architecture).layer(c.layer)
    return text.heading(c, layer, index + 1, len(results), decibels(results[index]))


def depth_caption(result: Reconstruction) -> str:
    return text.caption.format(layer=result.configuration.layer, psnr=decibels(result))


def decibels(result: Reconstruction) -> str:
    return METRICS["psnr"].with_unit(result.metrics.psnr)


def draw(lines: list[list[Reconstruction]], layer: str) -> Any:
    """Return the curves, with the blur of each grid of the same photo, and `layer` marked."""
    original01 = lines[0][0].photo.photo01
    sizes = {grid(x.configuration) for line in lines for x in line}
    blurs = {size: blur_metrics(original01, size) for size in sizes}
    return depth_curves([[x.to_dict() for x in line] for line in lines], blurs, layer=layer)


def grid(c: Configuration) -> int:
    return encoder_spec(c.architecture).layer(c.layer).size

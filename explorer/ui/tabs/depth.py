"""The Depth tab: one photo through every layer of a network, shallow to deep."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration
from explorer.decoders import decoder_spec
from explorer.encoders.table import encoder_spec
from explorer.measures.baselines import blur_metrics
from explorer.measures.metrics import METRICS
from explorer.pictures.exports import animation
from explorer.pictures.plots import depth_curves
from explorer.reconstruction import Reconstruction
from explorer.ui.events import PAGE_EVENT
from explorer.ui.files import offered_file, offered_picture
from explorer.ui.pictures import gallery, picture
from explorer.ui.texts import texts
from explorer.ui.views import Question, Step, Update, View

text = texts("depth")
TITLE = text.title
MAX_OVERLAYS = 4
PLAY, STOP = text.play, text.stop
FRAME_SECONDS = 0.9


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
                play = gr.Button(PLAY, size="sm", elem_id="play")
                download = gr.DownloadButton(text.download, size="sm", elem_id="gif", interactive=False)
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
    clock = gr.Timer(FRAME_SECONDS, active=False)
    chosen = [title, reconstruction]

    def show_layers(question: Question, names: list[str]) -> Update:
        """Show every layer that the decoder is ready for."""
        c = question.configuration
        found = explorer.depth(question.photo, c)
        index = next((i for i, x in enumerate(found) if x.configuration.layer == c.layer), 0)
        return {
            results: found,
            original: offered_picture(found[0].original),
            depth: gr.Slider(1, max(2, len(found)), index + 1, step=1),
            strip: gr.update(
                value=[(offered_picture(x.reconstruction), depth_caption(x)) for x in found],
                selected_index=index,
            ),
            download: gr.DownloadButton(interactive=False),
            **at(index, found),
        }

    def show_curves(question: Question, names: list[str], found: list[Reconstruction]) -> Update:
        """Show the curves, with those to compare with."""
        others = [explorer.depth(question.photo, series[name]) for name in names or []]
        return {curves: draw([found, *others])}

    def offer_gif(question: Question, names: list[str], found: list[Reconstruction]) -> Update:
        gif = animation([(x.reconstruction, depth_caption(x)) for x in found], found[0].original)
        file = offered_file("depth.gif", gif)
        return {download: gr.DownloadButton(text.download, value=file, interactive=True)}

    def empty() -> Update:
        pictures = {original: None, reconstruction: None, strip: None, curves: None, results: []}
        return pictures | {title: depth_title([]), download: gr.DownloadButton(interactive=False)}

    def at(index: int, found: list[Reconstruction]) -> Update:
        """Return the picture and the heading for one depth."""
        alt_text = text.reconstruction_from.format(layer=found[index].configuration.layer)
        return {
            title: depth_title(found, index),
            reconstruction: gr.update(value=offered_picture(found[index].reconstruction), alt_text=alt_text),
        }

    def move(number: float, found: list[Reconstruction]) -> Update:
        return at(min(max(1, int(number)), len(found)) - 1, found) if found else {title: gr.skip()}

    def pick(selected: gr.SelectData, found: list[Reconstruction]) -> Update:
        return {depth: selected.index + 1} | at(selected.index, found)

    def tick(number: float, found: list[Reconstruction]) -> Update:
        following = int(number) % max(1, len(found))
        return {depth: following + 1} | (at(following, found) if found else {})

    quick: dict[str, Any] = PAGE_EVENT | {"trigger_mode": "always_last", "show_progress": "hidden"}
    depth.input(move, [depth, results], chosen, **quick)
    strip.select(pick, [results], [*chosen, depth], **quick)
    clock.tick(tick, [depth, results], [*chosen, depth], **quick)
    play.click(
        lambda label: (gr.Button(STOP if label == PLAY else PLAY), gr.Timer(active=label == PLAY)),
        play,
        [play, clock],
        **quick,
    )

    def shows(c: Configuration, names: list[str]) -> list[Configuration]:
        return explorer.depth_configurations(c)

    steps = [
        Step(show_layers, [*chosen, original, depth, download, strip, results]),
        Step(show_curves, [curves], memory=[results]),
        Step(offer_gif, [download], memory=[results]),
    ]
    return View(steps, empty, inputs=[overlays], triggers=[overlays.input], shows=shows)


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


def draw(lines: list[list[Reconstruction]]) -> Any:
    """Return the curves, with the blur of each grid of the same photo."""
    original01 = lines[0][0].photo.photo01
    sizes = {grid(x.configuration) for line in lines for x in line}
    blurs = {size: blur_metrics(original01, size) for size in sizes}
    return depth_curves([[x.to_dict() for x in line] for line in lines], blurs)


def grid(c: Configuration) -> int:
    return encoder_spec(c.architecture).layer(c.layer).size

"""The Explore tab: what one layer keeps of a photo, and the feature maps in between."""

from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.context import Context

from explorer import Explorer
from explorer.configurations import Configuration
from explorer.drawing import reconstruct
from explorer.encoders.table import encoder_spec
from explorer.measures.agreement import Agreement
from explorer.measures.baselines import flat_psnr
from explorer.measures.metrics import CARDS, METRICS
from explorer.pictures.colours import ERROR_RANGE, MAP_SCALES
from explorer.pictures.exports import pack
from explorer.reconstruction import Reconstruction
from explorer.results.recoveries import find_recovery
from explorer.results.standing import Standing, standing
from explorer.ui import choices
from explorer.ui.events import LATEST
from explorer.ui.files import offered_file, offered_picture
from explorer.ui.maps import Maps
from explorer.ui.pictures import pair, picture
from explorer.ui.texts import texts
from explorer.ui.views import Jump, Question, Step, Update, View

text, common = texts("explore"), texts("common")
TITLE, DOWNLOAD = text.title, text.download
MARKS = ("flat", "blur", "decoder", "longer")  # on the bar that says what is lost by whom
SURE = 0.2  # probability of a classifier's first guess from which it is taken seriously


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    with gr.Row(elem_id="explore", equal_height=False):
        with gr.Column(elem_id="result"):
            title = gr.HTML(common.result_title(None), elem_id="result-title", elem_classes="answer")
            comparison = pair("comparison")
            with gr.Row(elem_id="comparison-foot"):
                gr.HTML(text.left_side)
                smooth = gr.Checkbox(label=text.smooth, container=False, elem_id="smooth", min_width=0)
                gr.HTML(text.right_side)
            dial = gr.Slider(1, 2, 1, step=1, label=text.dial, elem_id="dial")
            stops = gr.HTML(elem_id="dial-stops")
            lost = gr.HTML(text.lost(None), elem_id="lost", elem_classes="answer")
            with gr.Row(elem_id="look-longer"):
                longer = gr.Button(text.look_longer, size="sm", elem_classes="searches")
                control = gr.Button(text.look_at_control, size="sm", elem_classes="searches")
            cards = gr.HTML(cards_text(None), elem_id="cards")
            agreement = gr.HTML(agreement_text(None), elem_id="agreement", elem_classes="answer")

        with gr.Column(elem_id="inside"):
            with gr.Row(elem_id="error-row"):
                error = picture("error-map", text.error_map)
                with gr.Column(elem_id="error-side"):
                    gr.HTML(text.error_legend(ERROR_RANGE), elem_id="error-legend")
                    stands = gr.HTML(text.standing(None, None), elem_id="standing", elem_classes="answer")
                    download = gr.DownloadButton(DOWNLOAD, size="sm", elem_id="download", interactive=False)
            maps = Maps(explorer)

    preferences = gr.BrowserState([False, MAP_SCALES[0]], storage_key="feature-inversion-explorer")
    drawn = gr.State(None)  # the Reconstruction on the page
    previewed = gr.State(None)  # what the pictures are of that the dial shows at once

    def show_reconstruction(question: Question, number: float) -> Update:
        c = question.configuration
        result, layers = explorer.reconstruct(question.photo, c), layers_of(c)
        now = layers.index(c.layer) + 1
        deepest = {"maximum": max(2, len(layers))}
        return {
            # never moved under the pointer of who drags it
            dial: gr.Slider(**deepest) if number == now else gr.Slider(value=now, **deepest),
            drawn: result,
            title: common.result_title(result),
            comparison: (offered_picture(result.original), offered_picture(result.reconstruction)),
            error: offered_picture(result.error),
            cards: cards_text(result),
            download: gr.DownloadButton(interactive=False),
        }

    def layers_of(c: Configuration) -> list[str]:
        return explorer.catalogue().layers(c.architecture, c.weights)

    def show_other_depths(question: Question, before: Any) -> Update:
        """Let the page have the pictures of all layers, so that the dial shows them as it is dragged."""
        c = question.configuration
        of = (question.photo.digest, replace(c, layer=""))
        if of == before:
            return {}
        results, wanted = explorer.results(), [replace(c, layer=name) for name in layers_of(c)]
        every = [choices.settle(explorer.catalogue(), one, results)[0] for one in wanted]
        ready = [] if explorer.engine.must_fit(every) else reconstruct(explorer.engine, question.photo, every)
        pictures = {x.configuration.layer: offered_picture(x.reconstruction) for x in ready}
        layers = [encoder_spec(c.architecture).layer(name) for name in layers_of(c)]
        return {
            previewed: of,
            stops: text.stops(layers, {layer.name: pictures.get(layer.name) for layer in layers}),
        }

    def show_the_rest(question: Question, result: Reconstruction, colours: str) -> Update:
        """Show where the result stands and what a network sees in it, and offer all of it."""
        c, seen_again = question.configuration, explorer.agreement(result)
        result = explorer.judged(result)
        where = standing(result, explorer.results())
        file = offered_file(f"{c.name}.zip", pack(result, maps.of(question), colours))
        return {
            drawn: result,
            cards: cards_text(result),
            lost: lost_text(result, where),
            stands: text.standing(where, result),
            agreement: agreement_text(seen_again, c.layer),
            download: gr.DownloadButton(DOWNLOAD, value=file, interactive=True),
        }

    def empty() -> Update:
        pictures = {drawn: None, comparison: None, error: None}
        texts = {title: common.result_title(None), cards: cards_text(None), lost: text.lost(None)}
        texts |= {stops: None, previewed: None}
        texts |= {stands: text.standing(None, None), agreement: agreement_text(None)}
        return pictures | texts | maps.empty() | {download: gr.DownloadButton(interactive=False)}

    gr.on(
        [smooth.input, maps.scale.input],
        lambda *chosen: list(chosen),
        [smooth, maps.scale],
        preferences,
        **LATEST,
    )
    # only when the page opens: told of every change, it could undo a choice made while the last is being kept
    Context.root_block.load(lambda chosen: chosen, preferences, [smooth, maps.scale], **LATEST)
    smooth.change(
        None, smooth, js="on => { document.getElementById('explore').classList.toggle('smooth', on) }"
    )
    steps = [
        Step(show_reconstruction, [drawn, title, comparison, error, cards, download, dial], memory=[dial]),
        Step(maps.show, maps.outputs, memory=[maps.scale]),
        Step(show_the_rest, [drawn, cards, lost, stands, agreement, download], memory=[drawn, maps.scale]),
        Step(show_other_depths, [previewed, stops], memory=[previewed]),
    ]

    def go_deeper(result: Reconstruction | None, number: float) -> Jump:
        """Return the jump to the layer that the dial stands on."""
        if result is None:
            return Jump()
        layers = layers_of(result.configuration)
        layer = layers[min(max(1, int(number)), len(layers)) - 1]
        return Jump(configuration=replace(result.configuration, layer=layer))

    jumps = [
        (dial.input, [drawn, dial], go_deeper),
        (longer.click, [drawn], search),
        (control.click, [drawn], partial(search, weights="random")),
    ]
    return View(steps, empty, jumps=jumps)


def search(result: Reconstruction | None, weights: str | None = None) -> Jump:
    """Return the view in which a photo is searched for; the page's script begins the search there."""
    if result is None:
        return Jump()
    c = result.configuration
    return Jump("recover", replace(c, weights=weights) if weights else c)


def lost_text(result: Reconstruction, stands: Standing) -> str:
    """Return how near to the photo a flat colour, a blur, the decoder and a search come (1: equal).

    Whether the search found more is the judge's to say, too: LPIPS may have been the decoder's loss.
    """
    c = result.configuration
    searched = find_recovery(result.photo.digest, c)
    longer = searched.points[-1] if searched and searched.points else {}
    marks = zip(MARKS, (stands.flat, stands.blur, result.metrics, longer), strict=True)
    likeness = {name: 1 - figures["lpips"] for name, figures in marks if "lpips" in figures}
    judged = [figures.get("similarity") for figures in (result.metrics, longer)]
    return text.lost(likeness, METRICS["lpips"].in_loss(c.decoder, c.loss), judged)


def cards_text(result: Reconstruction | None) -> str:
    """Return the cards with the figures; without any they keep their size."""
    return text.cards(CARDS, result, flat_psnr(result.photo.photo01) if result else 0)


def agreement_text(found: Agreement | None, layer: str = "") -> str:
    """Return how well features and a classifier's guesses survive the reconstruction from a layer."""
    sure = found is not None and found.original[0].probability >= SURE
    return text.agreement(found, layer, sure)

"""The Explore tab: what one layer keeps of a photo, and the feature maps in between."""

from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.configurations import Configuration
from explorer.encoders.table import encoder_spec
from explorer.measures.agreement import Agreement
from explorer.measures.baselines import flat_psnr
from explorer.measures.metrics import CARDS, METRICS
from explorer.pictures.colours import ERROR_RANGE, MAP_SCALES
from explorer.pictures.exports import pack
from explorer.pictures.feature_maps import PER_PAGE, FeatureMaps
from explorer.reconstruction import Reconstruction
from explorer.results.recoveries import find_recovery
from explorer.results.standing import Standing, standing
from explorer.ui.events import PAGE_EVENT, QUICK
from explorer.ui.files import offered_file, offered_picture
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
            with gr.Row(elem_id="features-row"):
                mosaic = picture("mosaic", text.mosaic)
                with gr.Column(elem_id="features-side"):
                    about_features = gr.HTML(feature_text(None, 0), elem_id="features-text")
                    scale = gr.Dropdown(
                        [(name.capitalize(), name) for name in MAP_SCALES],
                        value=MAP_SCALES[0],
                        label=text.colours,
                        filterable=False,
                        elem_id="scale",
                    )
                    with gr.Row(elem_id="pager"):
                        previous = gr.Button(text.previous, size="sm", elem_id="previous", interactive=False)
                        number = gr.Number(
                            1,
                            label=text.page,
                            precision=0,
                            minimum=1,
                            maximum=1,
                            elem_id="page-number",
                            min_width=0,
                        )
                        following = gr.Button(text.next, size="sm", elem_id="next", interactive=False)
                    back = gr.Button(text.back, size="sm", elem_id="all-channels", visible=False)

    preferences = gr.BrowserState([False, MAP_SCALES[0]], storage_key="feature-inversion-explorer")
    drawn = gr.State(None)  # the Reconstruction on the page
    shown = gr.State(None)  # the Question whose feature maps are on the page
    enlarged = gr.State(False)  # one channel is shown instead of the mosaic
    previewed = gr.State(None)  # what the pictures are of that the dial shows at once
    features = [mosaic, about_features, number, previous, following, back, enlarged]

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
        every = explorer.depth_configurations(c)
        ready = [] if explorer.engine.must_fit(every) else explorer.depth(question.photo, c)
        pictures = {x.configuration.layer: offered_picture(x.reconstruction) for x in ready}
        layers = [encoder_spec(c.architecture).layer(name) for name in layers_of(c)]
        return {
            previewed: of,
            stops: text.stops(layers, {layer.name: pictures.get(layer.name) for layer in layers}),
        }

    def show_features(question: Question, colours: str) -> Update:
        return {shown: question} | feature_page(maps_of(question), 1, colours)

    def show_the_rest(question: Question, result: Reconstruction, colours: str) -> Update:
        """Show where the result stands and what a network sees in it, and offer all of it."""
        c, seen_again = question.configuration, explorer.agreement(result)
        result = explorer.judged(result)
        where = standing(result, explorer.results())
        file = offered_file(f"{c.name}.zip", pack(result, maps_of(question), colours))
        return {
            drawn: result,
            cards: cards_text(result),
            lost: lost_text(result, where),
            stands: text.standing(where, result),
            agreement: agreement_text(seen_again, c.layer),
            download: gr.DownloadButton(DOWNLOAD, value=file, interactive=True),
        }

    def empty() -> Update:
        pictures = {drawn: None, shown: None, comparison: None, error: None, mosaic: None}
        texts = {title: common.result_title(None), cards: cards_text(None), lost: text.lost(None)}
        texts |= {stops: None, previewed: None}
        texts |= {stands: text.standing(None, None), agreement: agreement_text(None)}
        texts |= {about_features: feature_text(None, 0), back: gr.Button(visible=False)}
        pictures |= {enlarged: False}
        return pictures | texts | pager(0, 1) | {download: gr.DownloadButton(interactive=False)}

    def maps_of(question: Question) -> FeatureMaps:
        return explorer.features(question.photo, question.configuration)

    def feature_page(maps: FeatureMaps, page_number: float | None, colours: str) -> Update:
        last = maps.pages()
        index = min(max(1, int(page_number or 1)), last) - 1
        return {
            mosaic: gr.update(
                value=offered_picture(maps.mosaic(index, scale=colours)), alt_text=mosaic_text(maps, index)
            ),
            about_features: feature_text(maps, index),
            back: gr.Button(visible=False),
            enlarged: False,
        } | pager(index, last)

    def pager(index: int, pages: int) -> Update:
        return {
            number: gr.Number(index + 1, maximum=pages, label=text.page_of.format(pages=pages)),
            previous: gr.Button(interactive=index > 0),
            following: gr.Button(interactive=index + 1 < pages),
        }

    def turn(step: int, question: Question | None, page_number: float | None, colours: str) -> Update:
        if question is None:
            return pager(0, 1)
        return feature_page(maps_of(question), (page_number or 1) + step, colours)

    def enlarge(
        selected: gr.SelectData,
        question: Question | None,
        page_number: float | None,
        colours: str,
        one_channel: bool,
    ) -> Update:
        """Show the channel that was clicked in the mosaic over the photo; a second click shows all again."""
        if question is None or one_channel:
            return turn(0, question, page_number, colours)
        maps = maps_of(question)
        channel = maps.channel_at(*selected.index, page=int(page_number or 1) - 1)
        if channel is None:  # between two channels
            return {enlarged: False}
        overlay = maps.over_photo(channel, question.photo.crop, colours)
        return {
            mosaic: gr.update(
                value=offered_picture(overlay), alt_text=text.one_channel.format(channel=channel)
            ),
            about_features: channel_text(maps, channel),
            back: gr.Button(visible=True),
            enlarged: True,
        }

    turning = PAGE_EVENT | {"trigger_mode": "always_last", "show_progress_on": mosaic}
    asked = [shown, number, scale]
    previous.click(partial(turn, -1), asked, features, **turning)
    following.click(partial(turn, 1), asked, features, **turning)
    gr.on([number.submit, scale.input, back.click], partial(turn, 0), asked, features, **turning)
    mosaic.select(enlarge, [*asked, enlarged], features, **turning)
    gr.on([smooth.input, scale.input], lambda *chosen: list(chosen), [smooth, scale], preferences, **QUICK)
    gr.on(fn=lambda chosen: chosen, inputs=preferences, outputs=[smooth, scale], **QUICK)
    smooth.change(
        None, smooth, js="on => { document.getElementById('explore').classList.toggle('smooth', on) }"
    )
    steps = [
        Step(show_reconstruction, [drawn, title, comparison, error, cards, download, dial], memory=[dial]),
        Step(show_features, [shown, *features], memory=[scale]),
        Step(show_the_rest, [drawn, cards, lost, stands, agreement, download], memory=[drawn, scale]),
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
    """Return how near to the photo a flat colour, a blur, the decoder and a search come (1: equal)."""
    c = result.configuration
    searched = find_recovery(result.photo.digest, c)
    longer = searched.points[-1] if searched and searched.points else {}
    marks = zip(MARKS, (stands.flat, stands.blur, result.metrics, longer), strict=True)
    likeness = {name: 1 - figures["lpips"] for name, figures in marks if "lpips" in figures}
    return text.lost(likeness, METRICS["lpips"].in_loss(c.decoder, c.loss))


def cards_text(result: Reconstruction | None) -> str:
    """Return the cards with the figures; without any they keep their size."""
    return text.cards(CARDS, result, flat_psnr(result.photo.photo01) if result else 0)


def feature_text(maps: FeatureMaps | None, page: int) -> str:
    """Return the label of a page of feature maps, counted from 0."""
    return text.features(maps, page * PER_PAGE + 1, maps.page_channels(page) if maps else [])


def mosaic_text(maps: FeatureMaps, page: int) -> str:
    """Return what the picture of a page of feature maps shows, for those who cannot see it."""
    channels = maps.page_channels(page)
    return text.mosaic_page.format(shown=len(channels), channels=maps.channels, first=channels[0])


def channel_text(maps: FeatureMaps, channel: int) -> str:
    """Return one channel's label: its statistics and the histogram of its values."""
    row = next(row for row in maps.statistics() if row["channel"] == channel)
    counts = maps.histogram(channel)
    return text.channel(maps, row, counts / counts.max())


def agreement_text(found: Agreement | None, layer: str = "") -> str:
    """Return how well features and a classifier's guesses survive the reconstruction from a layer."""
    sure = found is not None and found.original[0].probability >= SURE
    return text.agreement(found, layer, sure)

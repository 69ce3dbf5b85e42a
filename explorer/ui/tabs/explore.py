"""The Explore tab: what one layer keeps of a photo, and the feature maps in between."""

from dataclasses import replace
from functools import partial

import gradio as gr

from explorer import Explorer
from explorer.measures.agreement import Agreement
from explorer.measures.baselines import flat_psnr
from explorer.measures.metrics import CARDS
from explorer.pictures.colours import ERROR_RANGE, MAP_SCALES
from explorer.pictures.exports import pack
from explorer.pictures.feature_maps import PER_PAGE, FeatureMaps
from explorer.reconstruction import Reconstruction
from explorer.results.standing import standing
from explorer.ui.events import PAGE_EVENT, QUICK
from explorer.ui.files import offered_file, offered_picture
from explorer.ui.pictures import pair, picture
from explorer.ui.texts import texts
from explorer.ui.views import Jump, Question, Step, Update, View

text, common = texts("explore"), texts("common")
TITLE, DOWNLOAD = text.title, text.download
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
    features = [mosaic, about_features, number, previous, following, back, enlarged]

    def show_reconstruction(question: Question) -> Update:
        result = explorer.reconstruct(question.photo, question.configuration)
        return {
            drawn: result,
            title: common.result_title(result),
            comparison: (offered_picture(result.original), offered_picture(result.reconstruction)),
            error: offered_picture(result.error),
            cards: cards_text(result),
            download: gr.DownloadButton(interactive=False),
        }

    def show_features(question: Question, colours: str) -> Update:
        return {shown: question} | feature_page(maps_of(question), 1, colours)

    def show_the_rest(question: Question, result: Reconstruction, colours: str) -> Update:
        """Show where the result stands and what a network sees in it, and offer all of it."""
        c, seen_again = question.configuration, explorer.agreement(result)
        result = explorer.judged(result)
        file = offered_file(f"{c.name}.zip", pack(result, maps_of(question), colours))
        return {
            drawn: result,
            cards: cards_text(result),
            stands: text.standing(standing(result, explorer.results()), result),
            agreement: agreement_text(seen_again, c.layer),
            download: gr.DownloadButton(DOWNLOAD, value=file, interactive=True),
        }

    def empty() -> Update:
        pictures = {drawn: None, shown: None, comparison: None, error: None, mosaic: None}
        texts = {title: common.result_title(None), cards: cards_text(None)}
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
        Step(show_reconstruction, [drawn, title, comparison, error, cards, download]),
        Step(show_features, [shown, *features], memory=[scale]),
        Step(show_the_rest, [drawn, cards, stands, agreement, download], memory=[drawn, scale]),
    ]
    jumps = [
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

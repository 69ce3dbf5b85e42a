"""The feature maps of Explore: pages of them, and one of them with what it tells of the photo."""

from functools import partial

import gradio as gr

from explorer import Explorer
from explorer.photos.photo import Photo
from explorer.pictures.colours import MAP_SCALES
from explorer.pictures.feature_maps import PER_PAGE, FeatureMaps
from explorer.ui.controls import examples
from explorer.ui.events import PAGE_EVENT
from explorer.ui.files import offered_picture
from explorer.ui.pictures import gallery, picture
from explorer.ui.texts import texts
from explorer.ui.views import Question, Update

text = texts("explore")
EXCITED = 3  # photos that excite a channel most


class Maps:
    """The components, made in the column being built, and how they answer.

    `show` and `outputs` are those of a step of the tab; `scale` is the selector of the colours.
    """

    def __init__(self, explorer: Explorer):
        self.explorer = explorer
        with gr.Row(elem_id="features-row"):
            self.mosaic = picture("mosaic", text.mosaic)
            with gr.Column(elem_id="features-side"):
                self.about = gr.HTML(feature_text(None, 0), elem_id="features-text")
                self.scale = gr.Dropdown(
                    [(name.capitalize(), name) for name in MAP_SCALES],
                    value=MAP_SCALES[0],
                    label=text.colours,
                    filterable=False,
                    elem_id="scale",
                )
                with gr.Row(elem_id="pager"):
                    self.previous = gr.Button(text.previous, size="sm", elem_id="previous", interactive=False)
                    self.number = gr.Number(
                        1,
                        label=text.page,
                        precision=0,
                        minimum=1,
                        maximum=1,
                        elem_id="page-number",
                        min_width=0,
                    )
                    self.following = gr.Button(text.next, size="sm", elem_id="next", interactive=False)
                self.back = gr.Button(text.back, size="sm", elem_id="all-channels", visible=False)
        with gr.Column(elem_id="channel", visible=False) as self.part:
            gr.HTML(text.channel_pictures())
            self.pictures = gallery("channel-pictures", columns=2 + EXCITED)
        self.shown = gr.State(None)  # the Question whose feature maps are on the page
        self.channel = gr.State(None)  # the one that is shown instead of the mosaic
        pager = [self.number, self.previous, self.following]
        self.outputs = [self.shown, self.mosaic, self.about, *pager, self.back, self.channel, self.part]
        self._wire()

    def _wire(self) -> None:
        turning = PAGE_EVENT | {"trigger_mode": "always_last", "show_progress_on": self.mosaic}
        asked, outputs = [self.shown, self.number, self.scale], self.outputs[1:]
        self.previous.click(partial(self.turn, -1), asked, outputs, **turning)
        self.following.click(partial(self.turn, 1), asked, outputs, **turning)
        again = [self.number.submit, self.scale.input, self.back.click]
        gr.on(again, partial(self.turn, 0), asked, outputs, **turning)
        chosen = self.mosaic.select(self.enlarge, [*asked, self.channel], outputs, **turning)
        told = [self.shown, self.channel, self.scale]
        chosen.success(self.tell, told, [self.part, self.pictures], **turning | {"show_progress": "hidden"})

    def of(self, question: Question) -> FeatureMaps:
        """Return the feature maps of a question's photo at its layer."""
        return self.explorer.features(question.photo, question.configuration)

    def show(self, question: Question, colours: str) -> Update:
        """Show the first page."""
        return {self.shown: question} | self.page(self.of(question), 1, colours)

    def empty(self) -> Update:
        """Return the update for no photo."""
        nothing = {self.shown: None, self.mosaic: None, self.about: feature_text(None, 0)}
        return nothing | self.pager(0, 1) | self._one(None)

    def page(self, maps: FeatureMaps, page_number: float | None, colours: str) -> Update:
        last = maps.pages()
        index = min(max(1, int(page_number or 1)), last) - 1
        return {
            self.mosaic: gr.update(
                value=offered_picture(maps.mosaic(index, scale=colours)), alt_text=mosaic_text(maps, index)
            ),
            self.about: feature_text(maps, index),
        } | (self.pager(index, last) | self._one(None))

    def pager(self, index: int, pages: int) -> Update:
        return {
            self.number: gr.Number(index + 1, maximum=pages, label=text.page_of.format(pages=pages)),
            self.previous: gr.Button(interactive=index > 0),
            self.following: gr.Button(interactive=index + 1 < pages),
        }

    def _one(self, channel: int | None) -> Update:
        """Return the update of what stands with one channel; None: it goes."""
        update: Update = {self.channel: channel, self.back: gr.Button(visible=channel is not None)}
        return update | ({self.part: gr.Column(visible=False)} if channel is None else {})

    def turn(self, step: int, question: Question | None, page_number: float | None, colours: str) -> Update:
        """Turn so many pages on."""
        if question is None:
            return self.pager(0, 1)
        return self.page(self.of(question), (page_number or 1) + step, colours)

    def enlarge(
        self,
        selected: gr.SelectData,
        question: Question | None,
        page_number: float | None,
        colours: str,
        before: int | None,
    ) -> Update:
        """Show the channel that was clicked in the mosaic over the photo; a second click shows all again."""
        if question is None or before is not None:
            return self.turn(0, question, page_number, colours)
        maps = self.of(question)
        channel = maps.channel_at(*selected.index, page=int(page_number or 1) - 1)
        if channel is None:  # between two channels
            return {self.channel: None}
        overlay = maps.over_photo(channel, question.photo.crop, colours)
        return {
            self.mosaic: gr.update(
                value=offered_picture(overlay), alt_text=text.one_channel.format(channel=channel)
            ),
            self.about: channel_text(maps, channel),
        } | self._one(channel)

    def tell(self, question: Question | None, channel: int | None, colours: str) -> Update:
        """Show what the decoder draws without the channel, what that adds, and what excites it most."""
        if question is None or channel is None:
            return gr.skip()
        c = question.configuration
        without, added, times = self.explorer.channel_drawn(question.photo, c, channel)
        found = [(without, text.without_channel), (added, text.channel_adds.format(times=times))]
        for name, photo, maps in self.excited(question, channel)[:EXCITED]:
            peak = maps.values[channel].max()
            caption = text.excited.format(name=name.capitalize(), peak=peak)
            found.append((maps.over_photo(channel, photo.crop, colours), caption))
        value = [(offered_picture(drawn), caption) for drawn, caption in found]
        return {self.part: gr.Column(visible=True), self.pictures: gr.update(value=value)}

    def excited(self, question: Question, channel: int) -> list[tuple[str, Photo, FeatureMaps]]:
        """Return the example photos, those first in which the channel's highest value is highest."""
        photos = {name: self.explorer.photo(path) for name, path in examples().items()}
        c = question.configuration
        found = [(name, photo, self.explorer.features(photo, c)) for name, photo in photos.items()]
        return sorted(found, key=lambda row: -row[2].values[channel].max())


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

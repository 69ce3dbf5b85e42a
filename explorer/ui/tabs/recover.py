"""The Recover tab: watch a photo being found again from its features, without a trained decoder."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.experiments.settings import OPTIMISERS, STARTS, Settings
from explorer.measures.metrics import METRICS
from explorer.pictures.plots import recovery_curve
from explorer.reconstruction import Recovery
from explorer.ui.events import told
from explorer.ui.files import offered_picture
from explorer.ui.pictures import picture
from explorer.ui.texts import texts
from explorer.ui.views import Question, Step, Update, View

text, common = texts("recover"), texts("common")
TITLE = text.title
MANY_STEPS = 100_000  # here the seconds end it
CHART_SECONDS = 1.0
SHOWN = ("psnr", "ssim", "lpips")
WAITING = text.queueing
EVENT: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass
class Search:
    """A search that may be running: stopped by a click, superseded by another question on the page."""

    question: Question
    stopped: bool = False
    superseded: bool = False

    @property
    def ended(self) -> bool:
        return self.stopped or self.superseded


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    usual = Settings()
    with gr.Row(elem_id="recover", equal_height=False):
        with gr.Column(elem_id="recover-pictures"):
            title = gr.HTML(text.heading(None), elem_id="recover-title")
            with gr.Row(elem_classes="pair"):
                original = picture("recover-original", text.original)
                recovered = picture("recovered", text.recovered)
            with gr.Row(elem_id="recover-buttons"):
                start = gr.Button(text.start, variant="primary", size="sm", elem_id="recover-start")
                stop = gr.Button(text.stop, size="sm", elem_id="recover-stop", interactive=False)
            figures = gr.HTML(recover_figures(None), elem_id="recover-figures")
        with gr.Column(elem_id="recover-side"):
            seconds = gr.Slider(10, 300, 60, step=10, label=text.seconds, elem_id="recover-seconds")
            begin = gr.Dropdown(
                [(text[0].upper() + text[1:], name) for name, text in STARTS.items()],
                value=usual.start,
                label=text.begin,
                filterable=False,
                elem_id="recover-begin",
            )
            with gr.Accordion(text.more_settings, open=False, elem_id="recover-settings"):
                optimiser = gr.Dropdown(
                    [("Adam", OPTIMISERS[0]), ("L-BFGS", OPTIMISERS[1])],
                    value=usual.optimiser,
                    label=text.optimiser,
                    filterable=False,
                    elem_id="recover-optimiser",
                )
                smoothness = gr.Number(usual.total_variation, label=text.smoothness, minimum=0)
                jitter = gr.Slider(0, 16, usual.jitter, step=1, label=text.jitter)
                coarse = gr.Checkbox(usual.coarse_to_fine, label=text.coarse)
                restarts = gr.Slider(1, 5, usual.restarts, step=1, label=text.restarts)
                seed = gr.Number(usual.seed, label=text.seed, precision=0, minimum=0)
            curve = gr.Plot(show_label=False, elem_id="recover-curve")

    known = gr.State(None)  # the Search of what is on the page
    chosen = [begin, seconds, optimiser, smoothness, jitter, coarse, restarts, seed]
    progress = [recovered, figures, curve, start, stop]

    def show(question: Question, before: Search | None) -> Update:
        """Show the photo and what a trained decoder makes of the layer; the search begins at a click."""
        if before:
            before.superseded = True
        return {
            title: text.heading(question.configuration),
            original: offered_picture(question.photo.crop),
            recovered: None,
            figures: recover_figures(None, rival_text(question)),
            curve: None,
            known: Search(question),
        } | buttons(running=False)

    def empty() -> Update:
        pictures = {original: None, recovered: None, curve: None, known: None}
        texts = {title: text.heading(None), figures: recover_figures(None)}
        return pictures | texts | buttons(running=False)

    def buttons(running: bool) -> Update:
        return {start: gr.Button(interactive=not running), stop: gr.Button(interactive=running)}

    def rival_text(question: Question) -> str:
        """Return the figures of the best measured decoder of the layer on this photo."""
        rival = explorer.engine.best(question.configuration)
        if rival is None:
            return ""
        result = explorer.reconstruct(question.photo, rival)
        error = explorer.agreement(result).errors[rival.layer]
        return text.rival(rival, METRICS["psnr"].with_unit(result.metrics.psnr), error)

    def run(search: Search | None, *values: Any) -> Iterator[Update]:
        """Search until the time is up or it is stopped, showing what is found on the way.

        Every update names all that the search shows: Gradio sends what differs from the one before, and the
        page changes that one in place, which it may not have shown yet.
        """
        if search is None:
            nothing = common.alert(common.no_photo)
            yield {recovered: None, figures: nothing, curve: None} | buttons(running=False)
            return
        search.stopped = False
        question = search.question
        c, rival = question.configuration, rival_text(question)
        shown = {recovered: None, figures: common.note(WAITING), curve: None} | buttons(running=True)
        yield shown
        try:
            points, drawn, found = [], 0.0, None
            wanted = settings(*values)
            linear = Configuration(c.architecture, c.layer, "linear", "mse", c.weights)
            if wanted.start == "linear":
                for share in explorer.prepare([linear]):
                    if search.ended:
                        break
                    yield shown | {figures: common.fitting(share)}
            asked = (question.photo, c, wanted)
            for found in () if search.ended else explorer.recover(*asked):  # it would fit to the end first
                if search.ended:
                    break
                points.append(found.to_dict() | {"search_seconds": found.seconds})
                shown |= {
                    recovered: offered_picture(found.result.reconstruction),
                    figures: recover_figures(found, rival),
                }
                if found.done or time.perf_counter() - drawn > CHART_SECONDS:
                    drawn = time.perf_counter()
                    shown |= {curve: recovery_curve(points)}
                yield shown
            state = text.stopped if search.stopped else ""
            shown |= {figures: recover_figures(found, rival, state)}
        except Exception as error:
            shown |= {figures: common.alert(told(error, "the tab recover"))}
        # Gradio ends by sending once more what was yielded last
        yield gr.skip() if search.superseded else shown | buttons(running=False)

    def end(search: Search | None) -> None:
        if search:
            search.stopped = True

    # its own queue: a minute's search must not keep the other tabs' visitors waiting
    start.click(
        lambda: (common.note(WAITING), gr.Button(interactive=False)),
        None,
        [figures, start],
        queue=False,
        **EVENT,
    )
    start.click(run, [known, *chosen], progress, concurrency_id="recover", concurrency_limit=1, **EVENT)
    stop.click(end, known, None, queue=False, **EVENT)
    step = Step(show, [title, original, *progress, known], memory=[known])
    return View([step], empty, shows=lambda *asked: [], running=known, interrupt=end)


def settings(
    start: str,
    seconds: float,
    optimiser: str,
    smoothness: float,
    jitter: float,
    coarse: bool,
    restarts: float,
    seed: float,
) -> Settings:
    """Return what the components say. Raises UserError for a number that is missing or out of range."""
    if None in (seconds, smoothness, jitter, restarts, seed):
        raise UserError(text.number_missing)
    return Settings(
        start=start,
        optimiser=optimiser,
        steps=MANY_STEPS,
        seconds=float(seconds),
        total_variation=float(smoothness),
        jitter=int(jitter),
        coarse_to_fine=bool(coarse),
        restarts=int(restarts),
        seed=int(seed),
    )


def recover_figures(found: Recovery | None, rival: str = "", state: str = "") -> str:
    """Return how far the recovery has come, and the trained decoder (a text) to compare it with."""
    state = state or (text.finished if found and found.done else text.running)
    return text.figures([METRICS[key] for key in SHOWN], found, rival, state)

"""The Recover tab: watch a photo being found again from its features, without a trained decoder."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.figures import recovery_curve
from explorer.search_settings import OPTIMISERS, STARTS, Settings
from explorer.ui import labels, seen_again
from explorer.ui.controls import Question, Update, View
from explorer.ui.page import unexpected
from explorer.ui.pictures import picture
from explorer.ui.seen_again import recover_figures, recover_title

TITLE = "Recover"
MANY_STEPS = 100_000  # here the seconds end it
CHART_SECONDS = 1.0
WAITING = "Waiting: this machine does one search at a time."
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
            title = gr.HTML(recover_title(None), elem_id="recover-title")
            with gr.Row(elem_classes="pair"):
                original = picture("recover-original", "The original photo")
                recovered = picture("recovered", "The picture that is being recovered")
            with gr.Row(elem_id="recover-buttons"):
                start = gr.Button("Start", variant="primary", size="sm", elem_id="recover-start")
                stop = gr.Button("Stop", size="sm", elem_id="recover-stop", interactive=False)
            figures = gr.HTML(recover_figures(None), elem_id="recover-figures")
        with gr.Column(elem_id="recover-side"):
            seconds = gr.Slider(10, 300, 60, step=10, label="Seconds to search", elem_id="recover-seconds")
            begin = gr.Dropdown(
                [(text[0].upper() + text[1:], name) for name, text in STARTS.items()],
                value=usual.start,
                label="Picture to start from",
                filterable=False,
                elem_id="recover-begin",
            )
            with gr.Accordion("More settings", open=False, elem_id="recover-settings"):
                optimiser = gr.Dropdown(
                    [("Adam", OPTIMISERS[0]), ("L-BFGS", OPTIMISERS[1])],
                    value=usual.optimiser,
                    label="Optimiser",
                    filterable=False,
                    elem_id="recover-optimiser",
                )
                smoothness = gr.Number(
                    usual.total_variation, label="Smoothness (weight of total variation)", minimum=0
                )
                jitter = gr.Slider(0, 16, usual.jitter, step=1, label="Jitter, pixels")
                coarse = gr.Checkbox(usual.coarse_to_fine, label="Large pixels first")
                restarts = gr.Slider(1, 5, usual.restarts, step=1, label="Restarts (the best one is kept)")
                seed = gr.Number(usual.seed, label="Seed", precision=0, minimum=0)
            curve = gr.Plot(show_label=False, elem_id="recover-curve")

    known = gr.State(None)  # the Search of what is on the page
    chosen = [begin, seconds, optimiser, smoothness, jitter, coarse, restarts, seed]
    outputs = [title, original, recovered, figures, curve, start, stop, known]

    def show(question: Question, before: Search | None) -> Iterator[Update]:
        """Show the photo and what a trained decoder makes of the layer; the search begins at a click."""
        if before:
            before.superseded = True
        yield {
            title: recover_title(question.configuration),
            original: explorer.photo(question.path),
            recovered: None,
            figures: recover_figures(None, rival_text(question)),
            curve: None,
            known: Search(question),
        } | buttons(running=False)

    def empty() -> Update:
        pictures = {original: None, recovered: None, curve: None, known: None}
        texts = {title: recover_title(None), figures: recover_figures(None)}
        return pictures | texts | buttons(running=False)

    def buttons(running: bool) -> Update:
        return {start: gr.Button(interactive=not running), stop: gr.Button(interactive=running)}

    def rival_text(question: Question) -> str:
        """Return the figures of the best measured decoder of the layer on this photo."""
        rival = best_decoder(explorer, question.configuration)
        if rival is None:
            return ""
        result = explorer.reconstruct(question.path, **asdict(rival))
        error = explorer.agreement(result).errors[rival.layer]
        return seen_again.rival_text(result, error)

    def run(search: Search | None, *values: Any) -> Iterator[Update]:
        """Search until the time is up or it is stopped, showing what is found on the way."""
        if search is None:
            yield {figures: labels.alert(labels.NO_PHOTO)}
            return
        search.stopped = False
        question = search.question
        c, rival = question.configuration, rival_text(question)
        yield {recovered: None, curve: None} | buttons(running=True)
        try:
            points, drawn, found = [], 0.0, None
            wanted = settings(*values)
            linear = Configuration(c.architecture, c.layer, "linear", "mse", c.weights)
            if wanted.start == "linear":
                for share in explorer.prepare([linear]):
                    if search.ended:
                        break
                    yield {figures: labels.fitting(share)}
            asked = (question.path, c.architecture, c.layer, c.weights, wanted)
            for found in () if search.ended else explorer.recover(*asked):  # it would fit to the end first
                if search.ended:
                    break
                points.append(found.to_dict() | {"search_seconds": found.seconds})
                update = {
                    recovered: found.result.reconstruction,
                    figures: recover_figures(found, rival),
                }
                if found.done or time.perf_counter() - drawn > CHART_SECONDS:
                    drawn = time.perf_counter()
                    update[curve] = recovery_curve(points)
                yield update
            if not search.superseded:
                state = "Stopped" if search.stopped else ""
                yield {figures: recover_figures(found, rival, state)} | buttons(running=False)
        except Exception as error:
            reason = str(error) if isinstance(error, UserError) else unexpected("recover")
            yield {figures: labels.alert(reason)} | buttons(running=False)

    def end(search: Search | None) -> None:
        if search:
            search.stopped = True

    # its own queue: a minute's search must not keep the other tabs' visitors waiting
    start.click(
        lambda: (labels.note(WAITING), gr.Button(interactive=False)),
        None,
        [figures, start],
        queue=False,
        **EVENT,
    )
    start.click(run, [known, *chosen], outputs, concurrency_id="recover", concurrency_limit=1, **EVENT)
    stop.click(end, known, None, queue=False, **EVENT)
    return View(show, empty, outputs, memory=[known], shows=lambda *asked: [], interrupt=end)


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
        raise UserError("A number among the settings is missing.")
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


def best_decoder(explorer: Explorer, c: Configuration) -> Configuration | None:
    """Return the ready configuration with the highest mean PSNR at a layer, None if none was measured."""
    place = (c.architecture, c.layer, c.weights)
    here = [x for x in explorer.catalogue().single if (x.architecture, x.layer, x.weights) == place]
    return explorer.results().highest_psnr(here)

"""The button of the Depth tab that draws a contact sheet, says how far it is, and offers it as a file."""

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr

from explorer import Explorer, UserError
from explorer.contact_sheet import contact_sheet
from explorer.pictures.contact_sheets import draw_contact_sheet
from explorer.pictures.exports import png
from explorer.reconstruction import Reconstruction
from explorer.ui.events import FITS, PRIVATE, sentence
from explorer.ui.files import offered_file
from explorer.ui.texts import texts
from explorer.ui.views import Question, Update

text, common = texts("depth"), texts("common")
About = tuple[str, str, str]  # a photo's digest, a network and its weights


@dataclass
class Shown:
    """What the tab shows, as far as a contact sheet is of it; a sheet of something else is not wanted."""

    about: About | None = None


class ContactSheetButton:
    """The components, in the row being built, and their event; `shown` is the state of a visitor's tab."""

    def __init__(self) -> None:
        self.draw = gr.Button(text.sheet, size="sm", elem_id="contact-sheet", interactive=False)
        self.file = gr.DownloadButton(
            text.sheet_file, size="sm", elem_id="contact-sheet-file", visible=False, variant="primary"
        )
        self.shown = gr.State(Shown())

    def wire(self, explorer: Explorer, found: gr.State, said: gr.HTML) -> None:
        """Let a click draw the sheet of the photo and network of the reconstructions in `found`."""
        self.said = said

        def draw(found: list[Reconstruction], shown: Shown) -> Iterator[Update]:
            about, done = found and about_of(found), {}
            hidden = {self.draw: gr.Button(interactive=False), self.file: gr.DownloadButton(visible=False)}
            try:
                if not found:
                    raise UserError(common.no_photo)
                photo, (_, architecture, weights) = found[0].photo, about
                yield hidden | {said: text.drawing_sheet(0)}
                for sheet in contact_sheet(explorer, photo, architecture, weights):
                    if shown.about != about:
                        break
                    yield hidden | {said: text.drawing_sheet(sheet.share)}
                else:
                    file = offered_file("contact-sheet.png", png(draw_contact_sheet(sheet)))
                    told = text.sheet_drawn(len(sheet.found), len(sheet.missing))
                    done = {said: told, self.file: gr.DownloadButton(value=file, visible=True)}
            except Exception as error:
                done = {said: common.alert(sentence(error, "the contact sheet"))}
            # Gradio ends by sending once more what was yielded last
            wanted = not found or shown.about == about
            yield {self.draw: gr.Button(interactive=True)} | done if wanted else gr.skip()

        outputs = [self.draw, self.file, said]
        self.draw.click(draw, [found, self.shown], outputs, **PRIVATE, **FITS, show_progress="hidden")

    def show(self, question: Question, shown: Shown) -> Update:
        """Offer to draw a sheet, and forget that of another photo or network."""
        c = question.configuration
        before, shown.about = shown.about, (question.photo.digest, c.architecture, c.weights)
        offered = {self.draw: gr.Button(interactive=True)}
        return offered if shown.about == before else offered | self.nothing()

    def nothing(self) -> Update:
        """Return the update that takes the sheet off the page."""
        return {self.file: gr.DownloadButton(visible=False), self.said: ""}


def about_of(found: list[Reconstruction]) -> About:
    """Return what a sheet beside these reconstructions is of."""
    c = found[0].configuration
    return found[0].photo.digest, c.architecture, c.weights

"""The lesson's worksheet: one page of HTML to print on A4, made from the steps, that needs nothing else."""

import re
from pathlib import Path

from explorer.ui.lesson import STEPS, Step

STYLE = Path(__file__).resolve().parents[2] / "assets" / "worksheet.css"
TITLE = "What does a network keep of a photo?"
COLUMNS = ("", "PSNR, dB", "LPIPS", "What is missing? What is new?")
LINES, TERM_LINES = 3, 2


def worksheet() -> str:
    """Return the worksheet as a complete HTML document."""
    steps = "".join(_step(number, step) for number, step in enumerate(STEPS, start=1))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Worksheet: {TITLE}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><header><h1>{TITLE}</h1><p>Worksheet for the Learn tab of the Feature Inversion Explorer. "
        "PSNR: higher is better. LPIPS: lower is better.</p>"
        '<p class="who"><span>Name</span><span>Class</span><span>Date</span></p></header>\n'
        f"{steps}</body></html>\n"
    )


def terms(step: Step) -> list[str]:
    """Return the terms that a step's text explains."""
    return re.findall(r"<dfn>(.*?)</dfn>", step.text)


def _step(number: int, step: Step) -> str:
    table = _table(step) if step.table else ""
    return (
        f"<section><h2>{number}. {step.title}</h2>"
        f"<p><b>Do.</b> {step.task} <i>Example photo: {step.example}.</i></p>{table}"
        f"<p><b>Think.</b> {step.question}</p>{'<hr>' * LINES}"
        f"<p><b>In your own words:</b> {', '.join(terms(step))}</p>{'<hr>' * TERM_LINES}</section>\n"
    )


def _table(step: Step) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "".join(
        f'<tr><th scope="row">{look.label}</th>{"<td></td>" * (len(COLUMNS) - 1)}</tr>' for look in step.looks
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

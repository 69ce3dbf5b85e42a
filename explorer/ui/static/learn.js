// The list of steps, to which Gradio gives `element` and `trigger`: a click on a step is an event with its number.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  trigger("click", { step: Number(button.dataset.step) });
  const lesson = document.getElementById("learn");
  if (lesson.getBoundingClientRect().top < 0) lesson.scrollIntoView();
});

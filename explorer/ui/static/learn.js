// The list of steps, to which Gradio gives `element` and `trigger`: a click on a step asks for it.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  document.getElementById("learn-steps").dataset.wanted = button.dataset.step;
  trigger("click");
  const lesson = document.getElementById("learn");
  if (lesson.getBoundingClientRect().top < 0) lesson.scrollIntoView();
});

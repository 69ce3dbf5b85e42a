// The drawing of a network, to which Gradio gives `element` and `trigger`: a click on a layer is an event with its name.
element.addEventListener("click", (event) => {
  const stop = event.target.closest("[data-layer]");
  if (stop) trigger("click", { layer: stop.dataset.layer });
});

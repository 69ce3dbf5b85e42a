// The drawing of a network, to which Gradio gives `element` and `trigger`: a click on a layer asks for it.
element.addEventListener("click", (event) => {
  const stop = event.target.closest("[data-layer]");
  if (!stop) return;
  document.getElementById("learn-network").dataset.wanted = stop.dataset.layer;
  trigger("click");
});

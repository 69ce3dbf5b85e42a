// The visitor's choice of light or dark, before anything is drawn. The colours are those of `body.dark`.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.body.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", follow);
  follow();
})();

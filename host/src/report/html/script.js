// Shows hover texts at once and on touch. Without it the browser shows them as plain tooltips.
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);
for (const title of document.querySelectorAll("figure title")) {
  title.parentElement.dataset.tip = title.textContent;
  title.remove();
}
addEventListener("pointermove", show);
addEventListener("pointerdown", show);
function show(event) {
  const text = event.target.closest?.("[data-tip]")?.dataset.tip;
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  const x = event.clientX + 14, y = event.clientY + 14;
  tip.style.left = Math.max(4, Math.min(x, innerWidth - box.width - 4)) + "px";
  tip.style.top = (y + box.height > innerHeight ? event.clientY - box.height - 10 : y) + "px";
}

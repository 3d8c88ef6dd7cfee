"use strict";
const again = document.querySelector("[data-again]");
if (again) setTimeout(() => location.reload(), 1000 * again.dataset.again);
(() => {
  const box = document.getElementById("filter");
  if (!box) return;
  const said = document.getElementById("filtered");
  const named = [...document.querySelectorAll("[data-name]")];
  const parts = named.length ? named : [...box.closest("section").querySelectorAll("tbody tr")];
  box.closest("[hidden]").hidden = false;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const p of parts) {
      const text = p.textContent.toLowerCase();
      p.hidden = !words.every((w) => text.includes(w));
      shown += p.hidden ? 0 : 1;
    }
    said.textContent = words.length ? `${shown} of ${parts.length} datasets` : "";
  });
})();

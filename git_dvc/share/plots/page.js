// The page of 'git dvc plots': draws the charts, and answers to the header's buttons.
(function () {
  "use strict";
  const root = document.documentElement;
  const cards = Array.from(document.querySelectorAll(".card"));
  const hidden = new Set();
  const shown = new Map();

  function colours(dark) {
    const text = dark ? "#d5dae2" : "#30363f", line = dark ? "#343b46" : "#dfe3ea";
    return {
      background: "transparent",
      font: "system-ui, sans-serif",
      axis: {
        labelColor: text, titleColor: text, gridColor: line, domainColor: line, tickColor: line,
        labelFontSize: 11, titleFontSize: 12, labelLimit: 240,
      },
      legend: { labelColor: text, titleColor: text, labelFontSize: 11, labelLimit: 300 },
      header: { labelColor: text, titleColor: text, labelLimit: 300 },
      title: { color: text },
      text: { color: text },
      view: { stroke: line },
    };
  }

  function isDark() { return root.dataset.theme === "dark"; }

  function specOf(card) {
    const spec = JSON.parse(card.querySelector("script").textContent);
    const values = spec.data && spec.data.values;
    if (hidden.size && Array.isArray(values)) {
      spec.data.values = values.filter((row) => !hidden.has(row.rev));
    }
    if (card.classList.contains("wide") && spec.width === "container" && spec.height === 300) {
      spec.height = 520;
    }
    if (spec.facet && spec.columns) {
      spec.columns = Math.max(1, Math.floor((card.clientWidth - 120) / 330));
    }
    return spec;
  }

  async function draw(card) {
    const place = card.querySelector(".chart");
    if (!place) return;
    const before = shown.get(card);
    const turn = {};
    shown.set(card, turn);
    if (before && before.view) before.view.finalize();
    try {
      const spec = specOf(card);
      const many = spec.data && Array.isArray(spec.data.values) && spec.data.values.length > 3000;
      const result = await vegaEmbed(place, spec, {
        mode: "vega-lite",
        ast: true,  // no code is made from text: the page forbids that
        renderer: many ? "canvas" : "svg",
        config: colours(isDark()),
        actions: { export: true, source: false, compiled: false, editor: false },
        downloadFileName: card.dataset.name.replace(/[^\w.-]+/g, "_"),
        tooltip: { theme: isDark() ? "dark" : "light" },
        logLevel: vega.Error,
      });
      if (shown.get(card) === turn) turn.view = result.view; else result.view.finalize();
      card.dataset.drawn = "yes";
    } catch (problem) {
      place.textContent = "This plot cannot be drawn: " + problem.message;
      place.className = "chart failed trouble";
      card.dataset.drawn = "no";
    }
  }

  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !shown.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "1500px" });
  cards.forEach((card) => near.observe(card));
  window.addEventListener("beforeprint", () => {
    cards.forEach((card) => { if (!shown.has(card)) draw(card); });
  });

  function redraw() { Array.from(shown.keys()).forEach(draw); }

  // Light and dark: what the system says, until somebody chooses.
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  function remembered() { try { return localStorage.getItem("git-dvc-theme"); } catch { return null; } }
  function paint(theme) {
    root.dataset.theme = theme;
    button.querySelector(".label").textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(theme === "dark"));
    redraw();
  }
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("git-dvc-theme", theme); } catch { /* a page that may not */ }
    paint(theme);
  });
  system.addEventListener("change", () => { if (!remembered()) paint(system.matches ? "dark" : "light"); });
  paint(remembered() || (system.matches ? "dark" : "light"));

  // Versions that are not wanted.
  for (const chip of document.querySelectorAll("#revs button")) {
    chip.addEventListener("click", () => {
      const rev = chip.dataset.chip;
      if (hidden.has(rev)) hidden.delete(rev); else hidden.add(rev);
      chip.setAttribute("aria-pressed", String(!hidden.has(rev)));
      for (const one of document.querySelectorAll("[data-rev]")) one.hidden = hidden.has(one.dataset.rev);
      redraw();
    });
  }

  document.getElementById("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of cards) {
      const text = card.querySelector(".top").textContent.toLowerCase();
      card.hidden = !words.every((word) => text.includes(word));
      count += card.hidden ? 0 : 1;
    }
    document.getElementById("none").hidden = count > 0;
  });

  for (const enlarge of document.querySelectorAll(".enlarge")) {
    enlarge.addEventListener("click", () => {
      const card = enlarge.closest(".card");
      const wide = card.classList.toggle("wide");
      enlarge.setAttribute("aria-pressed", String(wide));
      draw(card);
      card.scrollIntoView({ block: "nearest" });
    });
  }

  // Images: their size in the caption, and large when they are clicked.
  const large = document.getElementById("large");
  for (const image of document.querySelectorAll("figure img")) {
    const tell = () => {
      const size = image.closest("figure").querySelector(".pixels");
      if (image.naturalWidth) size.textContent = image.naturalWidth + " × " + image.naturalHeight;
    };
    if (image.complete) tell(); else image.addEventListener("load", tell);
    image.addEventListener("error", () => {
      image.closest("figure").querySelector(".pixels").textContent = "no image that can be shown";
    });
    image.addEventListener("click", () => {
      large.querySelector("img").src = image.src;
      large.querySelector("p").textContent = image.alt;
      large.showModal();
    });
  }
  large.addEventListener("click", (event) => { if (event.target === large) large.close(); });
})();

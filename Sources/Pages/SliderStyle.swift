// The looks of a slider page, and its script.

let sliderStyle = """
  .stage { display: grid; gap: 1.2rem; margin-top: 1.2rem; }
  .films { display: grid; gap: 1rem; align-items: start; }
  .pairs { display: flex; flex-wrap: wrap; gap: .8rem; align-content: start; }
  .pairs figure { width: 7rem; }
  figcaption { margin-top: .35rem; }
  .pairs figcaption { color: var(--quiet); font-weight: 400; }
  .film { position: relative; border-radius: 8px; background: var(--panel); }
  .film img { display: block; max-width: 100%; height: auto; border-radius: 8px; }
  .film.moving { display: flex; gap: 4px; overflow-x: auto; }
  .pairs .film img, .live .film img { width: 100%; }
  .live .film.moving { display: grid; overflow: hidden; cursor: ew-resize; touch-action: pan-y;
    user-select: none; -webkit-user-select: none; }
  .live .film { display: grid; overflow: hidden; isolation: isolate; }
  .live .film img { grid-area: 1 / 1; opacity: 0; visibility: hidden; border-radius: 0;
    transition: opacity 0s .12s, visibility 0s .12s; }
  .live .film img.on { opacity: 1; visibility: visible; z-index: 1;
    transition: opacity .12s, visibility 0s; }
  .live.difference .film[data-base] { filter: brightness(2); background: #000; }
  .live.difference .film img.base { opacity: 1; visibility: visible; }
  .live.difference .film[data-base] img.on { mix-blend-mode: difference; transition: none; }
  .live.difference .film img { transition: none; }
  .control { display: none; }
  .live .control { display: block; position: sticky; bottom: 0; z-index: 5;
    background: var(--paper); border-top: 1px solid var(--line); margin: 1.2rem -1.5rem 0;
    padding: .7rem 1.5rem max(.7rem, env(safe-area-inset-bottom)); }
  .reading { display: flex; align-items: center; gap: .5rem; }
  .reading label { color: var(--quiet); }
  output { font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums;
    min-width: 3.2em; overflow-wrap: anywhere; }
  .buttons { margin-left: auto; display: flex; gap: .5rem; flex-shrink: 0; }
  button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line);
    border-radius: 8px; padding: .45rem .9rem; cursor: pointer; }
  button:hover { border-color: var(--quiet); }
  button[aria-pressed=true] { background: var(--c0); border-color: var(--c0); color: var(--paper); }
  button.alone { font-size: .85rem; padding: .2rem .65rem; text-align: left; max-width: 100%;
    overflow-wrap: anywhere; }
  body:not(.live) button.alone { border: 0; background: none; padding: 0; cursor: default; }
  .live.single .row:not(.chosen) { display: none; }
  :focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; }
  input[type=range] { -webkit-appearance: none; appearance: none; display: block; width: 100%;
    height: 2.75rem; margin: 0; background: none; cursor: pointer; touch-action: pan-y; }
  input[type=range]::-webkit-slider-runnable-track { height: 6px; border-radius: 3px;
    background: var(--line); }
  input[type=range]::-moz-range-track { height: 6px; border-radius: 3px; background: var(--line); }
  input[type=range]::-webkit-slider-thumb { -webkit-appearance: none; width: 28px; height: 28px;
    margin-top: -11px; border: 3px solid var(--paper); border-radius: 50%; background: var(--c0);
    box-shadow: 0 0 0 1px var(--c0); }
  input[type=range]::-moz-range-thumb { width: 22px; height: 22px; border: 3px solid var(--paper);
    border-radius: 50%; background: var(--c0); box-shadow: 0 0 0 1px var(--c0); }
  .ticks { display: flex; justify-content: space-between; padding: 0 14px; margin-top: -.6rem;
    font-size: .78rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
  .ticks > span { width: 0; display: flex; justify-content: center; }
  .ticks > span.on { color: var(--ink); font-weight: 650; }
  kbd { font: inherit; border: 1px solid var(--line); border-radius: 4px; padding: 0 .35em;
    color: var(--ink); }
  tr.on > * { background: var(--panel); font-weight: 650; color: var(--ink); }
  svg .mark { stroke: none; } svg .mark.on { stroke: var(--quiet); stroke-dasharray: 3 3; }
  .figures { display: grid; gap: 1rem 3rem; align-items: start; margin-top: 1rem; }
  svg.curve { width: 100%; max-width: 34rem; height: auto; }
  svg.curve .tick { font-size: 12px; }
  .use code { overflow-wrap: anywhere; } .use .weight { font-weight: 650; color: var(--c0); }
  @media (hover: none) and (pointer: coarse) { .hints { display: none; } }
  @media (min-width: 40rem) {
    .live .films { grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); }
    .live .films[data-count="1"], .live.single .films { grid-template-columns: minmax(0, 34rem); }
    .stage.paired { grid-template-columns: 9rem 1fr; }
    .paired .pairs { flex-direction: column; flex-wrap: nowrap; }
    .pairs figure { width: 100%; }
    .figures { grid-template-columns: minmax(0, 34rem) max-content; }
  }
  @media (max-width: 40rem) {
    main { padding: 1rem 1rem 2rem; } .control { margin: 1rem -1rem 0 !important;
      padding: .6rem 1rem .7rem !important; }
    .ticks > span:not(.key-tick):not(.on) { visibility: hidden; }
    .live .films:not([data-count="1"]) { grid-template-columns: 1fr 1fr; gap: .7rem; }
    .live.single .films { grid-template-columns: 1fr !important; }
    .use tr, .use th, .use td { display: block; border: 0; padding: 0; }
    .use tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  }
  @media (prefers-reduced-motion: reduce) { .live .film img { transition: none !important; } }
  @media print { .control { display: none !important; } }
  """

let sliderScript = """
  {
    const slide = document.getElementById("slide"), reading = document.getElementById("reading");
    const play = document.getElementById("play"), body = document.body;
    const difference = document.getElementById("difference");
    const labels = [...document.getElementById("positions").options].map(option => option.label);
    const ticks = [...document.querySelectorAll(".ticks > span")];
    const placed = [...document.querySelectorAll("[data-at]")];
    const alone = [...document.querySelectorAll(".alone")];
    const name = slide.dataset.name;
    let timer = 0;
    for (const film of document.querySelectorAll(".film[data-base]")) {
      const base = document.getElementById(film.dataset.base).cloneNode();
      base.className = "base";
      base.alt = "";
      for (const attribute of ["id", "data-at", "title"]) base.removeAttribute(attribute);
      film.prepend(base);
    }
    const show = () => {
      const at = Number(slide.value);
      for (const item of placed) item.classList.toggle("on", Number(item.dataset.at) === at);
      ticks.forEach((tick, position) => tick.classList.toggle("on", position === at));
      reading.textContent = labels[at];
      slide.setAttribute("aria-valuetext", name + " " + labels[at]);
      for (const text of document.querySelectorAll(".weight")) text.textContent = labels[at];
    };
    const press = (button, isOn) => button.setAttribute("aria-pressed", String(isOn));
    const isOn = button => button.getAttribute("aria-pressed") === "true";
    const differ = wanted => {
      press(difference, wanted);
      body.classList.toggle("difference", wanted);
    };
    const choose = row => {
      body.classList.toggle("single", row >= 0);
      alone.forEach((button, index) => {
        press(button, index === row);
        button.closest(".row").classList.toggle("chosen", index === row);
      });
    };
    const go = at => {
      slide.value = Math.max(0, Math.min(labels.length - 1, at));
      show();
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      press(play, false);
    };
    const note = () => {
      const row = alone.findIndex(isOn);
      const parts = [encodeURIComponent(name) + "=" + encodeURIComponent(labels[slide.value])];
      if (row >= 0) parts.push("row=" + (row + 1));
      if (isOn(difference)) parts.push("difference");
      try { history.replaceState(null, "", "#" + parts.join("&")); } catch { }
    };
    const position = text => {
      const same = labels.indexOf(text);
      if (same >= 0 || text.trim() === "" || isNaN(text)) return same;
      const gaps = labels.map(label => Math.abs(Number(label) - Number(text)));
      return gaps.indexOf(Math.min(...gaps));
    };
    const read = () => {
      const wanted = new URLSearchParams(location.hash.slice(1));
      const at = position(wanted.get(name) ?? "");
      const row = Number(wanted.get("row") ?? 0) - 1;
      choose(row < alone.length ? row : -1);
      differ(wanted.has("difference"));
      go(at >= 0 ? at : Number(slide.dataset.start));
    };
    slide.addEventListener("input", () => { stop(); show(); });
    slide.addEventListener("change", note);
    difference.addEventListener("click", () => { differ(!isOn(difference)); note(); });
    alone.forEach((button, index) => button.addEventListener("click", () => {
      choose(isOn(button) ? -1 : index);
      note();
    }));
    play.addEventListener("click", () => {
      if (timer) { stop(); note(); return; }
      let step = Number(slide.value) === labels.length - 1 ? -1 : 1;
      press(play, true);
      timer = setInterval(() => {
        const at = Number(slide.value);
        if (at + step < 0 || at + step >= labels.length) step = -step;
        go(at + step);
      }, 300);
    });
    for (const film of document.querySelectorAll(".film.moving")) {
      const follow = event => {
        const box = film.getBoundingClientRect();
        stop();
        go(Math.round((event.clientX - box.left) / box.width * (labels.length - 1)));
      };
      film.addEventListener("pointerdown", event => {
        if (event.button !== 0) return;
        film.setPointerCapture(event.pointerId);
        if (event.pointerType === "mouse") follow(event);
      });
      film.addEventListener("pointermove", event => {
        if (film.hasPointerCapture(event.pointerId)) follow(event);
      });
      film.addEventListener("pointerup", note);
    }
    document.addEventListener("keydown", event => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "d" || event.key === "D") return difference.click();
      if (event.target === slide) return;
      const to = { ArrowLeft: Number(slide.value) - 1, ArrowRight: Number(slide.value) + 1,
        Home: 0, End: labels.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      stop();
      go(to);
      note();
    });
    addEventListener("hashchange", read);
    body.classList.add("live");
    read();
  }
  """

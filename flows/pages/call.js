"use strict";
// The page of one call: draws the timeline, plays the sound, and keeps transcript and timeline together.
// Texts reach the page through textContent alone, never as markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("call-data").textContent);
  const labels = data.labels;
  const duration = Math.max(1, data.duration_ms);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const COLOURS = { agent: colour("--agent"), customer: colour("--customer"), ivr: colour("--menu"), unknown: colour("--menu") };
  const QUIET = "#B9C3CD", INK = colour("--ink"), MUTED = colour("--muted"), LINE = colour("--line");
  const scroll = byId("scroll"), track = byId("track"), gutter = byId("gutter"), playhead = byId("playhead"), tip = byId("tip");
  const audio = byId("audio");
  const SKIP_MS = 1500, RUN_UP_MS = 300, SECOND_PX = 240;

  let zoom = 1;
  let position = 0; // ms; the sound's own while it plays

  // ── times ────────────────────────────────────────────────────────────────
  const two = (n) => String(n).padStart(2, "0");
  const clock = (ms, tenths = 0) => {
    const units = Math.max(0, Math.floor(ms / (tenths ? 100 : 1000))), seconds = tenths ? Math.floor(units / 10) : units;
    const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    const head = hours ? `${hours}:${two(minutes)}` : String(minutes);
    return `${head}:${two(seconds % 60)}${tenths ? data.decimal + (units % 10) : ""}`;
  };

  // ── sound ────────────────────────────────────────────────────────────────
  const embedded = byId("sound");
  if (audio && embedded) {
    const bytes = Uint8Array.from(atob(embedded.textContent.trim()), (c) => c.charCodeAt(0));
    audio.src = URL.createObjectURL(new Blob([bytes], { type: embedded.dataset.type }));
  }
  if (audio) audio.addEventListener("error", () => { byId("cannot-play").hidden = false; });

  const seek = (ms) => {
    position = Math.min(Math.max(0, ms), duration);
    if (audio) audio.currentTime = position / 1000;
    show(true);
  };
  const play = () => { if (audio) audio.play().catch(() => {}); };
  const playFrom = (ms) => { seek(ms); play(); };
  const toggle = () => { if (audio) { if (audio.paused) play(); else audio.pause(); } };

  // Stretches without speech that are worth skipping: [start, where speech goes on].
  const gaps = [];
  let spoken = 0;
  for (const [start, end] of data.speech) {
    if (start - spoken >= SKIP_MS) gaps.push([spoken, start]);
    spoken = Math.max(spoken, end);
  }
  const skipTo = (ms) => {
    const gap = gaps.find(([start, end]) => ms >= start + RUN_UP_MS && ms < end - RUN_UP_MS * 2);
    return gap ? gap[1] - RUN_UP_MS : null;
  };

  // ── timeline ─────────────────────────────────────────────────────────────
  const canvases = [];
  const canvasRow = (label, kind, draw) => {
    const name = document.createElement("div");
    name.className = `${kind}-row ${kind}`;
    name.textContent = label;
    gutter.append(name);
    const canvas = document.createElement("canvas");
    canvas.className = `${kind}-row`;
    canvas.setAttribute("aria-hidden", "true");
    track.append(canvas);
    canvases.push([canvas, draw]);
  };

  const visible = () => {
    const width = scroll.clientWidth, msPerPx = duration / (width * zoom);
    return { width, msPerPx, start: scroll.scrollLeft * msPerPx };
  };

  const drawAxis = (context, width, height) => {
    const { msPerPx, start } = visible();
    const steps = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5];
    const step = steps.find((one) => one / msPerPx >= 70) || steps[steps.length - 1];
    context.font = `11px ${style.getPropertyValue("--font")}`;
    context.textBaseline = "middle";
    for (let ms = Math.floor(start / step) * step; ms <= start + width * msPerPx; ms += step) {
      const x = (ms - start) / msPerPx;
      context.fillStyle = LINE;
      context.fillRect(x, height - 6, 1, 6);
      context.fillStyle = MUTED;
      context.fillText(clock(ms, step < 1000 ? 1 : 0), x + 4, height / 2);
    }
  };

  const drawWave = (wave) => {
    const outline = Uint8Array.from(atob(wave.outline), (c) => c.charCodeAt(0));
    return (context, width, height) => {
      const { msPerPx, start } = visible();
      const middle = height / 2;
      let span = 0;
      for (let x = 0; x < width; x += 1) {
        const from = start + x * msPerPx, to = from + msPerPx;
        const first = Math.floor(from / data.bin_ms), last = Math.max(first + 1, Math.ceil(to / data.bin_ms));
        let level = 0;
        for (let bin = first; bin < last && bin < outline.length; bin += 1) level = Math.max(level, outline[bin]);
        while (span < wave.speech.length && wave.speech[span][1] <= from) span += 1;
        const speaking = span < wave.speech.length && wave.speech[span][0] < to;
        context.fillStyle = speaking ? COLOURS[wave.speech[span][2]] || QUIET : QUIET;
        const half = Math.max(0.5, (level / 255) * (middle - 2));
        context.fillRect(x, middle - half, 1, half * 2);
      }
    };
  };

  const laneRow = (lane) => {
    const isTurns = ["agent", "customer", "others"].includes(lane.id);
    const name = document.createElement("div");
    name.className = isTurns ? `turn-lane ${lane.id}${lane.is_own ? " own" : ""}` : `lane-${lane.id}`;
    name.textContent = lane.label;
    gutter.append(name);
    const row = document.createElement("div");
    row.className = isTurns ? "lane turn-lane" : `lane lane-${lane.id}`;
    row.dataset.lane = lane.id;
    if (lane.note) {
      const note = document.createElement("span");
      note.className = "nothing";
      note.textContent = lane.note;
      row.append(note);
    }
    for (const item of lane.items) {
      const mark = document.createElement("button");
      mark.type = "button";
      mark.tabIndex = -1; // the list of moments and the transcript are for the keyboard
      mark.className = `item ${item.kind}`;
      mark.dataset.play = item.play_ms;
      mark.dataset.start = item.start_ms;
      mark.dataset.end = item.end_ms;
      mark.dataset.label = item.label;
      mark.dataset.detail = item.detail;
      mark.setAttribute("aria-label", `${clock(item.start_ms)} ${item.label}. ${item.detail}`);
      mark.style.left = `${(item.start_ms / duration) * 100}%`;
      if (lane.id === "rules") mark.textContent = item.kind === "failed" ? "✕" : "✓";
      else {
        mark.style.width = `${((item.end_ms - item.start_ms) / duration) * 100}%`;
        if (lane.id === "silence" || lane.id === "line") mark.textContent = item.detail.split(", ")[0];
      }
      row.append(mark);
    }
    track.append(row);
  };

  // Each party's turns stand below its own sound, where it has a channel of its own.
  canvasRow("", "axis", drawAxis);
  for (const wave of data.waves) {
    canvasRow(wave.label, "wave", drawWave(wave));
    data.lanes.filter((lane) => lane.is_own && lane.id === wave.role).forEach(laneRow);
  }
  data.lanes.filter((lane) => !lane.is_own).forEach(laneRow);

  const redraw = () => {
    const width = scroll.clientWidth, ratio = window.devicePixelRatio || 1;
    for (const [canvas, draw] of canvases) {
      const height = canvas.clientHeight || (canvas.className.startsWith("axis") ? 20 : 46);
      canvas.style.width = `${width}px`;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      context.clearRect(0, 0, width, height);
      draw(context, width, height);
    }
  };

  const maxZoom = () => Math.max(1, (duration / 1000) * SECOND_PX / Math.max(1, scroll.clientWidth));
  const zoomTo = (factor, anchorPx) => {
    const width = scroll.clientWidth, anchor = anchorPx === undefined ? xOf(position) - scroll.scrollLeft : anchorPx;
    const at = Math.min(Math.max(anchor, 0), width), ms = ((scroll.scrollLeft + at) / (width * zoom)) * duration;
    zoom = Math.min(Math.max(1, factor), maxZoom());
    track.style.width = `${zoom * 100}%`;
    scroll.scrollLeft = (ms / duration) * width * zoom - at;
    redraw();
    show(false);
  };
  const xOf = (ms) => (ms / duration) * scroll.clientWidth * zoom;

  // ── transcript ───────────────────────────────────────────────────────────
  const panel = byId("transcript");
  const lines = [...panel.querySelectorAll("[data-start]")].map((element) => ({
    element, start: Number(element.dataset.start), end: Number(element.dataset.end), isLine: element.classList.contains("line"),
  }));
  const words = [];
  for (const line of lines) {
    const inside = [...line.element.querySelectorAll(".w")];
    inside.forEach((element, index) => {
      const next = inside[index + 1];
      const end = Number(element.dataset.end);
      // A word stays lit until the next begins, unless the party pauses.
      const until = next && Number(next.dataset.play) - end < 400 ? Number(next.dataset.play) : end + 150;
      words.push({ element, start: Number(element.dataset.play), end: Math.max(end, until) });
    });
  }
  words.sort((a, b) => a.start - b.start);
  const items = [...track.querySelectorAll(".item")].map((element) => ({
    element, start: Number(element.dataset.start), end: Number(element.dataset.end),
  }));
  const listed = [...document.querySelectorAll(".moment")].map((element) => ({
    element, start: Number(element.dataset.start), play: Number(element.dataset.play),
  }));

  let lit = new Set();
  const light = (now) => {
    for (const element of lit) if (!now.has(element)) element.classList.remove("now");
    for (const element of now) if (!lit.has(element)) element.classList.add("now");
    lit = now;
  };

  let lastLine = null;
  const follow = (moved) => {
    if (!byId("follow").checked) return;
    const current = lines.filter((line) => line.start <= position).pop();
    if (current && (moved || current !== lastLine)) {
      const top = current.element.offsetTop - panel.clientHeight / 3;
      panel.scrollTo({ top, behavior: moved ? "auto" : "smooth" });
    }
    lastLine = current;
    const x = xOf(position) - scroll.scrollLeft;
    if (x < 0 || x > scroll.clientWidth * 0.92) scroll.scrollLeft = xOf(position) - scroll.clientWidth * 0.15;
  };

  function show(moved) {
    playhead.style.left = `${(position / duration) * 100}%`;
    const output = byId("clock"), total = document.createElement("small");
    total.textContent = ` / ${clock(duration)}`;
    output.replaceChildren(clock(position, 1), total);
    const now = new Set();
    for (const group of [words, items, lines]) {
      for (const one of group) if (one.start <= position && position < one.end) now.add(one.element);
    }
    const moment = listed.filter((one) => one.play <= position + 1 && position < one.start + 3000).pop();
    if (moment) now.add(moment.element);
    light(now);
    follow(moved);
  }

  const showProof = (first, last) => {
    for (const word of panel.querySelectorAll(".w.shown")) word.classList.remove("shown");
    if (first === undefined) return;
    for (const word of panel.querySelectorAll(".w")) {
      const place = Number(word.dataset.w);
      if (place >= Number(first) && place <= Number(last)) word.classList.add("shown");
    }
  };

  // ── what people do ───────────────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-play]");
    if (!target || dragged) return;
    showProof(target.dataset.first, target.dataset.last);
    playFrom(Number(target.dataset.play));
  });

  let drag = null, dragged = false;
  scroll.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.pointerType === "mouse" && event.button === 0) drag = { x: event.clientX, left: scroll.scrollLeft };
  });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (Math.abs(event.clientX - drag.x) > 4) dragged = true;
    if (dragged) scroll.scrollLeft = drag.left - (event.clientX - drag.x);
  });
  window.addEventListener("pointerup", () => { drag = null; });
  scroll.addEventListener("click", (event) => {
    if (dragged || event.target.closest("[data-play]")) return;
    const x = event.clientX - scroll.getBoundingClientRect().left + scroll.scrollLeft;
    seek((x / (scroll.clientWidth * zoom)) * duration);
  });
  scroll.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomTo(zoom * (event.deltaY < 0 ? 1.25 : 0.8), event.clientX - scroll.getBoundingClientRect().left);
  }, { passive: false });
  scroll.addEventListener("scroll", redraw, { passive: true });

  const hint = (event) => {
    const item = event.target.closest(".item");
    tip.hidden = !item;
    if (!item) return;
    const title = document.createElement("b");
    title.textContent = item.dataset.label;
    tip.replaceChildren(title, [clock(Number(item.dataset.start), 1), item.dataset.detail].filter(Boolean).join(" · "));
    const left = Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.min(event.clientY + 16, window.innerHeight - tip.offsetHeight - 8)}px`;
  };
  track.addEventListener("pointermove", hint);
  track.addEventListener("pointerleave", () => { tip.hidden = true; });

  const step = (direction) => {
    const next = direction > 0
      ? listed.find((one) => one.play > position + 50)
      : [...listed].reverse().find((one) => one.play < position - 1500);
    if (next) playFrom(next.play);
  };
  const speed = byId("speed");
  const setSpeed = (index) => {
    speed.selectedIndex = Math.min(Math.max(0, index), speed.options.length - 1);
    if (audio) audio.playbackRate = Number(speed.value);
  };
  const actions = {
    play: toggle, back: () => seek(position - 5000), forward: () => seek(position + 5000),
    previous: () => step(-1), next: () => step(1),
    "zoom-in": () => zoomTo(zoom * 1.6), "zoom-out": () => zoomTo(zoom / 1.6), "zoom-all": () => zoomTo(1),
  };
  for (const [id, action] of Object.entries(actions)) byId(id).addEventListener("click", action);
  speed.addEventListener("change", () => setSpeed(speed.selectedIndex));
  panel.addEventListener("wheel", () => { byId("follow").checked = false; }, { passive: true });
  panel.addEventListener("touchmove", () => { byId("follow").checked = false; }, { passive: true });
  byId("follow").addEventListener("change", () => show(true));

  const keys = {
    " ": toggle, ArrowLeft: actions.back, ArrowRight: actions.forward, j: actions.next, k: actions.previous,
    "+": actions["zoom-in"], "=": actions["zoom-in"], "-": actions["zoom-out"], 0: actions["zoom-all"],
    "[": () => setSpeed(speed.selectedIndex - 1), "]": () => setSpeed(speed.selectedIndex + 1),
    f: () => { byId("follow").checked = !byId("follow").checked; show(true); },
  };
  // By place on the keyboard as well, since J is О on a Russian one.
  const codes = { KeyJ: "j", KeyK: "k", KeyF: "f", BracketLeft: "[", BracketRight: "]" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
    if (event.key === " " && event.target.matches("input, summary, button:not(.item)")) return;
    const action = keys[codes[event.code] || event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  if (audio) {
    const button = byId("play");
    const told = () => {
      button.textContent = audio.paused ? `▶ ${labels.play}` : `❚❚ ${labels.pause}`;
      button.title = audio.paused ? labels.play : labels.pause;
    };
    const tick = () => {
      position = audio.currentTime * 1000;
      const jump = byId("skip").checked ? skipTo(position) : null;
      if (jump !== null) audio.currentTime = jump / 1000;
      show(false);
      if (!audio.paused) requestAnimationFrame(tick);
    };
    audio.addEventListener("play", () => { told(); requestAnimationFrame(tick); });
    for (const name of ["pause", "ended"]) audio.addEventListener(name, told);
    audio.addEventListener("seeked", () => { if (audio.paused) { position = audio.currentTime * 1000; show(false); } });
  } else {
    for (const id of ["play", "speed", "skip"]) byId(id).disabled = true;
  }

  const card = byId("player");
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--player-height", `${card.offsetHeight}px`);
    redraw();
    show(false);
  }).observe(card);

  const asked = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  redraw();
  if (asked) seek(Number(asked[1]) * 1000);
  else show(false);
})();

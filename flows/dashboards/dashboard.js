/* Filters the data of a page and draws its blocks anew. Measures are made as flows/dashboards/measures.py makes them. */
"use strict";
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const { words, measures, minimum, targets, language } = content;
  const KEYS = ["queue", "team", "agent_id"];
  const Z_95 = 1.959963984540054;
  const NOWRAP = 22;
  const TALL_PX = 640;
  const AXIS_PX = 62;
  const SCALES = { share: 100, portion: 100, length: 0.001 };
  const chosen = { queue: null, team: null, agent_id: null, from: null, to: null };
  const locale = { ru: "ru-RU", zh: "zh-CN" }[language] || "en-GB";

  // ── texts ──────────────────────────────────────────────────────────────
  const fill = (text, places) => text.replace(/\{(\w+)\}/g, (_, name) => places[name]);
  const number = (value, digits) =>
    value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const percent = (value, digits = 1) => `${number(value * 100, digits)} %`;
  const whole = (value) => (value === null || value === undefined ? "–" : number(value, Number.isInteger(value) ? 0 : 1));

  function length(ms) {
    const sign = ms < 0 ? "−" : "";
    const seconds = Math.abs(ms) / 1000;
    if (seconds < 60) return `${sign}${number(seconds, 1)} ${words.page.seconds}`;
    const rounded = Math.round(seconds);
    const clock = [Math.floor(rounded / 60) % 60, rounded % 60].map((part) => String(part).padStart(2, "0")).join(":");
    const hours = Math.floor(rounded / 3600);
    return `${sign}${hours ? `${hours}:${clock}` : clock.replace(/^0/, "")} ${hours ? "" : words.page.minutes}`.trim();
  }

  function written(kind, value) {
    if (value === null || value === undefined) return "–";
    if (kind === "share" || kind === "portion") return percent(value);
    if (kind === "length") return length(value);
    if (kind === "rate") return `${number(value, value >= 20 ? 0 : 2)} ${words.page.per_minute}`;
    return whole(value);
  }

  const between = (low, high, kind) => {
    if (low === null || low === undefined) return "";
    if (kind === "share" || kind === "portion") return `${number(low * 100, 1)}–${percent(high)}`;
    return `${written(kind, low)} – ${written(kind, high)}`;
  };

  function day(text) {
    const [year, month, date] = text.split("-").map(Number);
    return new Date(Date.UTC(year, month - 1, date)).toLocaleDateString(locale, {
      timeZone: "UTC", day: "numeric", month: "short", year: "numeric",
    });
  }

  const named = (value) => (value === "" || value === null || value === undefined ? words.filters.without_name : value);

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") made.className = value;
      else if (name === "text") made.textContent = value;
      else if (value !== undefined && value !== null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  // ── data ───────────────────────────────────────────────────────────────
  const sets = {};
  for (const [name, columns] of Object.entries(content.sets)) {
    const values = {};
    let size = 0;
    for (const [column, packed] of Object.entries(columns)) {
      values[column] = packed.numbers ?? packed.codes.map((code) => (code < 0 ? null : packed.levels[code]));
      size = values[column].length;
    }
    sets[name] = { values, size };
  }

  function kept(set) {
    const { values, size } = set;
    const tests = [];
    for (const key of KEYS) if (chosen[key] !== null && values[key]) tests.push((row) => values[key][row] === chosen[key]);
    if (values.call_date) {
      if (chosen.from !== null) tests.push((row) => values.call_date[row] >= chosen.from);
      if (chosen.to !== null) tests.push((row) => values.call_date[row] <= chosen.to);
    }
    const rows = [];
    for (let row = 0; row < size; row += 1) if (tests.every((test) => test(row))) rows.push(row);
    return rows;
  }

  /* Filters in force that a set of rows with these columns knows nothing of. */
  function unknown(columns) {
    const names = KEYS.filter((key) => chosen[key] !== null && !columns.includes(key)).map((key) => words.filters[key]);
    return names.length ? fill(words.page.not_by, { names: names.join(", ") }) : "";
  }

  // ── measures ───────────────────────────────────────────────────────────
  function wilson(successes, n) {
    const z2 = Z_95 * Z_95;
    const p = successes / n;
    const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    const half = (Z_95 / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
    return [Math.max(0, Math.min(p, centre - half)), Math.min(1, Math.max(p, centre + half))];
  }

  const total = (sums, columns) => {
    const known = columns.map((column) => sums[column]).filter((value) => value !== null);
    return known.length ? known.reduce((one, other) => one + other, 0) : null;
  };

  function verdict(name, low, high, isFew) {
    const target = targets[name];
    if (target === undefined || low === null) return "none";
    if (isFew) return "too few calls";
    if (low >= target) return "met";
    return high < target ? "not met" : "open";
  }

  function measureOf(name, sums) {
    const measure = measures[name];
    const [part, all, calls] = [measure.part, measure.whole, measure.calls].map((columns) => total(sums, columns));
    let value = null;
    if (measure.kind === "count") value = part;
    else if (part !== null && all) value = measure.kind === "rate" ? (part * 60000) / all : part / all;
    const [low, high] = measure.kind === "share" && value !== null ? wilson(Math.round(part), Math.round(all)) : [null, null];
    const isFew = measure.calls.length > 0 && (calls || 0) < minimum;
    return { measure: name, value, low, high, part, whole: all, calls, is_few: isFew, verdict: verdict(name, low, high, isFew) };
  }

  function groups(set, rows, by, names) {
    const columns = [...new Set(names.flatMap((name) => [...measures[name].part, ...measures[name].whole, ...measures[name].calls]))];
    const found = new Map();
    for (const row of rows) {
      const keys = by.map((key) => set.values[key][row]);
      const id = JSON.stringify(keys);
      let group = found.get(id);
      if (!group) {
        group = { keys, sums: Object.fromEntries(columns.map((column) => [column, null])) };
        found.set(id, group);
      }
      for (const column of columns) {
        const value = set.values[column][row];
        if (value !== null) group.sums[column] = (group.sums[column] ?? 0) + value;
      }
    }
    return [...found.values()];
  }

  /* Value and interval in the unit that stands beside the measure's name. */
  function plain(name, made) {
    const { kind } = measures[name];
    const scale = SCALES[kind] ?? 1;
    const unit = { length: words.page.seconds, rate: words.page.per_minute }[kind] ?? "%";
    return {
      plain_value: made.value * scale, plain_drawn_low: (made.low ?? made.value) * scale, plain_drawn_high: (made.high ?? made.value) * scale,
      label_unit: `${words.measures[name]}, ${unit}`,
    };
  }

  function rowsOf(block) {
    const set = sets[block.data];
    const rows = [];
    for (const group of groups(set, kept(set), block.by, block.measures)) {
      block.measures.forEach((name, place) => {
        const made = measureOf(name, group.sums);
        const kind = measures[name].kind;
        const keys = Object.fromEntries(block.by.map((key, at) => [key, named(group.keys[at])]));
        if (made.value === null) return;
        rows.push({
          ...keys, ...made, drawn_low: made.low ?? made.value, drawn_high: made.high ?? made.value, ...plain(name, made), measure_order: place, label: words.measures[name], shown: written(kind, made.value),
          range: between(made.low, made.high, kind) || "–", verdict_shown: words.verdicts[made.is_few ? "too few calls" : made.verdict],
          calls_shown: made.calls === null || kind === "count" ? whole(made.part) : `${whole(made.calls)}${made.is_few ? ` (${words.page.few})` : ""}`,
        });
      });
    }
    const first = block.by[0];
    if (block.is_ranked) {
      rows.sort((a, b) => a.is_few - b.is_few || (a.is_few ? String(a[first]).localeCompare(b[first]) : b.value - a.value));
    } else if (["call_date", "hour"].includes(block.by.at(-1))) {
      const key = block.by.at(-1);
      rows.sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0));
    }
    return rows;
  }

  // ── blocks ─────────────────────────────────────────────────────────────
  function newcombe(a, n, b, m) {
    const [p, q] = [a / n, b / m];
    const [[l1, u1], [l2, u2]] = [wilson(a, n), wilson(b, m)];
    return [p - q - Math.hypot(p - l1, u2 - q), p - q + Math.hypot(u1 - p, q - l2)];
  }

  function changeText(now, before, kind) {
    if (!before || before.value === null || now.value === null) return words.page.no_before;
    const text = `${words.page.before}: ${written(kind, before.value)}`;
    if (kind !== "share" || now.is_few || before.is_few) return text;
    const [low, high] = newcombe(now.part, now.whole, before.part, before.whole);
    const said = low > 0 ? words.page.changed_up : high < 0 ? words.page.changed_down : words.page.unclear;
    return `${text} · ${said}`;
  }

  function drawTiles(block, into) {
    const set = sets[block.data];
    const [group] = groups(set, kept(set), [], block.measures);
    const earlier = block.before ? sets[block.before] : null;
    const isWhole = chosen.from === null && chosen.to === null;
    const [past] = earlier && isWhole ? groups(earlier, kept(earlier), [], block.measures) : [];
    into.replaceChildren(
      ...block.measures.map((name) => {
        const kind = measures[name].kind;
        const made = group ? measureOf(name, group.sums) : { value: null, low: null, is_few: true, calls: null, verdict: "none" };
        const text = written(kind, made.value);
        const split = /^(.*\d)\s(\D+)$/.exec(text);
        const figure = element("div", { class: "figure", text: split ? split[1] : text });
        if (split) figure.append(element("span", { class: "unit", text: split[2] }));
        const details = [];
        if (made.low !== null) details.push(`${words.page.interval}: ${between(made.low, made.high, kind)}`);
        if (made.calls !== null && kind !== "count") details.push(fill(words.page.of_calls, { calls: whole(made.calls) }));
        const tile = element(
          "div", { class: "tile", "data-measure": name },
          element("div", { class: "what", text: words.measures[name] }), figure,
          details.length ? element("div", { class: "detail", text: details.join(" · ") }) : null,
          earlier && isWhole ? element("div", { class: "detail", text: changeText(made, past ? measureOf(name, past.sums) : null, kind) }) : null,
        );
        if (targets[name] !== undefined && made.value !== null) {
          const style = { met: "passed", "not met": "failed" }[made.verdict] || "";
          const aim = made.is_few ? words.page.few : `${words.verdicts[made.verdict]} (${percent(targets[name], 0)})`;
          tile.append(element("span", { class: `tag ${style}`, text: aim }));
        } else if (made.value !== null && made.is_few) tile.append(element("span", { class: "tag", text: words.page.few }));
        return tile;
      }),
    );
  }

  /* A difference of shares in points of a hundred, one of lengths in seconds. */
  function difference(how, value, hasUnit = false) {
    const scaled = how === "share" ? value * 100 : value / 1000;
    const digits = how === "share" ? 1 : 2;
    const unit = how === "share" ? words.page.points : words.page.seconds;
    const text = number(Math.abs(scaled), digits);
    const sign = Number(scaled.toFixed(digits)) === 0 ? "" : scaled > 0 ? "+" : "−";
    return hasUnit ? `${sign}${text} ${unit}` : `${sign}${text}`;
  }

  /* Text and sort key of a cell. */
  function cell(how, value) {
    if (value === null || value === undefined) return ["–", null];
    if (how === "number") return [whole(value), value];
    if (how === "share") return [percent(value), value];
    if (how === "length") return [length(value), value];
    if (how === "day") return [day(value), value];
    if (how === "own") return value.value === null ? ["–", null] : [written(value.how, value.value), value.value];
    if (how === "measure") return [written(measures[value.how].kind, value.value), value.value];
    if (how === "change") {
      if (value.value === null) return ["–", null];
      return [difference(value.how, value.value, true), value.value];
    }
    if (how === "call") return [value[0], value[0]];
    return [named(value), value];
  }

  function drawCell(column, row) {
    const value = row[column.key];
    const [text] = cell(column.how, value);
    const isNumber = ["number", "share", "length", "own", "measure", "change"].includes(column.how);
    const made = element("td", { class: isNumber ? "number" : "" });
    if (text.length <= NOWRAP) made.classList.add("short");
    if (column.how === "call") made.append(element("a", { href: value[1], text }));
    else made.append(text);
    if (["measure", "change"].includes(column.how) && value && value.low !== null && value.low !== undefined) {
      const text = column.how === "measure"
        ? between(value.low, value.high, measures[value.how].kind)
        : `${difference(value.how, value.low)} … ${difference(value.how, value.high)}`;
      made.append(element("span", { class: "between", text }));
    }
    if (column.how === "measure" && value) {
      const of = value.calls === null || value.calls === undefined ? [] : [fill(words.page.of_calls, { calls: whole(value.calls) })];
      if (value.is_few) made.classList.add("few");
      made.title = [...of, ...(value.is_few ? [words.page.few] : [])].join(" · ");
    }
    return made;
  }

  function drawTable(block, into) {
    const order = block.order;
    let rows = block.rows.filter((row) =>
      KEYS.every((key) => chosen[key] === null || !(key in row) || row[key] === chosen[key]) &&
      (!("call_date" in row) || ((chosen.from === null || row.call_date >= chosen.from) && (chosen.to === null || row.call_date <= chosen.to))));
    if (order) {
      const column = block.columns.find((one) => one.key === order.key);
      const of = (row) => cell(column.how, row[order.key])[1];
      rows = [...rows].sort((a, b) => {
        const [one, other] = [of(a), of(b)];
        if (one === null || other === null) return (one === null) - (other === null);
        const sign = typeof one === "number" ? one - other : String(one).localeCompare(String(other), locale);
        return order.isDown ? -sign : sign;
      });
    }
    const isNumber = (how) => ["number", "share", "length", "own", "measure", "change"].includes(how);
    const heads = block.columns.map((column) => {
      const isSorted = order && order.key === column.key;
      const button = element("button", { type: "button", text: column.label, title: fill(words.page.sort_by, { column: column.label }) });
      button.addEventListener("click", () => {
        block.order = { key: column.key, isDown: isSorted ? !order.isDown : isNumber(column.how) };
        drawTable(block, into);
        into.querySelector(`th[data-key="${column.key}"] button`).focus();
      });
      const sort = isSorted ? (order.isDown ? "descending" : "ascending") : undefined;
      return element("th", { class: isNumber(column.how) ? "number" : "", "aria-sort": sort, scope: "col", "data-key": column.key }, button);
    });
    if (!rows.length) {
      into.replaceChildren(element("p", { class: "empty", text: words.page.no_data }));
      return;
    }
    const body = element("tbody", {}, ...rows.map((row) => element("tr", {}, ...block.columns.map((column) => drawCell(column, row)))));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
    const count = rows.length < block.rows.length ? element("p", { class: "count", text: fill(words.page.rows, { shown: rows.length, all: block.rows.length }) }) : null;
    into.replaceChildren(...[element("div", { class: "scroller" }, table), count].filter(Boolean));
  }

  // ── charts ─────────────────────────────────────────────────────────────
  const formats = {
    ru: { decimal: ",", thousands: "\u00a0", grouping: [3], currency: ["", ""], percent: " %" },
    zh: { decimal: ".", thousands: ",", grouping: [3], currency: ["¥", ""] },
  };

  /* Number of rows of a chart whose height is a step for each; 0 for one of fixed height. */
  function steps(spec, rows) {
    if (typeof spec.height !== "object") return 0;
    const { field } = (spec.layer ? spec.layer[0] : spec).encoding.y;
    return new Set(rows.map((row) => row[field])).size;
  }

  function sized(spec, width, count) {
    const made = structuredClone(spec);
    if (count) made.height = made.height.step * count;
    if (made.facet) {
      const columns = Math.max(1, Math.min(made.columns || 3, Math.floor(width / 290)));
      const between = made.spacing.column;
      made.columns = columns;
      made.spec.width = Math.max(120, Math.floor((width - AXIS_PX - (columns - 1) * between) / columns));
    } else {
      made.width = width;
      made.autosize = { type: "fit-x", contains: "padding" };
    }
    return made;
  }

  const views = new Map();

  async function drawChart(block, into, limits) {
    const rows = rowsOf(block);
    limits.textContent = unknown(Object.keys(sets[block.data].values));
    block.rows_shown = rows;
    const width = into.clientWidth;
    const old = views.get(block);
    const count = steps(block.spec, rows);
    if (!rows.length) {
      if (old) old.result.finalize();
      views.delete(block);
      into.replaceChildren(element("p", { class: "empty", text: words.page.no_data }));
      return;
    }
    if (old && old.width === width && old.count === count) {
      const view = old.result.view;
      await view.data("rows", structuredClone(rows)).resize().runAsync();
      measureHeight(into, count);
      return;
    }
    if (old) old.result.finalize();
    const spec = { ...sized(block.spec, width, count), datasets: { ...block.spec.datasets, rows: structuredClone(rows) } };
    const result = await window.vegaEmbed(into, spec, {
      mode: "vega-lite", actions: false, ast: true, renderer: "canvas", defaultStyle: false, tooltip: showTooltip,
      formatLocale: formats[language],
    });
    views.set(block, { result, width, count });
    into.setAttribute("role", "img");
    into.setAttribute("aria-label", `${block.title}. ${block.note}`);
    measureHeight(into, count);
  }

  /* A chart of very many groups scrolls within its card. */
  function measureHeight(into, count) {
    into.classList.remove("tall");
    into.classList.toggle("tall", count > 0 && into.scrollHeight > TALL_PX);
  }

  const tooltip = element("div", { id: "vg-tooltip-element", role: "tooltip" });
  document.body.append(tooltip);

  function showTooltip(_handler, event, _item, value) {
    if (!value || typeof value !== "object") {
      tooltip.classList.remove("visible");
      return;
    }
    const rows = Object.entries(value).filter(([, text]) => text !== "–" && text !== null);
    const lines = rows.map(([key, text]) => element("tr", {}, element("td", { class: "key", text: key }), element("td", { text: /^\d{4}-\d\d-\d\d$/.test(text) ? day(text) : text })));
    tooltip.replaceChildren(element("table", {}, element("tbody", {}, ...lines)));
    tooltip.classList.add("visible");
    const box = tooltip.getBoundingClientRect();
    tooltip.style.left = `${Math.max(4, Math.min(event.clientX + 14, window.innerWidth - box.width - 6))}px`;
    tooltip.style.top = `${event.clientY + box.height + 24 > window.innerHeight ? Math.max(4, event.clientY - box.height - 12) : event.clientY + 14}px`;
  }

  // ── page ───────────────────────────────────────────────────────────────
  function card(block) {
    const into = element("div", { class: block.kind });
    const limits = element("p", { class: "limits" });
    const isWide = block.kind === "tiles" || block.is_wide;
    const made = element("section", { class: `${block.kind === "tiles" ? "" : "card "}block${isWide ? " wide" : ""}`, "data-block": block.name });
    if (block.title) made.append(element("h2", { text: block.title }));
    if (block.note) made.append(element("p", { class: "note", text: block.note }));
    made.append(limits, into);
    document.getElementById("blocks").append(made);
    const draw = {
      tiles: () => {
        limits.textContent = unknown(Object.keys(sets[block.data].values));
        drawTiles(block, into);
      },
      table: () => {
        limits.textContent = block.rows.length ? unknown([...KEYS.filter((key) => key in block.rows[0])]) : "";
        drawTable(block, into);
      },
      chart: () => drawChart(block, into, limits),
      note: () => undefined,
    }[block.kind];
    return draw;
  }

  function options(key) {
    const found = new Set();
    for (const { values } of Object.values(sets)) if (values[key]) for (const value of values[key]) if (value !== null) found.add(value);
    for (const block of content.blocks) if (block.rows) for (const row of block.rows) if (row[key] !== undefined && row[key] !== null) found.add(row[key]);
    return [...found].sort((a, b) => String(a).localeCompare(String(b), locale, { numeric: true }));
  }

  async function main() {
    const head = document.getElementById("head");
    const draws = [];
    for (const block of content.blocks) {
      if (block.kind === "title") {
        head.append(element("h1", { text: block.title }), element("p", { class: "period", text: block.period }), element("p", { class: "note", text: block.note }));
      } else draws.push(card(block));
    }
    const redraw = async () => {
      for (const draw of draws) await draw();
    };
    const form = document.getElementById("filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    const selects = [];
    const add = (name, values, shown) => {
      if (values.length < 2) return;
      const select = element("select", { name }, element("option", { value: "", text: words.filters.all }), ...values.map((value, at) => element("option", { value: String(at + 1), text: shown(value) })));
      select.addEventListener("change", () => {
        chosen[name] = select.value === "" ? null : values[Number(select.value) - 1];
        select.classList.toggle("chosen", select.value !== "");
        redraw();
      });
      selects.push([name, select]);
      form.append(element("label", {}, words.filters[name], select));
    };
    for (const key of KEYS) add(key, options(key), named);
    const days = options("call_date");
    add("from", days, day);
    add("to", days, day);
    if (selects.length) {
      const reset = element("button", { type: "button", class: "button", text: words.filters.reset });
      reset.addEventListener("click", () => {
        for (const [name, select] of selects) {
          chosen[name] = null;
          select.value = "";
          select.classList.remove("chosen");
        }
        redraw();
      });
      form.append(reset);
      form.hidden = false;
    }
    await redraw();
    let waiting = 0;
    window.addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(redraw, 150);
    });
    window.addEventListener("scroll", () => tooltip.classList.remove("visible"), { passive: true });
    document.documentElement.dataset.ready = "yes";
  }

  window.dashboard = { content, chosen };
  main();
})();

"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const largest = Math.max(...data.effects.map((effect) => Math.abs(effect.value)), 0) || 1;
  let method = data.start, effect = null, side = "measured";
  document.documentElement.classList.add("scripted");

  const written = (value, digits = 3) => {
    const size = Math.abs(value);
    const text = size && (size < 1e-3 || size >= 1e6) ? value.toExponential(1) : value.toPrecision(digits);
    return (value > 0 ? "+" : "") + text.replace("-", "−");
  };
  const sign = (share) => (share > 0 ? "pos" : share < 0 ? "neg" : "nil");
  const dye = (element, share) => {
    element.classList.remove("pos", "neg", "nil");
    element.classList.add(sign(share));
    element.style.setProperty("--s", Math.min(1, Math.abs(share)).toFixed(3));
  };
  const tables = () => data.methods[method].tables;
  const table = () => tables()[side] || tables().measured || tables().theory || [];
  const inside = (row, players) => players.reduce((sum, player) => sum + (row[player] || 0), 0);
  const times = (row, item) => (item.value ? inside(row, item.players) / item.value : 0);

  const share = (tint) => (Array.isArray(tint) ? tint[1] : tint); // of many players nothing else is there
  const written_on = (tint) => (Array.isArray(tint) ? tint[0] : "");

  function input() {
    const shown = data.methods[method];
    for (const element of all("[data-player]")) dye(element, share(shown.tints[element.dataset.player]));
    for (const element of all("[data-text]")) element.textContent = written_on(shown.tints[element.dataset.text]);
    for (const id of ["by", "by-map"]) if (one("#" + id)) one("#" + id).textContent = shown.name;
    one("#total").textContent = shown.total;
    one("#own").textContent = shown.note;
    one("#low").textContent = "−" + shown.end;
    one("#high").textContent = "+" + shown.end;
  }

  function shares() {
    const rows = table();
    for (const cell of all("[data-given], [data-total]")) {
      const place = cell.dataset.given ?? cell.dataset.total, row = rows[place], ratio = row && times(row, data.effects[place]);
      cell.textContent = row ? ratio.toFixed(2).replace("-", "−") + " ×" : "–";
      cell.classList.toggle("bad", Boolean(row) && Math.abs(ratio - 1) > 0.005);
    }
    for (const cell of all("[data-e]")) {
      const row = rows[cell.dataset.e], item = data.effects[cell.dataset.e], player = Number(cell.dataset.p);
      const value = row ? row[player] || 0 : 0, own = item.players.includes(player);
      const visible = Math.abs(value) > 1e-6 * largest;
      dye(cell, visible ? value / largest : 0);
      cell.classList.toggle("dark", Math.abs(value) > 0.62 * largest);
      cell.classList.toggle("leak", visible && !own);
      cell.textContent = !row ? (own ? "?" : "") : visible && data.columns.length <= 12 ? written(value, 2) : "";
      cell.title = row ? `${data.names[player]}: ${written(value)} of ${item.text}` : "not known";
    }
    for (const radio of all("input[name=side]")) radio.disabled = !tables()[radio.value];
    const there = Object.keys(tables());
    one("#side-note") && (one("#side-note").textContent = there.length === 1 ? `only ${there[0] === "theory" ? "its theory" : "what was measured"} is known` : there.length ? "" : "neither is known");
  }

  function marked(hovered = effect) {
    const players = hovered === null ? null : new Set(data.effects[hovered].players);
    for (const element of all(".region, .word[data-player], [data-row]")) {
      const player = Number(element.dataset.player ?? element.dataset.row);
      element.classList.toggle("on", Boolean(players) && players.has(player));
      element.classList.toggle("off", Boolean(players) && !players.has(player));
    }
    for (const button of all("[data-effect]")) button.setAttribute("aria-pressed", String(Number(button.dataset.effect) === effect));
    for (const row of all("[data-row-of]")) row.classList.toggle("picked", Number(row.dataset.rowOf) === hovered);
    for (const ribbon of all("#flow [data-of]")) ribbon.classList.toggle("faded", hovered !== null && Number(ribbon.dataset.of) !== hovered);
  }

  function add(parent, kind, facts, text) {
    const element = document.createElementNS(parent.namespaceURI, kind);
    for (const [name, value] of Object.entries(facts)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return parent.appendChild(element);
  }

  function flow() {
    const svg = one("#flow"), rows = table();
    if (!svg) return;
    svg.replaceChildren();
    const ribbons = [];
    data.effects.slice(0, 8).forEach((item, place) => {
      for (const [player, value] of Object.entries(rows[place] || {}))
        if (Math.abs(value) > 5e-3 * largest) ribbons.push({ place, player: Number(player), value, leak: !item.players.includes(Number(player)) });
    });
    if (!ribbons.length) return void add(svg, "text", { x: 10, y: 24 }, "nothing is known to flow");
    const left = [...new Set(ribbons.map((each) => each.place))].sort((a, b) => a - b);
    const right = [...new Set(ribbons.map((each) => each.player))].sort((a, b) => a - b);
    const sizes = (key, ends) => ends.map((end) => ribbons.filter((each) => each[key] === end).reduce((sum, each) => sum + Math.abs(each.value), 0));
    const heavy = Math.max(...[["place", left], ["player", right]].map(([key, ends]) => sizes(key, ends).reduce((a, b) => a + b, 0)));
    const height = Math.max(240, 22 * Math.max(left.length, right.length)), room = height - 16 * Math.max(left.length, right.length);
    const unit = Math.max(room, 0.45 * height) / heavy, total = (key, ends) => sizes(key, ends).map((size) => Math.max(2, size * unit));
    const stacked = (key, ends) => {
      const tall = total(key, ends), gap = Math.max(4, (height - tall.reduce((a, b) => a + b, 0)) / ends.length), at = new Map();
      let y = gap / 2;
      ends.forEach((end, k) => { at.set(end, { top: y, next: y, tall: tall[k] }); y += tall[k] + gap; });
      return [at, y];
    };
    const [starts, low] = stacked("place", left), [stops, deep] = stacked("player", right), bottom = Math.max(low, deep);
    svg.setAttribute("viewBox", `0 0 520 ${Math.ceil(bottom)}`);
    for (const each of ribbons) {
      const a = starts.get(each.place), b = stops.get(each.player), wide = Math.max(0.8, Math.abs(each.value) * unit);
      const path = `M176 ${a.next}C270 ${a.next} 270 ${b.next} 364 ${b.next}V${b.next + wide}C270 ${b.next + wide} 270 ${a.next + wide} 176 ${a.next + wide}Z`;
      a.next += wide; b.next += wide;
      const ribbon = add(svg, "path", { d: path, class: `ribbon ${sign(each.value)}${each.leak ? " leak" : ""}`, "data-of": each.place });
      add(ribbon, "title", {}, `${data.effects[each.place].name} → ${data.names[each.player]}: ${written(each.value)}${each.leak ? ", outside" : ""}`);
    }
    const short = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
    for (const [place, node] of starts) {
      add(svg, "rect", { x: 170, y: node.top, width: 6, height: node.tall, class: "node" });
      add(svg, "text", { x: 164, y: node.top + node.tall / 2 + 4, "text-anchor": "end" }, short(data.effects[place].name, 24));
    }
    for (const [player, node] of stops) {
      add(svg, "rect", { x: 364, y: node.top, width: 6, height: node.tall, class: "node" });
      add(svg, "text", { x: 376, y: node.top + node.tall / 2 + 4 }, short(data.names[player], 20));
    }
  }

  function choose(place) { method = place; side = tables()[side] ? side : Object.keys(tables())[0] || "measured"; const radio = one(`input[name=side][value=${side}]`); if (radio) radio.checked = true; input(); shares(); flow(); marked(); }

  for (const radio of all("input[name=method]")) radio.addEventListener("change", () => choose(Number(radio.value)));
  for (const radio of all("input[name=side]")) radio.addEventListener("change", () => { side = radio.value; shares(); flow(); marked(); });
  const bare = one("#bare");
  if (bare) bare.addEventListener("change", () => one(".photo").classList.toggle("bare", bare.checked));
  const pick = (place) => { effect = effect === place ? null : place; marked(); };
  for (const [selector, key] of [["[data-effect]", "effect"], ["[data-row-of]", "rowOf"]])
    for (const element of all(selector)) {
      const place = Number(element.dataset[key]);
      element.addEventListener("click", () => pick(place));
      element.addEventListener("mouseenter", () => marked(place));
      element.addEventListener("mouseleave", () => marked());
      element.addEventListener("focus", () => marked(place));
      element.addEventListener("blur", () => marked());
    }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") { effect = null; marked(); } });
  const folds = all("details");
  if (window.matchMedia("(max-width: 640px)").matches) for (const fold of folds) fold.open = false;
  window.addEventListener("beforeprint", () => { for (const fold of folds) fold.open = true; });
  if (data.methods.length) choose(method);
})();

"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const one = (selector) => document.querySelector(selector), all = (selector) => [...document.querySelectorAll(selector)];
  const data = JSON.parse(one("#data").textContent), [score, error] = data.values, filters = one("#filters"), body = one("tbody");
  const layerOf = (row) => (data.several ? data.layer[row] : 0), layerName = (row) => data.layers[layerOf(row)][0], nameOf = (row) => data.start + data.names[row];
  const rows = data.number.map((_, row) => row), picked = new Set(), largest = score.reduce((most, each) => Math.max(most, Math.abs(each)), 0) || 1;
  let by = "0", down = true, start = 0, found = rows;

  const number = (value) => {
    if (value === null) return "–";
    const size = Math.abs(value);
    if (size === 0) return "0";
    const text = size < 1e-4 || size >= 1e6 ? size.toExponential().replace("e+", "e")
      : size < 1e-3 ? String(size) : size.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size))));
    return (value < 0 ? "−" : "") + text.replace("-", "−");
  };
  const names = new Intl.Collator("en", { numeric: true });
  const orders = {
    name: (a, b) => names.compare(nameOf(a), nameOf(b)) || layerOf(a) - layerOf(b),
    layer: (a, b) => layerOf(a) - layerOf(b),
    0: (a, b) => b - a, // rows come with the highest score first
  };
  const order = () => {
    if (orders[by]) return orders[by];
    const column = data.values[by].map((each) => (each === null ? -Infinity : each));
    return (a, b) => column[a] - column[b];
  };
  const wanted = () => {
    const asked = Object.fromEntries(new FormData(filters)), text = asked.text.trim().toLowerCase();
    const from = asked.from === "" ? -Infinity : Number(asked.from), to = asked.to === "" ? Infinity : Number(asked.to);
    return (row) => (!asked.layer || layerOf(row) === Number(asked.layer)) && score[row] >= from && score[row] <= to
      && (!text || nameOf(row).toLowerCase().includes(text)) && (!asked.picked || picked.has(row)) && (!asked.sure || sure(row));
  };
  const sure = (row) => error[row] !== null && Math.abs(score[row]) > 2 * error[row];

  const cell = (kind, text) => { const made = document.createElement("td"); made.className = kind; made.textContent = text; return made; };
  const parted = (name) => { const made = cell("text", ""); for (const part of name.split(/(?<=\.)/)) made.append(part, document.createElement("wbr")); return made; };
  const drawn = (row) => {
    const line = document.createElement("tr"), head = document.createElement("th"), label = document.createElement("label"), box = document.createElement("input");
    const track = cell("strip", ""), outer = document.createElement("div"), inner = document.createElement("span");
    head.scope = "row"; box.type = "checkbox"; box.value = row; box.checked = picked.has(row);
    label.append(box, nameOf(row)); head.append(label); line.append(head);
    if (data.several) line.append(parted(layerName(row)));
    data.columns.forEach((name, place) => line.append(cell(["error", "bolstering"].includes(name) ? "lesser" : name, number(data.values[place][row]))));
    outer.className = "track"; inner.className = score[row] < 0 ? "neg" : "pos"; inner.style.setProperty("--s", Math.abs(score[row]) / largest);
    outer.append(inner); track.append(outer); line.append(track);
    line.classList.toggle("sure", sure(row));
    return line;
  };
  const shown = () => found.slice(start, start + data.atOnce);
  const counted = (many) => `${many.toLocaleString("en")} neuron${many === 1 ? "" : "s"}`;
  const table = () => {
    body.replaceChildren(...shown().map(drawn));
    const end = Math.min(start + data.atOnce, found.length);
    one("#count").textContent = found.length > data.atOnce ? `${start + 1} to ${end} of ${counted(found.length)}` : counted(found.length);
    one("#back").disabled = start === 0; one("#on").disabled = end === found.length;
    one("#back").hidden = one("#on").hidden = found.length <= data.atOnce;
    buttons();
  };
  const buttons = () => {
    one("#all").textContent = `Pick all ${found.length.toLocaleString("en")}`;
    one("#all").disabled = found.every((row) => picked.has(row)); one("#none").disabled = !found.some((row) => picked.has(row));
  };
  const list = () => {
    const compare = order(), sign = down ? -1 : 1;
    found = rows.filter(wanted()).sort((a, b) => sign * compare(a, b) || a - b);
    start = 0;
    for (const head of all("thead th[aria-sort]")) head.setAttribute("aria-sort", head.firstChild.dataset.by !== by ? "none" : down ? "descending" : "ascending");
    for (const button of all(".map button")) button.setAttribute("aria-pressed", filters.layer.value === button.dataset.layer);
    table();
  };

  const quoted = (word) => (/^[\w.:,\/=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
  const said = () => {
    const groups = new Map();
    for (const row of [...picked].sort((a, b) => layerOf(a) - layerOf(b) || data.number[a] - data.number[b])) {
      if (!groups.has(layerOf(row))) groups.set(layerOf(row), []);
      groups.get(layerOf(row)).push(data.number[row]);
    }
    const parts = [...groups].map(([place, numbers]) => [data.layers[place][0], numbers]);
    const listed = (numbers) => `[${numbers.join(", ")}]`, text = JSON.stringify;
    one("#python").value = !parts.length ? "" : data.several
      ? `prune_layers(model, rankings.named({${parts.map(([name, numbers]) => `${text(name)}: ${listed(numbers)}`).join(", ")}}))`
      : `prune(model, ${text(parts[0][0])}, ranking.named(${listed(parts[0][1])}))`;
    if (data.command) one("#command").value = !parts.length ? "" : [data.command, ...parts.map(([name, numbers]) => `--pick ${quoted(`${name}:${numbers.join(",")}`)}`)].join(" ");
    const whole = [...groups].filter(([place, numbers]) => numbers.length === data.layers[place][1]).map(([place]) => data.layers[place][0]);
    one("#how").textContent = !picked.size ? "Tick neurons in the table; what silences them is then written here."
      : `${counted(picked.size)} picked.${whole.length ? ` All of ${whole.join(", ")}: nothing of the input would be left, and prune refuses that.` : ""}`;
    one("#picks").classList.toggle("none", !picked.size);
    for (const button of all(".map button")) {
      const here = (groups.get(Number(button.dataset.layer)) || []).length;
      button.querySelector(".here").textContent = here ? `, ${here} picked` : "";
    }
  };
  const pick = (some, into) => { for (const row of some) into ? picked.add(row) : picked.delete(row); said(); buttons(); };

  for (const button of all("thead button")) button.addEventListener("click", () => {
    const again = by === button.dataset.by, texts = ["name", "layer"].includes(button.dataset.by);
    down = again ? !down : !texts; by = button.dataset.by; list();
  });
  for (const button of all(".map button")) button.addEventListener("click", () => {
    filters.layer.value = filters.layer.value === button.dataset.layer ? "" : button.dataset.layer; list();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("input", list);
  body.addEventListener("change", (event) => pick([Number(event.target.value)], event.target.checked));
  one("#all").addEventListener("click", () => { pick(found, true); table(); });
  one("#none").addEventListener("click", () => { pick(found, false); if (filters.picked.checked) list(); else table(); });
  const turn = (step) => { start += step * data.atOnce; table(); one("table").scrollIntoView({ block: "nearest" }); };
  one("#back").addEventListener("click", () => turn(-1)); one("#on").addEventListener("click", () => turn(1));
  for (const area of all("textarea")) area.addEventListener("focus", () => area.select());
  filters.reset(); list(); said();
})();

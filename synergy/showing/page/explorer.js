(() => {
  document.documentElement.classList.add("scripted");
  const one = (selector) => document.querySelector(selector), all = (selector) => [...document.querySelectorAll(selector)];
  const { text, float, number, ZERO, ONE, PLAYERS } = Explorer, data = JSON.parse(one("#data").textContent);
  const ROWS = 40, EXACT = 13; // rows that are shown; letters of a fraction that is written out
  const QUARTERS = number("1/4"), TWELFTHS = number("1/12"); // steps of the sliders of points, of shares
  const HAND = "hand", titles = Object.fromEntries(data.policies.map((each) => [each.name, each.title]));
  const formulas = Object.fromEntries(data.policies.map((each) => [each.name, each.formula]));
  const points = { x: new Map(), b: new Map() }; // by the players' names: they stay while the polynomial is written
  const equal = () => Array.from({ length: PLAYERS }, (_, s) => [...Array(PLAYERS).fill(number(`1/${s + 1}`)), ZERO]);
  let asked = null, hand = { by: "size", shares: equal() };

  const nice = (plain) => plain.replaceAll("-", "−");
  const decimal = (p) => {
    const value = float(p), much = Math.abs(value);
    return nice(much && (much < 1e-3 || much >= 1e6) ? value.toExponential(2).replace("e+", "e") : String(Number(value.toPrecision(4))));
  };
  const said = (p) => (text(p).length <= EXACT ? nice(text(p)) : `≈ ${decimal(p)}`);
  const both = (p) => (p.below === 1n ? said(p) : text(p).length <= EXACT ? `${said(p)} ≈ ${decimal(p)}` : `≈ ${decimal(p)}`);
  const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹", raised = (k) => (k === 1 ? "" : [...String(k)].map((digit) => RAISED[digit]).join(""));
  const monomial = (degrees, names) => degrees.flatMap((k, i) => (k ? [names[i] + raised(k)] : [])).join("·");
  const coalition = (mask, names) => `{${names.filter((_, i) => mask >> i & 1).join(", ")}}`;
  const made = (tag, facts = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(facts)) if (value !== null) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // A slider and what is typed beside it, of one number.
  const dial = (label, step, low, high, start, moved) => {
    const steps = (p) => Math.max(low, Math.min(high, Math.round(float(Explorer.over(p, step)))));
    const slider = made("input", { type: "range", min: low, max: high, step: 1, "aria-label": label, "aria-valuetext": text(start) });
    const typed = made("input", { type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-label": `${label}, typed`, size: 5 });
    slider.value = steps(start); typed.value = text(start);
    slider.addEventListener("input", () => {
      const p = Explorer.times(number(slider.value), step);
      typed.value = text(p); slider.setAttribute("aria-valuetext", text(p)); typed.removeAttribute("aria-invalid"); moved(p);
    });
    typed.addEventListener("input", () => tried(() => {
      typed.setAttribute("aria-invalid", "true");
      const p = number(typed.value);
      typed.removeAttribute("aria-invalid"); slider.value = steps(p); slider.setAttribute("aria-valuetext", text(p)); moved(p);
    }));
    return made("span", { class: "dial" }, slider, typed);
  };
  // What goes wrong is one line under the polynomial; what was right before stays.
  const tried = (work) => {
    let wrong = "";
    try { work(); } catch (error) { wrong = error.message; }
    one("#wrong").textContent = wrong;
    one("main").classList.toggle("stale", wrong !== "");
  };

  const rule = () => (chosen() === HAND ? Explorer.drawn(hand) : Explorer.rules[formulas[chosen()]]);
  const chosen = () => one("#policies").elements.policy.value;
  const pointsOf = (parsed) => ["x", "b"].map((what) => parsed.names.map((name) => points[what].get(name)));
  const read = () => {
    const field = one("#polynomial");
    field.setAttribute("aria-invalid", "true");
    const parsed = Explorer.parse(field.value, data.reserved);
    field.removeAttribute("aria-invalid");
    for (const name of parsed.names) { if (!points.x.has(name)) points.x.set(name, ONE); if (!points.b.has(name)) points.b.set(name, ZERO); }
    const fresh = !asked || asked.names.join() !== parsed.names.join();
    asked = parsed;
    if (fresh) { dials(); hands(); }
  };
  const dials = () => {
    const head = made("tr", {}, made("th", { scope: "col" }, "player"), made("th", { scope: "col" }, "x"), made("th", { scope: "col" }, "baseline b"));
    one("#points").replaceChildren(made("thead", {}, head), made("tbody", {}, ...asked.names.map((name) => made("tr", {}, made("th", { scope: "row" }, name),
      ...["x", "b"].map((what) => made("td", {}, dial(`${what === "x" ? "x" : "baseline b"} of ${name}`, QUARTERS, -12, 12, points[what].get(name), (p) => { points[what].set(name, p); tried(draw); })))))));
  };
  const hands = () => {
    const { names } = asked, word = hand.by === "degree" ? "degree" : "taking part", rows = hand.by === "degree" ? PLAYERS : names.length;
    const columns = [...names.map((name, i) => [name, i]), ...(names.length > 1 ? [["each outsider", PLAYERS]] : [])];
    const counted = (row) => (hand.by === "degree" && row === PLAYERS - 1 ? `${row + 1} or more` : String(row + 1));
    one("#hands").replaceChildren(
      made("thead", {}, made("tr", {}, made("th", { scope: "col" }, word), ...columns.map(([name]) => made("th", { scope: "col" }, name)))),
      made("tbody", {}, ...Array.from({ length: rows }, (_, row) => made("tr", {}, made("th", { scope: "row" }, counted(row)), ...columns.map(([name, i]) => {
        const nobody = i === PLAYERS && hand.by === "size" && row === names.length - 1;
        return made("td", {}, nobody ? "–" : dial(`share of ${name}, ${word} ${counted(row)}`, TWELFTHS, -12, 24, hand.shares[row][i], (p) => { hand.shares[row][i] = p; tried(draw); }));
      })))),
    );
  };

  const tint = (element, p, most) => { if (!Explorer.isZero(p)) { element.classList.add(p.above < 0n ? "neg" : "pos"); element.style.setProperty("--s", Math.min(1, Math.abs(float(p)) / most)); } return element; };
  const mostOf = (numbers) => numbers.reduce((most, p) => Math.max(most, Math.abs(float(p))), 0) || 1;
  const cell = (p, facts = {}) => made("td", { ...facts, title: text(p) }, said(p));
  const table = (found, rows, coalitions) => {
    const { names } = found, most = mostOf(rows.flatMap((row) => [row.effect, ...row.given])), shown = rows.slice(0, ROWS);
    const head = made("tr", {}, made("th", { scope: "col" }, coalitions ? "coalition" : "monomial"), made("th", { scope: "col" }, "effect"),
      ...names.map((name) => made("th", { scope: "col" }, name)), made("th", { scope: "col" }, "left over"));
    const lines = shown.map((row) => {
      const left = Explorer.minus(row.effect, Explorer.sum(row.given.filter((_, i) => row.mask >> i & 1)));
      return made("tr", {}, made("th", { scope: "row" }, coalitions ? coalition(row.mask, names) : monomial(row.degrees, names)), cell(row.effect),
        ...row.given.map((p, i) => tint(cell(p, { class: !(row.mask >> i & 1) && !Explorer.isZero(p) ? "leak" : null }), p, most)), cell(left, { class: Explorer.isZero(left) ? null : "bad" }));
    });
    const total = Explorer.minus(found.end, found.start), left = Explorer.minus(total, Explorer.sum(found.attribution));
    const foot = made("tr", {}, made("th", { scope: "row" }, "attribution"), cell(total), ...found.attribution.map((p) => cell(p)), cell(left, { class: Explorer.isZero(left) ? null : "bad" }));
    one("#table").replaceChildren(made("thead", {}, head), made("tbody", {}, ...lines), made("tfoot", {}, foot));
    one("#more").textContent = rows.length > ROWS ? `${rows.length - ROWS} more are counted and not shown.` : rows.length ? "" : "There are no effects here: f(x) is f(b).";
  };
  const bars = (found) => {
    const most = mostOf(found.attribution);
    one("#bars").replaceChildren(...found.names.map((name, i) => {
      const p = found.attribution[i], bar = made("span", { class: Explorer.isZero(p) ? "nil" : p.above < 0n ? "neg" : "pos" });
      bar.style.setProperty("--s", Math.abs(float(p)) / most);
      return made("li", {}, made("span", { class: "name" }, name), made("div", { class: "track" }, bar), made("span", { class: "num", title: text(p) }, said(p)));
    }));
  };

  const MEASURES = { coverage: "coverage", relevance: "leakage", completeness: "residual" };
  const broken = (name, row) => {
    const given = `(${row.given.map(said).join(", ")})`, own = Explorer.sum(row.given.filter((_, i) => row.mask >> i & 1));
    const why = { coverage: "nobody who takes part is given anything of it", relevance: `of an effect of 1, players outside it are given some: ${given}`, completeness: `of an effect of 1, those who take part are given ${said(own)}: ${given}` };
    return why[name];
  };
  const judgement = (judged, examples, names) => {
    one("#criteria").replaceChildren(...Object.entries(MEASURES).map(([name, measure]) => {
      const passes = judged.verdicts[name], row = examples[name];
      const verdict = made("span", { class: `verdict ${passes ? "pass" : "fail"}` }, made("i", { "aria-hidden": "true" }, passes ? "✓" : "✗"), passes ? "pass" : "fail");
      const panel = made("div", { class: "panel", "data-criterion": name }, made("h3", {}, name), verdict, made("span", { class: "num", title: text(judged[measure]) }, `${measure} ${both(judged[measure])}`));
      if (!row) panel.append(made("p", { class: "note" }, `No monomial up to degree ${Explorer.SEARCHED} breaks it.`));
      else {
        const show = made("button", { type: "button", class: "plainly" }, "Show it");
        show.addEventListener("click", () => example(row, names));
        panel.append(made("p", { class: "note" }, `${passes ? "Met here, not always. " : ""}Smallest monomial that breaks it: `, made("b", { class: "smallest" }, monomial(row.degrees, names)), `; ${broken(name, row)}.`), show);
      }
      return panel;
    }));
  };
  const example = (row, names) => {
    const power = (k, i) => (k === 1 ? names[i] : `${names[i]}^${k}`), there = row.degrees.flatMap((k, i) => (k ? [power(k, i)] : [])).join("*");
    const others = names.filter((_, i) => !row.degrees[i]).map((name) => ` + 0*${name}`).join("");
    ask(there + others, names.map(() => ONE), names.map(() => ZERO));
    one("#polynomial").focus();
  };
  const ask = (polynomial, x, b) => {
    const { names } = Explorer.parse(polynomial, data.reserved);
    names.forEach((name, i) => { points.x.set(name, x[i]); points.b.set(name, b[i]); });
    one("#polynomial").value = polynomial;
    asked = null; tried(() => { read(); draw(); });
  };

  const draw = () => {
    const [x, b] = pointsOf(asked), coalitions = one("#rows").elements.rows.value === "coalitions";
    const found = Explorer.answer({ ...asked, x, b }, rule()), rows = coalitions ? found.coalitions : found.effects, judged = Explorer.criteria(rows);
    one("#values").textContent = `f(x) = ${said(found.end)}, f(b) = ${said(found.start)}; to share out: f(x) − f(b) = ${said(Explorer.minus(found.end, found.start))}`;
    table(found, rows, coalitions); bars(found); judgement(judged, Explorer.counterexamples(found.n, rule()), found.names);
    one("#hand").hidden = chosen() !== HAND;
    one("#formula").textContent = chosen() === HAND ? "your shares" : formulas[chosen()];
    const verdicts = Object.entries(judged.verdicts).map(([name, passes]) => `${name} ${passes ? "pass" : "fail"}`).join(", ");
    one("#said").textContent = `${titles[chosen()] || "Drawn by hand"}: ${found.names.map((name, i) => `${name} ${said(found.attribution[i])}`).join(", ")}; ${verdicts}`;
    const listed = (numbers) => asked.names.map((name, i) => `${name}=${text(numbers[i])}`).join(",");
    one("#command").textContent = `synergy explain expression "${Explorer.written(asked).replaceAll("^", "**")}" --at ${listed(x)} --baseline ${listed(b)}`;
  };

  // What a list of questions gives, every number as text: how the page is compared with Python.
  window.explored = (questions) => questions.map(({ polynomial, x, b, shares, by }) => {
    const parsed = Explorer.parse(polynomial, data.reserved), [at, from] = [x, b].map((point) => parsed.names.map((name) => number(point[name])));
    const rowsOf = (rows) => Object.fromEntries(rows.map((row) => [row.key, { effect: text(row.effect), given: row.given.map(text) }]));
    const judgedOf = (rows) => { const { verdicts, ...numbers } = Explorer.criteria(rows); return { ...Object.fromEntries(Object.entries(numbers).map(([name, p]) => [name, text(p)])), verdicts }; };
    const under = (policy) => {
      const found = Explorer.answer({ ...parsed, x: at, b: from }, policy);
      return { names: found.names, start: text(found.start), end: text(found.end), dividends: found.dividends.map(text), effects: rowsOf(found.effects), coalitions: rowsOf(found.coalitions),
        attribution: found.attribution.map(text), criteria: judgedOf(found.effects), byCoalition: judgedOf(found.coalitions) };
    };
    const policies = Object.fromEntries(data.policies.map((each) => [each.name, under(Explorer.rules[each.formula])]));
    return shares ? { ...policies, [HAND]: under(Explorer.drawn({ by, shares: shares.map((row) => row.map(number)) })) } : policies;
  });

  one("#polynomial").addEventListener("input", () => tried(() => { read(); draw(); }));
  one("#examples").addEventListener("change", (event) => {
    const [polynomial, x, b] = event.target.value.split(";");
    if (polynomial) ask(polynomial, x.split(",").map(number), b.split(",").map(number));
  });
  for (const form of all("form")) form.addEventListener("submit", (event) => event.preventDefault());
  one("#policies").addEventListener("change", () => tried(draw));
  one("#rows").addEventListener("change", () => tried(draw));
  one("#by").addEventListener("change", (event) => { hand.by = event.target.value; hands(); tried(draw); });
  one("#again").addEventListener("click", () => { hand = { by: hand.by, shares: equal() }; hands(); tried(draw); });
  ask(...data.first.slice(0, 1), ...data.first.slice(1).map((listed) => listed.split(",").map(number)));
})();

"use strict";
// Polynomials in up to four players, their effects, policies and criteria, in exact fractions. Nothing here knows the page.
const Explorer = (() => {
  const PLAYERS = 4, DEGREE = 12, LETTERS = 500, DIGITS = 200; // of a polynomial; of a text; of a number's numerator or denominator
  const SEARCHED = 6; // the degree up to which monomials are tried as counter-examples
  const NAME = /^[\p{L}_][\p{L}\p{N}_]*/u, NUMBER = /^(\d+(\.\d*)?|\.\d+)/;

  const size = (a) => (a < 0n ? -a : a);
  const gcd = (a, b) => { while (b) [a, b] = [b, a % b]; return a; };
  const LARGEST = 10n ** BigInt(DIGITS);
  const fraction = (above, below = 1n) => {
    if (below < 0n) [above, below] = [-above, -below];
    const shared = gcd(size(above), below) || 1n, made = { above: above / shared, below: below / shared };
    if (size(made.above) > LARGEST || made.below > LARGEST) throw new Error(`a number has at most ${DIGITS} digits, and one here has more; take smaller numbers`);
    return made;
  };
  const ZERO = fraction(0n), ONE = fraction(1n), TINY = fraction(1n, 1000000n);
  const whole = (k) => fraction(BigInt(k));
  const plus = (p, q) => fraction(p.above * q.below + q.above * p.below, p.below * q.below);
  const minus = (p, q) => plus(p, { above: -q.above, below: q.below });
  const times = (p, q) => fraction(p.above * q.above, p.below * q.below);
  const over = (p, q) => fraction(p.above * q.below, p.below * q.above);
  const abs = (p) => ({ above: size(p.above), below: p.below });
  const isZero = (p) => p.above === 0n;
  const larger = (p, q) => p.above * q.below > q.above * p.below;
  const sum = (some) => some.reduce(plus, ZERO);
  const power = (p, k) => { let made = ONE; for (let step = 0; step < k; step++) made = times(made, p); return made; };
  const text = (p) => (p.below === 1n ? `${p.above}` : `${p.above}/${p.below}`);
  const float = (p) => { // of numbers beyond the range of floats, too
    const shift = Math.max(0, Math.max(p.above.toString().length, p.below.toString().length) - 300), by = 10n ** BigInt(shift);
    return Number(p.above / by) / Number(p.below / by) || Number((p.above * 10n ** 30n) / p.below) / 1e30;
  };

  // A number that was typed: 3, −1/2, 0.25.
  const number = (typed) => {
    const found = /^([-−+]?)(\d+)(?:\.(\d*))?(?:\/(\d+))?$/.exec(typed.replace(/\s/g, "").replace(/^([-−+]?)\./, "$10."));
    if (!found || (found[3] !== undefined && found[4] !== undefined) || (found[4] && !BigInt(found[4])))
      throw new Error(`a number is written 2, −1/2 or 0.25, not “${typed}”`);
    const after = found[3] || "";
    if (found[2].length + after.length + (found[4] || "").length > DIGITS) throw new Error(`a number has at most ${DIGITS} digits`);
    const made = fraction(BigInt(found[2] + after), 10n ** BigInt(after.length) * BigInt(found[4] || 1));
    return /[-−]/.test(found[1]) ? minus(ZERO, made) : made;
  };

  // Polynomials: from exponents, "2,1", to coefficients that are not zero.
  const exponents = (key) => key.split(",").map(Number);
  const degreeOf = (key) => exponents(key).reduce((a, b) => a + b, 0);
  const put = (terms, key, value) => { const now = plus(terms.get(key) || ZERO, value); if (isZero(now)) terms.delete(key); else terms.set(key, now); };
  const constant = (n, value) => new Map(isZero(value) ? [] : [[Array(n).fill(0).join(), value]]);
  const added = (p, q, sign = ONE) => { const made = new Map(p); for (const [key, value] of q) put(made, key, times(sign, value)); return made; };
  const product = (p, q) => {
    const made = new Map();
    for (const [one, a] of p) for (const [two, b] of q) {
      const key = exponents(one).map((k, i) => k + exponents(two)[i]);
      if (key.reduce((x, y) => x + y, 0) > DEGREE) throw new Error(`a polynomial has degree ${DEGREE} at most, and a product here has more`);
      put(made, key.join(), times(a, b));
    }
    return made;
  };
  const asNumber = (p) => (p.size === 0 ? ZERO : p.size === 1 && degreeOf([...p.keys()][0]) === 0 ? [...p.values()][0] : null);

  const tokens = (typed) => {
    const found = [];
    for (let at = 0; at < typed.length; ) {
      const rest = typed.slice(at), space = /^\s+/.exec(rest);
      if (space) { at += space[0].length; continue; }
      const kind = NAME.test(rest) ? "name" : NUMBER.test(rest) ? "number" : "sign";
      const word = kind === "name" ? NAME.exec(rest)[0] : kind === "number" ? NUMBER.exec(rest)[0] : /^(\*\*|.)/u.exec(rest)[0];
      if (kind === "sign" && !/^(\*\*|[-−+*·×/^()])$/.test(word)) throw new Error(`“${word}” at character ${at + 1} is no part of a polynomial: numbers, names, + − * / ^ and brackets are`);
      found.push({ kind, at, word: { "**": "^", "−": "-", "·": "*", "×": "*" }[word] || word });
      at += word.length;
    }
    return found;
  };
  const ordered = (names) => [...new Set(names)].sort(new Intl.Collator("en", { numeric: true }).compare);

  // expression = term (± term)*; term = factor (* or / factor)*; factor = ± factor | atom [^ factor].
  const parse = (typed, reserved = []) => {
    if (typed.length > LETTERS) throw new Error(`a polynomial has at most ${LETTERS} letters, and this has ${typed.length}`);
    const words = tokens(typed), names = ordered(words.filter((each) => each.kind === "name").map((each) => each.word)), n = names.length;
    if (!n) throw new Error("a polynomial names its players, such as z1*z2 + z3");
    if (n > PLAYERS) throw new Error(`there is room for ${PLAYERS} players, and this names ${n}: ${names.join(", ")}`);
    for (const name of names) if (reserved.includes(name)) throw new Error(`${name} is the name of a number; call the player otherwise`);
    let at = 0;
    const next = () => words[at], is = (...signs) => next() && next().kind === "sign" && signs.includes(next().word), take = () => words[at++];
    const where = () => (next() ? `“${next().word}” at character ${next().at + 1}` : "the end");
    const atom = () => {
      if (is("(")) {
        take();
        const inside = expression();
        if (!is(")")) throw new Error(`a bracket is not closed: “)” was expected, not ${where()}`);
        take();
        return inside;
      }
      if (!next() || next().kind === "sign") throw new Error(`a number, a name or a bracket was expected, not ${where()}`);
      const word = take();
      if (word.kind === "number") return constant(n, number(word.word));
      if (is("(")) throw new Error(`${word.word}(…) is no polynomial; for a product write ${word.word}*(…)`);
      return new Map([[names.map((name) => (name === word.word ? 1 : 0)).join(), ONE]]);
    };
    const raised = () => {
      const base = atom();
      if (!is("^")) return base;
      take();
      const k = asNumber(factor());
      if (!k || k.below !== 1n || k.above < 0n || k.above > BigInt(DEGREE)) throw new Error(`a power is a whole number from 0 to ${DEGREE}, such as z1^2`);
      let made = constant(n, ONE);
      for (let step = 0n; step < k.above; step++) made = product(made, base);
      return made;
    };
    const factor = () => {
      if (is("-")) { take(); return added(new Map(), factor(), whole(-1)); }
      if (is("+")) { take(); return factor(); }
      return raised();
    };
    const term = () => {
      let made = factor();
      for (;;) {
        const before = words[at - 1];
        if (is("*")) { take(); made = product(made, factor()); }
        else if (is("/")) {
          take();
          const by = asNumber(factor());
          if (!by) throw new Error("a polynomial is divided by numbers only");
          if (isZero(by)) throw new Error("nothing is divided by zero");
          made = product(made, constant(n, over(ONE, by)));
        } else if (next() && (is("(") || (next().kind === "name" && (before.kind === "number" || before.word === ")")))) made = product(made, raised());
        else return made;
      }
    };
    const expression = () => {
      let made = term();
      while (is("+", "-")) made = take().word === "+" ? added(made, term()) : added(made, term(), whole(-1));
      return made;
    };
    const terms = expression();
    if (next()) throw new Error(`the polynomial ends before ${where()}`);
    return { names, n, terms };
  };

  const value = (terms, point) => sum([...terms].map(([key, a]) => exponents(key).reduce((made, k, i) => times(made, power(point[i], k)), a)));
  const choose = (m, k) => { let made = 1n; for (let step = 1; step <= k; step++) made = (made * BigInt(m - k + step)) / BigInt(step); return fraction(made); };

  // The coefficients of f(b + t) in t, one player after the other.
  const shifted = (terms, b) => b.reduce((now, by, i) => {
    const made = new Map();
    for (const [key, a] of now) {
      const k = exponents(key);
      for (let low = 0; low <= k[i]; low++) put(made, k.map((each, j) => (j === i ? low : each)).join(), times(a, times(choose(k[i], low), power(by, k[i] - low))));
    }
    return made;
  }, terms);
  const before = (one, two) => degreeOf(one) - degreeOf(two) || maskOf(one) - maskOf(two) || (two < one ? -1 : 1);
  const maskOf = (key) => exponents(key).reduce((mask, k, i) => mask | (k > 0 ? 1 << i : 0), 0);
  const sizeOf = (mask) => [0, 1, 2, 3].filter((i) => mask >> i & 1).length;

  // Taylor effects: I(κ) = ∂^κ f(b) / κ! · (x − b)^κ, without κ = 0 and without zeros.
  const taylor = (terms, x, b) => {
    const d = x.map((each, i) => minus(each, b[i]));
    return [...shifted(terms, b)].map(([key, a]) => ({ key, degrees: exponents(key), mask: maskOf(key), effect: exponents(key).reduce((made, k, i) => times(made, power(d[i], k)), a) }))
      .filter((row) => row.mask && !isZero(row.effect)).sort((p, q) => before(p.key, q.key));
  };
  // Dividends: J(S) = Σ_{T⊆S} (−1)^{|S|−|T|} f(x_T), of all coalitions by their masks.
  const harsanyi = (terms, x, b) => {
    const made = Array.from({ length: 1 << x.length }, (_, mask) => value(terms, x.map((each, i) => (mask >> i & 1 ? each : b[i]))));
    x.forEach((_, i) => made.forEach((each, mask) => { if (mask >> i & 1) made[mask] = minus(each, made[mask ^ (1 << i)]); }));
    return made;
  };

  // Policies: what each player is given of an effect of degrees κ. They are named by their formulas.
  const member = (degrees) => degrees.map((k) => (k ? ONE : ZERO));
  const rules = {
    "κᵢ": (degrees) => degrees.map(whole),
    "κᵢ / |κ|": (degrees) => degrees.map((k) => over(whole(k), whole(degrees.reduce((p, q) => p + q)))),
    "1[i∈S]": member,
    "1[i∈S] / |S|": (degrees) => member(degrees).map((each, _, all) => over(each, sum(all))),
    "Σ_W∋i 1[S meets W] / |{W∋i}|": (degrees) => { // windows of two neighbours
      const windows = degrees.length < 2 ? [[0]] : degrees.slice(1).map((_, i) => [i, i + 1]);
      return degrees.map((_, i) => {
        const mine = windows.filter((window) => window.includes(i));
        return over(whole(mine.filter((window) => window.some((j) => degrees[j])).length), whole(mine.length));
      });
    },
  };
  // A policy by hand: of players that take part, or of degrees, a row of shares, one for each player, and one for each outsider.
  const drawn = ({ by, shares }) => (degrees) => {
    const count = by === "degree" ? degrees.reduce((p, q) => p + q) : degrees.filter(Boolean).length, row = shares[Math.min(count, shares.length) - 1];
    return degrees.map((k, i) => (k ? row[i] : row[PLAYERS]));
  };

  const allocate = (rows, rule) => rows.map((row) => ({ ...row, given: rule(row.degrees).map((weight) => times(weight, row.effect)) }));
  const bySupport = (table, dividends) => dividends.map((effect, mask) => {
    const own = table.filter((row) => row.mask === mask), n = Math.log2(dividends.length);
    return { key: String(mask), mask, effect, given: Array.from({ length: n }, (_, i) => sum(own.map((row) => row.given[i]))) };
  }).filter((row) => row.mask && !(isZero(row.effect) && row.given.every(isZero))).sort((p, q) => sizeOf(p.mask) - sizeOf(q.mask) || p.mask - q.mask);

  // What is wrong with a row, and the three criteria of a table.
  const judged = (row) => {
    const own = row.given.filter((_, i) => row.mask >> i & 1), strength = abs(row.effect);
    return {
      strength, given: sum(row.given.map(abs)), leaked: sum(row.given.filter((_, i) => !(row.mask >> i & 1)).map(abs)),
      covered: larger(sum(own.map(abs)), times(TINY, strength)) ? strength : ZERO, gap: abs(minus(row.effect, sum(own))),
    };
  };
  const criteria = (table) => {
    const rows = table.map(judged), of = (what) => sum(rows.map((row) => row[what]));
    const strength = of("strength"), given = of("given"), none = isZero(strength), share = (part, all) => (isZero(all) ? ZERO : over(part, all));
    const coverage = none ? ONE : share(of("covered"), strength), leakage = share(of("leaked"), given), residual = share(of("gap"), none ? given : strength);
    const passes = (wrong) => !larger(wrong, TINY);
    return { coverage, leakage, residual, verdicts: { coverage: passes(minus(ONE, coverage)), relevance: passes(leakage), completeness: passes(residual) } };
  };

  // Monomials in the order of their degrees, then of how many take part, then with the first players first.
  const monomials = (n) => {
    let found = [[]];
    for (let i = 0; i < n; i++) found = found.flatMap((start) => Array.from({ length: SEARCHED + 1 }, (_, k) => [...start, k]));
    const total = (k) => k.reduce((a, b) => a + b, 0), many = (k) => k.filter(Boolean).length;
    return found.filter((k) => total(k) > 0 && total(k) <= SEARCHED).sort((p, q) => total(p) - total(q) || many(p) - many(q) || (p.join() < q.join() ? 1 : -1));
  };
  // For each criterion the first monomial in z − b that a rule does not meet it on; it depends on no x, for weights do not.
  const counterexamples = (n, rule) => {
    const found = { coverage: null, relevance: null, completeness: null };
    for (const degrees of monomials(n)) {
      const [row] = allocate([{ key: degrees.join(), degrees, mask: maskOf(degrees.join()), effect: ONE }], rule), { verdicts } = criteria([row]);
      for (const name of Object.keys(found)) if (!verdicts[name] && !found[name]) found[name] = row;
    }
    return found;
  };

  const written = ({ names, terms }) => {
    const parts = [...terms].sort(([one], [two]) => before(one, two)).map(([key, a]) => {
      const letters = exponents(key).flatMap((k, i) => (k ? [k > 1 ? `${names[i]}^${k}` : names[i]] : [])), unit = abs(a).above === abs(a).below;
      return { sign: a.above < 0n ? "-" : "+", word: [...(unit && letters.length ? [] : [text(abs(a))]), ...letters].join("*") };
    });
    return parts.map(({ sign, word }, place) => (place ? ` ${sign} ${word}` : sign === "-" ? `-${word}` : word)).join("") || "0";
  };

  const answer = (asked, rule) => {
    const { names, n, terms, x, b } = asked, effects = taylor(terms, x, b), table = allocate(effects, rule), dividends = harsanyi(terms, x, b);
    const attribution = Array.from({ length: n }, (_, i) => sum(table.map((row) => row.given[i])));
    return { names, n, effects: table, coalitions: bySupport(table, dividends), dividends, attribution, start: value(terms, b), end: value(terms, x) };
  };

  return { PLAYERS, SEARCHED, ZERO, ONE, text, float, number, parse, written, rules, drawn, answer, criteria, counterexamples, plus, minus, sum, abs, isZero, larger, over, times };
})();

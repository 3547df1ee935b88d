// What the charts do once a script may run: values under the mouse, zoom, switches in legends, players.
// They are complete without it. Each part is one function over a figure; report.js calls them.
const charts = (() => {
  "use strict";
  const UNITS = 10000; // the size of the stretched SVG, as in charts/plot.py
  const SVG = "http://www.w3.org/2000/svg";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- numbers ---------------------------------------------------------------------------------------

  /** Floats from the base64 text that charts/drawable.py packed, or an even grid [first, step, count]. */
  function unpacked(data) {
    if (Array.isArray(data)) return Array.from({ length: data[2] }, (_, i) => data[0] + i * data[1]);
    const bytes = Uint8Array.from(atob(data.slice(2)), (letter) => letter.charCodeAt(0));
    return data.startsWith("f4") ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
  }

  function short(value, digits = 4) {
    if (!Number.isFinite(value)) return "not finite";
    const size = Math.abs(value);
    const far = size && (size < 1e-3 || size >= 1e6);
    const written = far ? value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e")
      : size >= 10 ** (digits - 1) ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
    return written.replace("-", "−").replace("e−", "e-");
  }

  /** Nice places for ticks in [lo, hi], as in charts/ticks.py. */
  function linearTicks(lo, hi, target, least = 0) {
    const raw = (hi - lo) / target, power = 10 ** Math.floor(Math.log10(raw));
    const step = Math.max(least, [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) * power);
    const found = [];
    for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + step * 1e-9; i++) found.push(i * step);
    return found;
  }

  function logTicks(lo, hi, target) {
    const decades = Math.log10(hi / lo), found = [];
    if (decades < 1) return linearTicks(lo, hi, target);
    const factors = decades < 2 ? [1, 2, 5] : [1], stride = Math.ceil(decades / target);
    for (let power = Math.floor(Math.log10(lo)); power <= Math.log10(hi); power++)
      for (const factor of factors)
        if (power % stride === 0 && factor * 10 ** power >= lo && factor * 10 ** power <= hi)
          found.push(factor * 10 ** power);
    return found;
  }

  // --- line charts: hover and zoom -------------------------------------------------------------------

  /** An axis of charts/scale.py: values to fractions of it and back. */
  function axisOf({ lo, hi, log, whole }) {
    const forward = log ? Math.log10 : (v) => v, start = forward(lo), span = forward(hi) - start;
    return {
      unit: (value) => (forward(value) - start) / span,
      value: (unit) => (log ? 10 ** (start + unit * span) : start + unit * span),
      ticks: (from, to, target) => (log ? logTicks(from, to, target) : linearTicks(from, to, target, whole ? 1 : 0)),
    };
  }

  function lineChart(figure) {
    const data = JSON.parse(figure.querySelector("script").textContent), axis = axisOf(data.x), height = axisOf(data.y);
    const frame = figure.querySelector(".frame"), plot = figure.querySelector(".plot");
    const lines = data.series.map((s, index) => ({ name: s.name, index, x: unpacked(s.x), y: unpacked(s.y),
    })).map((line, i) => {
      const { lo, hi } = data.series[i];
      return { ...line, lo: lo ? unpacked(lo) : line.y, hi: hi ? unpacked(hi) : line.y };
    });
    const hidden = switches(figure);
    let view = [0, 1]; // the part of the x axis that is shown, as fractions of it
    let dragFrom = null;

    const cursor = addTo(frame, "div", "cursor"), tip = addTo(frame, "div", "tip"), band = addTo(frame, "div", "drag");
    const reset = addTo(frame, "button", "reset");
    reset.type = "button";
    reset.textContent = "Whole axis";
    const away = () => { for (const part of [cursor, tip, band]) part.style.display = "none"; };

    const fraction = (event) => {
      const box = plot.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    const unit = (f) => view[0] + f * (view[1] - view[0]);

    const zoom = zoomer(figure, plot, axis, height);
    const show = (from, to) => {
      const whole = from <= 0 && to >= 1;
      view = [from, to];
      reset.style.display = whole ? "none" : "block";
      zoom(view, whole ? [0, 1] : heightsWithin(lines.filter((line) => !hidden.has(line.index)), axis, height, view));
    };

    function point(f) {
      const value = axis.value(unit(f));
      const rows = lines.filter((line) => !hidden.has(line.index)).map((line) => [line, nearest(line, value)])
        .filter(([, i]) => i >= 0);
      const box = plot.getBoundingClientRect(), around = frame.getBoundingClientRect();
      const left = box.left - around.left, top = box.top - around.top, x = left + f * box.width;
      cursor.style.cssText = `display:block;left:${x}px;top:${top}px;height:${box.height}px`;
      writeTip(tip, `${data.name} ${short(rows.length ? rows[0][0].x[rows[0][1]] : value)}`, rows);
      tip.style.display = "block";
      const room = frame.clientWidth - tip.offsetWidth;
      tip.style.left = `${Math.max(0, Math.min(room, f < 0.5 ? x + 12 : x - tip.offsetWidth - 12))}px`;
      tip.style.top = `${top + 8}px`;
      if (dragFrom === null) { band.style.display = "none"; return; }
      const [a, b] = [Math.min(dragFrom, f), Math.max(dragFrom, f)];
      band.style.cssText = `display:block;left:${left + a * box.width}px;width:${(b - a) * box.width}px;`
        + `top:${top}px;height:${box.height}px`;
    }

    frame.addEventListener("pointermove", (event) => point(fraction(event)));
    frame.addEventListener("pointerleave", () => { dragFrom = null; away(); });
    frame.addEventListener("pointercancel", () => { dragFrom = null; away(); });
    frame.addEventListener("pointerdown", (event) => {
      if (event.target !== reset && event.button === 0) dragFrom = fraction(event);
    });
    frame.addEventListener("pointerup", (event) => {
      if (dragFrom === null) return;
      const [a, b] = [dragFrom, fraction(event)].sort((p, q) => p - q);
      dragFrom = null;
      if (b - a > 0.02) show(unit(a), unit(b));
      point(fraction(event));
    });
    frame.addEventListener("dblclick", () => show(0, 1));
    reset.addEventListener("click", () => { show(0, 1); away(); });
  }

  function addTo(parent, name, kind) {
    const made = document.createElement(name);
    made.className = kind;
    return parent.appendChild(made);
  }

  /** The row of `line` whose x is nearest to `value`, or -1 where the line does not reach. */
  function nearest(line, value) {
    const { x } = line, reach = (x[x.length - 1] - x[0]) * 0.02;
    if (!x.length || value < x[0] - reach || value > x[x.length - 1] + reach) return x.length === 1 ? 0 : -1;
    let low = 0, high = x.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x[middle] < value) low = middle + 1; else high = middle;
    }
    return low > 0 && value - x[low - 1] < x[low] - value ? low - 1 : low;
  }

  function writeTip(tip, heading, rows) {
    tip.replaceChildren();
    addTo(tip, "b", "").textContent = heading;
    for (const [line, i] of rows) {
      const row = addTo(tip, "div", `c${line.index % 8}`);
      addTo(row, "i", "");
      addTo(row, "span", "").textContent = line.name;
      const band = line.lo === line.y ? "" : ` (${short(line.lo[i], 3)} … ${short(line.hi[i], 3)})`;
      addTo(row, "em", "").textContent = short(line.y[i]) + band;
    }
  }

  /** The part of the y axis that lines take up within a part of the x axis, with a little room. */
  function heightsWithin(lines, axis, height, [from, to]) {
    const found = lines.flatMap((line) => [line.y, line.lo, line.hi].flatMap((ys) => Array.from(ys).filter((_, i) => {
      const u = axis.unit(line.x[i]);
      return u >= from && u <= to;
    }))).map(height.unit).filter(Number.isFinite);
    const low = Math.max(0, found.reduce((a, b) => Math.min(a, b), 1)), high = Math.min(1, found.reduce((a, b) => Math.max(a, b), 0));
    if (!(high - low > 1e-4)) return [0, 1];
    const room = 0.08 * (high - low);
    return [Math.max(0, low - room), Math.min(1, high + room)];
  }

  /** A function that shows parts [from, to] of both axes: lines by their viewBox, the rest by its place. */
  function zoomer(figure, plot, xAxis, yAxis) {
    const data = figure.querySelector(".data"), axes = [figure.querySelector(".x.axis"), figure.querySelector(".y.axis")];
    const whole = axes.map((axis) => [...axis.childNodes]);
    const share = (mark, name) => parseFloat(mark.getAttribute(name)) / 100;
    const hung = all(":scope > .at", plot).map((mark) => [mark, share(mark, "x"), share(mark, "y")]);
    return (x, y) => {
      data.setAttribute("viewBox", [x[0], 1 - y[1], x[1] - x[0], y[1] - y[0]].map((part) => part * UNITS).join(" "));
      const across = (u) => (u - x[0]) / (x[1] - x[0]), down = (u) => (y[1] - u) / (y[1] - y[0]);
      for (const [mark, left, top] of hung) {
        const u = across(left), v = top ? down(1 - top) : 0; // events hang at the top edge and stay there
        mark.setAttribute("x", `${100 * u}%`);
        mark.setAttribute("y", `${100 * v}%`);
        mark.style.display = u < 0 || u > 1 || v < 0 || v > 1 ? "none" : "";
      }
      axes.forEach((axis, i) => axis.replaceChildren(...whole[i]));
      if (x[0] <= 0 && x[1] >= 1) return;
      const target = Math.max(2, Math.floor(plot.getBoundingClientRect().width / 90));
      const ticks = xAxis.ticks(xAxis.value(x[0]), xAxis.value(x[1]), target).map((v) => xTick(across(xAxis.unit(v)), v));
      axes[0].replaceChildren(axes[0].querySelector(".base"), ...ticks);
      axes[1].replaceChildren(...yAxis.ticks(yAxis.value(y[0]), yAxis.value(y[1]), 5).flatMap((v) => yTick(down(yAxis.unit(v)), v)));
    };
  }

  function drawn(name, attributes, words = "") {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = words;
    return made;
  }

  function xTick(place, value) {
    const tick = drawn("svg", { class: "at", x: `${100 * place}%`, y: "100%" });
    tick.append(drawn("line", { y2: 5 }), drawn("text", { y: 18 }, short(value, 6)));
    return tick;
  }

  function yTick(place, value) {
    const y = `${100 * place}%`;
    return [drawn("line", { x1: 0, x2: "100%", y1: y, y2: y }), drawn("text", { x: -8, y, dy: "0.33em" }, short(value, 6))];
  }

  // --- legends ---------------------------------------------------------------------------------------

  /** Turn a legend's entries into switches. Returns the set of hidden series, which follows them. */
  function switches(figure) {
    const hidden = new Set();
    for (const key of all(".key", figure)) {
      const series = Number(key.dataset.series);
      const press = () => {
        if (!hidden.delete(series)) hidden.add(series);
        key.setAttribute("aria-pressed", String(!hidden.has(series)));
        for (const mark of all(`.plot .c${series % 8}.d${(series + (series >> 3)) % 4}`, figure))
          mark.classList.toggle("off", hidden.has(series));
      };
      key.tabIndex = 0;
      key.setAttribute("role", "button");
      key.setAttribute("aria-pressed", "true");
      key.addEventListener("click", press);
      key.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); }
      });
    }
    return hidden;
  }

  // --- walks over a surface --------------------------------------------------------------------------

  function walkPlayer(figure) {
    const walks = JSON.parse(figure.querySelector("script").textContent).walks.map((walk) => ({
      name: walk.name, step: unpacked(walk.step), x: unpacked(walk.x), y: unpacked(walk.y), loss: unpacked(walk.loss),
    }));
    const [player] = all(".player", figure), [play] = all(".play", figure), [slider] = all("input", player);
    const [output] = all("output", player), ways = all("[data-way]", figure);
    let timer = 0;

    function show(until) {
      walks.forEach((walk, index) => {
        const last = Math.min(until, walk.step.length - 1);
        const places = Array.from({ length: last + 1 }, (_, i) => `${walk.x[i]} ${walk.y[i]}`);
        const path = `M${places.join("L")}${last ? "" : "h0"}`, dots = places.map((place) => `M${place}h0`).join("");
        for (const drawn of ways[index].children)
          drawn.setAttribute("d", drawn.classList.contains("steps") ? dots : path);
        placeHere(figure.querySelector(`[data-walk="${index}"] .here`), walk, last);
      });
      const losses = walks.map((walk) => [walk.name, walk.loss[Math.min(until, walk.step.length - 1)]])
        .filter(([, loss]) => Number.isFinite(loss)).map(([name, loss]) => `${name}: ${short(loss, 3)}`);
      const longest = walks.reduce((a, b) => (b.step.length > a.step.length ? b : a));
      output.textContent = [`step ${longest.step[Math.min(until, longest.step.length - 1)]}`, ...losses].join("  ·  ");
    }

    const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
    const start = () => {
      if (Number(slider.value) >= Number(slider.max)) slider.value = 0;
      play.textContent = "Pause";
      const pace = Math.max(16, Math.min(200, 6000 / Math.max(1, Number(slider.max))));
      timer = setInterval(() => {
        slider.value = Number(slider.value) + 1;
        show(Number(slider.value));
        if (Number(slider.value) >= Number(slider.max)) stop();
      }, pace);
    };
    player.hidden = false;
    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    play.addEventListener("click", () => (timer ? stop() : start()));
    switches(figure);
    show(Number(slider.value));
  }

  function placeHere(here, walk, row) {
    if (!here) return;
    const inside = walk.x[row] >= 0 && walk.x[row] <= UNITS && walk.y[row] >= 0 && walk.y[row] <= UNITS;
    here.style.display = inside ? "" : "none";
    here.setAttribute("cx", `${(100 * walk.x[row]) / UNITS}%`);
    here.setAttribute("cy", `${(100 * walk.y[row]) / UNITS}%`);
  }

  return { all, lineChart, walkPlayer, switches };
})();

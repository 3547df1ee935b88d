// Looks at every text of a page and says which overlap, are cut off or too small. Run by browser.py.
(async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const SMALLEST = 11; // CSS pixels
  const page = document.documentElement;
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const said = (element) => `"${[...element.childNodes].filter((n) => n.nodeName !== "title").map((n) => n.textContent).join("")}"`;

  /** The box of the letters themselves, without the room a line height leaves above and below them. */
  const boxOf = (element) => {
    const box = element.getBoundingClientRect(), size = parseFloat(getComputedStyle(element).fontSize);
    const spare = Math.max(0, (box.height - size) / 2);
    return { left: box.left + scrollX, right: box.right + scrollX, top: box.top + spare, bottom: box.bottom - spare, element };
  };
  const aslant = (box) => box.element.classList.contains("sloped"); // its upright box is larger than its letters
  const meet = (a, b) => !(aslant(a) && aslant(b)) && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1.5;

  const overlaps = [], clipped = [], small = [];
  for (const figure of document.querySelectorAll("figure")) {
    const name = figure.querySelector("figcaption").textContent;
    const texts = [...figure.querySelectorAll("svg text, .bar-name, .bar-value, .legend .key, figcaption, .note")]
      .filter((element) => visible(element) && element.textContent.trim());
    const boxes = texts.map(boxOf).filter((box) => box.right > box.left);
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
      if (!a.element.contains(b.element) && !b.element.contains(a.element) && meet(a, b))
        overlaps.push(`${name}: ${said(a.element)} meets ${said(b.element)}`);
    }));
    for (const box of boxes) {
      const scrolls = box.element.closest(".scroll");
      if (!scrolls && (box.left < -0.5 || box.right > page.clientWidth + 0.5)) clipped.push(`${name}: ${said(box.element)} leaves the page`);
      const outer = box.element.closest(".matrix")?.getBoundingClientRect();
      if (outer && (box.left < outer.left - 1 || box.right > outer.right + 1 || box.top < outer.top - 1)) clipped.push(`${name}: ${said(box.element)} leaves the matrix`);
      if (parseFloat(getComputedStyle(box.element).fontSize) * scaleOf(box.element) < SMALLEST) small.push(`${name}: ${said(box.element)}`);
    }
  }
  function scaleOf(element) {
    const matrix = element.getScreenCTM?.();
    return matrix ? Math.hypot(matrix.a, matrix.b) : 1;
  }
  for (const element of document.querySelectorAll("h1, h2, p, li, dt, dd, td, th, summary, button, .callout")) {
    const box = element.getBoundingClientRect();
    if (visible(element) && !element.closest(".scroll, .skip") && (box.right > page.clientWidth + 1 || box.left < -1))
      clipped.push(`${element.tagName} ${said(element)} leaves the page`);
  }
  return {
    width: innerWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    paper: getComputedStyle(document.body).backgroundColor,
    overflow: page.scrollWidth - page.clientWidth,
    overlaps, clipped, small,
    figures: document.querySelectorAll("figure").length,
  };
})();

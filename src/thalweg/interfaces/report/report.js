// What the page does once a script may run: theme, copy buttons, table of contents; and it wakes the charts.
(() => {
  "use strict";
  const { all, lineChart, walkPlayer, switches } = charts;

  function themeButton(button) {
    const root = document.documentElement;
    const isDark = () => root.dataset.theme
      ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    button.hidden = false;
    button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; label(); });
    label();
  }

  function copyButton(button) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const words = button.parentElement.querySelector("code").textContent;
      try { await navigator.clipboard.writeText(words); button.textContent = "Copied"; }
      catch { getSelection().selectAllChildren(button.parentElement.querySelector("code")); button.textContent = "Selected"; }
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }

  /** Mark in the table of contents the section that is being read. */
  function contents(nav) {
    const links = new Map(all("a", nav).map((link) => [link.hash.slice(1), link]));
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) links.get(entry.target.id)?.classList.toggle("current", entry.isIntersecting);
    }, { rootMargin: "-20% 0px -70% 0px" });
    all("main > section").forEach((section) => seen.observe(section));
  }

  all("#theme").forEach(themeButton);
  all(".copy").forEach(copyButton);
  all(".contents").forEach(contents);
  all(".hint").forEach((hint) => { hint.hidden = false; });
  all("figure.lines").filter((figure) => figure.querySelector("script")).forEach(lineChart);
  all("figure.contours, figure.curve").filter((figure) => figure.querySelector(".player")).forEach(walkPlayer);
  all("figure.sweep").forEach(switches);
})();

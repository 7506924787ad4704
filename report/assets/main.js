/** Which page is shown: by the address, with the focus on its heading. */
(() => {
  const { h } = dom;

  /** @typedef {{title: string, content: (Node | false | null | undefined)[]}} Page */

  const first = document.title;
  const front = /** @type {HTMLElement} */ (document.getElementById("overview"));
  const view = /** @type {HTMLElement} */ (document.getElementById("view"));
  let turn = 0;

  /**
   * Return what makes the page of a place, or null for the overview.
   * @param {Record<string, string>} place
   * @returns {((place: Record<string, string>) => Promise<Page>) | null}
   */
  function maker(place) {
    if (place.cell) return cellPage.make;
    if (place.compare) return comparePage.make;
    if (place.rollouts) return rolloutsPage.make;
    if (place.problem && place.benchmark) return problemPage.make;
    if (place.benchmark) return benchmarkPage.make;
    return null;
  }

  /** @param {boolean} arrived by a link, rather than by opening the page */
  async function show(arrived) {
    const mine = (turn += 1);
    const place = route.here();
    const make = maker(place);
    front.hidden = make !== null;
    view.hidden = make === null;
    if (!make) {
      dom.fill(view);
      document.title = first;
      const at = document.getElementById(window.location.hash.slice(1));
      if (at) at.scrollIntoView();
      else if (arrived) {
        window.scrollTo(0, 0);
        front.querySelector("h1")?.focus({ preventScroll: true });
      }
      return;
    }
    view.setAttribute("aria-busy", "true");
    const late = window.setTimeout(
      () => mine === turn && dom.fill(view, h("p", { class: "muted" }, "Loading …")),
      250,
    );
    /** @type {Page} */
    let page;
    try {
      page = await make(place);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      page = {
        title: "Not found",
        content: [
          h("p", { class: "warning", role: "alert" }, message),
          h("p", {}, h("a", { href: "#" }, "Back to the overview")),
        ],
      };
    }
    window.clearTimeout(late);
    if (mine !== turn) return;
    const heading = h("h1", { tabindex: -1 }, page.title);
    dom.fill(view, heading, ...page.content);
    view.removeAttribute("aria-busy");
    document.title = `${page.title} – ${first}`;
    window.scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }

  window.addEventListener("hashchange", () => void show(true));
  void overview.start();
  void show(false);
})();

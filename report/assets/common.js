/** What several pages show alike: looked-up names, marks, lists of facts, bars of links. */
const common = (() => {
  const { h } = dom;

  /**
   * Return the cell of a name; an error for the reader if the report has none.
   * @param {Study} study
   * @param {string} name
   */
  function cellOf(study, name) {
    const found = study.cells.find((of) => of.cell === name);
    if (!found) throw new Error(`This report has no cell ${name}.`);
    return found;
  }

  /** @param {Study} study @param {string} name */
  function benchmarkOf(study, name) {
    const found = study.benchmarks.find((of) => of.name === name);
    if (!found) throw new Error(`This report has no benchmark ${name}.`);
    return found;
  }

  /**
   * Return the cells that were evaluated under a prompt on a benchmark.
   * @param {Study} study @param {string} prompt @param {string} benchmark
   */
  const evaluated = (study, prompt, benchmark) =>
    study.cells.filter((of) => of.prompts[prompt]?.includes(benchmark));

  const MARKS = /** @type {Record<string, [string, string]>} */ ({
    r: ["✓", "right"],
    w: ["✗", "wrong"],
    c: ["✂", "wrong, cut off"],
    u: ["?", "wrong, no readable answer"],
    m: ["◐", "right in part"],
  });

  /**
   * Return a completion's mark; its colour is never alone.
   * @param {string} letter as verdicts.mark has it
   * @param {boolean} [named] with its words for a screen reader
   */
  const mark = (letter, named = false) =>
    h(
      "span",
      { class: `mark ${letter}`, title: MARKS[letter][1] },
      h("span", { "aria-hidden": "true" }, MARKS[letter][0]),
      named && h("span", { class: "unseen" }, MARKS[letter][1]),
    );

  /**
   * Return a row of marks, at most so many; read out as a count beside it.
   * @param {string} letters
   * @param {number} most
   */
  const marks = (letters, most = 12) =>
    h(
      "span",
      { class: "marks", "aria-hidden": "true" },
      [...letters.slice(0, most)].map((letter) => mark(letter)),
      letters.length > most && "…",
    );

  /** What the marks mean, in a line. */
  const legend = () =>
    h(
      "p",
      { class: "legend" },
      ["r", "w", "c", "u"].map((letter) => h("span", {}, mark(letter), ` ${MARKS[letter][1]}`)),
    );

  /**
   * Return names and values as a list.
   * @param {[string, Node | string | null | undefined][]} of
   */
  const facts = (of) =>
    h(
      "dl",
      { class: "facts" },
      of
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );

  /**
   * Return a record as a table of names and values; a value that is a record itself is indented.
   * @param {string} caption
   * @param {Record<string, unknown>} record
   */
  function record(caption, record) {
    /** @type {[string, unknown][]} */
    const rows = [];
    /** @param {Record<string, unknown>} of @param {string} before */
    const walk = (of, before) => {
      for (const [name, value] of Object.entries(of)) {
        const nested = value !== null && typeof value === "object" && !Array.isArray(value);
        if (nested && Object.keys(value).length > 0) {
          walk(/** @type {Record<string, unknown>} */ (value), `${before}${name}.`);
        } else rows.push([`${before}${name}`, value]);
      }
    };
    walk(record, "");
    return dom.scroller(
      caption,
      h(
        "table",
        { class: "record" },
        h("caption", { class: "unseen" }, caption),
        h(
          "tbody",
          {},
          rows.map(([name, value]) =>
            h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, numbers.spell(value))),
          ),
        ),
      ),
    );
  }

  /**
   * Return a field of a form.
   * @param {string} label
   * @param {HTMLElement} control
   */
  const field = (label, control) => h("label", { class: "field" }, h("span", {}, label), control);

  /**
   * Return a choice of one.
   * @param {string} name
   * @param {[string, string][]} options value and label
   * @param {string} chosen
   * @param {(value: string) => void} changed
   */
  function choice(name, options, chosen, changed) {
    const select = h(
      "select",
      { name, "data-focus": name },
      options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)),
    );
    select.addEventListener("change", () => changed(select.value));
    return select;
  }

  /**
   * Return a box to tick.
   * @param {string} label
   * @param {boolean} checked
   * @param {(checked: boolean) => void} changed
   */
  function tick(label, checked, changed) {
    const box = h("input", { type: "checkbox", checked, "data-focus": `tick ${label}` });
    box.addEventListener("change", () => changed(box.checked));
    return h("label", { class: "tick" }, box, h("span", {}, label));
  }

  /**
   * Return a heading's part of a page.
   * @param {string} id
   * @param {string} title
   * @param {...(Node | false | null | undefined)} content
   */
  const section = (id, title, ...content) =>
    h(
      "section",
      { "aria-labelledby": `in-${id}` },
      h("h2", { id: `in-${id}`, tabindex: -1 }, title),
      ...content,
    );

  /**
   * Return the value with its interval as the tables have it.
   * @param {Accuracy} of
   */
  const interval = (of) =>
    of.interval ? `[${numbers.percent(of.interval[0])}, ${numbers.percent(of.interval[1])}]` : null;

  /**
   * Return a question's start as a list has it.
   * @param {string} title
   */
  const question = (title) =>
    h("span", { class: "question" }, title.length < 120 ? title : `${title}…`);

  return {
    question,
    cellOf,
    benchmarkOf,
    evaluated,
    mark,
    marks,
    legend,
    facts,
    record,
    field,
    choice,
    tick,
    section,
    interval,
  };
})();

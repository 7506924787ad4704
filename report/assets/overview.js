/** What scripts add to the overview, which is whole without them: a table of all cells to go through. */
const overview = (() => {
  const { h } = dom;
  const MEASURES = /** @type {[keyof Accuracy & string, string][]} */ ([
    ["accuracy", "accuracy"],
    ["lighteval_accuracy", "accuracy by LightEval"],
    ["strict_accuracy", "accuracy in the strict format"],
    ["pass_at_k", "pass@k"],
    ["maj_at_k", "majority vote"],
    ["unreadable", "no readable answer"],
    ["cut_off", "cut off"],
    ["mean_tokens", "tokens, mean"],
  ]);

  /** Make wide tables scroll by keyboard, and fill the table of cells. */
  async function start() {
    let seen = 0;
    for (const table of document.querySelectorAll("#overview table")) {
      const label =
        table.querySelector("caption")?.textContent ?? `${titleOf(table)}, table ${(seen += 1)}`;
      const around = dom.scroller(label);
      table.replaceWith(around);
      around.append(table);
    }
    const place = document.getElementById("explorer");
    if (!place) return;
    try {
      explorer(place, await store.study());
    } catch (error) {
      dom.fill(
        place,
        h("p", { class: "warning", role: "alert" }, /** @type {Error} */ (error).message),
      );
    }
  }

  /**
   * Return the heading that a table stands under.
   * @param {Element} table
   */
  const titleOf = (table) => table.closest("section")?.querySelector("h2, h3")?.textContent ?? "";

  /** @param {Element} place @param {Study} study */
  function explorer(place, study) {
    const table = h("div", {});
    let prompt = study.main_prompt;
    let measure = /** @type {keyof Accuracy & string} */ ("accuracy");
    const draw = () => dom.fill(table, cells(study, prompt, measure));
    dom.fill(
      place,
      h(
        "div",
        { class: "filter" },
        common.field(
          "Prompt",
          common.choice(
            "prompt",
            study.prompts.map((name) => [name, name]),
            prompt,
            (value) => {
              prompt = value;
              draw();
            },
          ),
        ),
        common.field(
          "Number",
          common.choice("measure", MEASURES, measure, (value) => {
            measure = /** @type {keyof Accuracy & string} */ (value);
            draw();
          }),
        ),
      ),
      table,
    );
    draw();
  }

  /** @param {Study} study @param {string} prompt @param {keyof Accuracy & string} measure */
  function cells(study, prompt, measure) {
    const shown = study.cells.filter((of) => of.prompts[prompt]);
    const label = MEASURES.find(([name]) => name === measure)?.[1];
    return dom.scroller(
      "All cells",
      h(
        "table",
        { class: "matrix" },
        h(
          "caption",
          {},
          `${label}${measure === "mean_tokens" ? "" : ", in percent"}, under the prompt ${prompt}`,
        ),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Cell"),
            study.benchmarks.map((of) =>
              h(
                "th",
                { scope: "col", class: "number" },
                h(
                  "a",
                  {
                    href: route.link({ benchmark: of.name, prompt }),
                    title: "its problems under all cells, the hardest first",
                  },
                  of.label,
                ),
              ),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          shown.map((cell) =>
            h(
              "tr",
              {},
              h(
                "th",
                { scope: "row" },
                h("a", { href: route.link({ cell: cell.cell, prompt }) }, cell.label),
                cell.collapsed.length > 0 &&
                  h("span", { title: "collapsed", class: "is-split" }, " ‡"),
              ),
              study.benchmarks.map((of) => {
                const value = cell.accuracy[prompt]?.[of.name];
                if (!value) return h("td", { class: "number" }, "–");
                const shown = /** @type {number | null} */ (value[measure]);
                const text =
                  measure === "mean_tokens" ? numbers.mean(shown) : numbers.percent(shown);
                const heat =
                  measure === "mean_tokens" || shown === null
                    ? null
                    : `--heat: ${Math.round(100 * shown)}%`;
                return h(
                  "td",
                  { class: "number heat", style: heat },
                  h(
                    "a",
                    { href: route.link({ cell: cell.cell, prompt, benchmark: of.name }) },
                    shown === null ? value.status : text,
                  ),
                );
              }),
            ),
          ),
        ),
      ),
    );
  }

  return { start };
})();

/** Training curves: one small plot per measure, a line per seed, drawn by Observable Plot as SVG. */
const curves = (() => {
  const { h } = dom;
  const FIRST = [
    "reward",
    "loss",
    "rewards/accuracy_reward",
    "rewards/format_reward",
    "rewards/accuracies",
    "rewards/margins",
    "kl",
    "entropy",
    "completions/mean_length",
    "completions/clipped_ratio",
    "mean_token_accuracy",
    "grad_norm",
    "learning_rate",
  ];
  const MOST = 1500; // points of a line

  /** @typedef {{step: number, value: number, seed: string}} Point */

  /**
   * Return a measure's points, thinned evenly where a line has more than can be seen.
   * @param {NonNullable<CellFile["curve"]>} curve
   * @param {string} column
   * @returns {Point[]}
   */
  function points(curve, column) {
    const step = curve.columns.indexOf("step");
    const value = curve.columns.indexOf(column);
    return Object.entries(curve.seeds).flatMap(([seed, rows]) => {
      const every = Math.ceil(rows.length / MOST);
      return rows
        .filter((row, at) => at % every === 0 || at === rows.length - 1)
        .filter((row) => typeof row[value] === "number")
        .map((row) => ({ step: row[step] ?? 0, value: row[value] ?? 0, seed }));
    });
  }

  /**
   * Return the measures of a curve, those that one looks at first before the others.
   * @param {NonNullable<CellFile["curve"]>} curve
   */
  function measures(curve) {
    const all = curve.columns.filter((column) => !["step", "epoch"].includes(column));
    return [
      ...FIRST.filter((column) => all.includes(column)),
      ...all.filter((column) => !FIRST.includes(column)),
    ];
  }

  /**
   * Return the plot of a measure, or null if it has no number.
   * @param {NonNullable<CellFile["curve"]>} curve
   * @param {string} column
   */
  function plot(curve, column) {
    const data = points(curve, column);
    if (data.length === 0) return null;
    const values = data.map((point) => point.value);
    const last = data[data.length - 1];
    const drawn = Plot.plot({
      width: 320,
      height: 170,
      marginLeft: 48,
      marginTop: 12,
      marginRight: 12,
      x: { label: "step", ticks: 4 },
      y: { label: null, grid: true, ticks: 4, tickFormat: "~g", nice: true },
      color: { range: ["var(--line-0)", "var(--line-1)", "var(--line-2)", "var(--line-3)"] },
      style: {
        background: "none",
        color: "inherit",
        fontFamily: "inherit",
        fontSize: "11px",
        overflow: "visible",
      },
      ariaLabel: column,
      ariaDescription: `from ${numbers.spell(values[0])} at step ${data[0].step} to ${numbers.spell(last.value)} at step ${last.step}; least ${numbers.spell(Math.min(...values))}, most ${numbers.spell(Math.max(...values))}`,
      marks: [
        Plot.line(data, { x: "step", y: "value", stroke: "seed", strokeWidth: 1.5 }),
        data.length < 3 ? Plot.dot(data, { x: "step", y: "value", fill: "seed" }) : null,
        Plot.tip(
          data,
          Plot.pointerX({
            x: "step",
            y: "value",
            stroke: "seed",
            fill: "var(--page)",
            textPadding: 6,
            title: (/** @type {Point} */ point) =>
              `seed ${point.seed}, step ${point.step}: ${numbers.spell(point.value)}`,
          }),
        ),
      ],
    });
    drawn.setAttribute("role", "img");
    for (const group of drawn.querySelectorAll("[aria-label]")) group.removeAttribute("aria-label");
    return h("figure", { class: "curve" }, h("figcaption", {}, column), drawn);
  }

  /**
   * Return all plots of a training, and its numbers as a table.
   * @param {NonNullable<CellFile["curve"]>} curve
   */
  async function show(curve) {
    await store.library("d3/d3.min.js", "plot/plot.umd.min.js");
    const seeds = Object.keys(curve.seeds);
    const drawn = measures(curve)
      .map((column) => plot(curve, column))
      .filter((of) => of !== null);
    const key = h(
      "p",
      { class: "legend" },
      seeds.map((seed, at) =>
        h(
          "span",
          {},
          h("span", { class: `line line-${at % 4}`, "aria-hidden": "true" }),
          ` seed ${seed}`,
        ),
      ),
    );
    return h(
      "div",
      {},
      seeds.length > 1 && key,
      h("div", { class: "curves" }, drawn.slice(0, 6)),
      drawn.length > 6 &&
        dom.fold(
          `${numbers.of(drawn.length - 6, "other measure")}`,
          false,
          h("div", { class: "curves" }, drawn.slice(6)),
        ),
      completion.lazyFold("The numbers", () => table(curve)),
    );
  }

  /** @param {NonNullable<CellFile["curve"]>} curve */
  function table(curve) {
    return dom.scroller(
      "Training log",
      h(
        "table",
        { class: "listed" },
        h("caption", { class: "unseen" }, "Training log"),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["seed", ...curve.columns].map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          Object.entries(curve.seeds).flatMap(([seed, rows]) =>
            rows.map((row) =>
              h(
                "tr",
                {},
                h("td", {}, seed),
                row.map((value) => h("td", { class: "number" }, numbers.spell(value))),
              ),
            ),
          ),
        ),
      ),
    );
  }

  return { points, measures, show };
})();

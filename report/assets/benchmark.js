/** A benchmark: every problem under all cells, the hardest first. */
const benchmarkPage = (() => {
  const { h } = dom;

  /** @typedef {{index: number, id: string, title: string, gold: string, right: number, of: number, solvers: number, cells: number, best: string}} Row */

  /**
   * Return the page of `#benchmark=...&prompt=...`.
   * @param {Record<string, string>} place
   */
  async function make(place) {
    const study = await store.study();
    const benchmark = common.benchmarkOf(study, place.benchmark);
    const prompt = place.prompt ?? study.main_prompt;
    const cells = common
      .evaluated(study, prompt, benchmark.name)
      .filter((of) => of.seeds.length === 0 || of.collapsed.length < of.seeds.length);
    if (cells.length === 0)
      throw new Error(`No cell was evaluated on ${benchmark.label} under the prompt ${prompt}.`);
    const [titles, ...all] = await Promise.all([
      store.titles(benchmark.name),
      ...cells.map((of) => store.verdicts(of.cell, prompt, benchmark.name)),
    ]);
    /** @type {Row[]} */
    const rows = titles.map(([id, title, gold], index) => {
      const shares = all.map((of) => verdicts.right(of, index));
      const best = shares.reduce(
        (found, share, at) =>
          share.right / share.of > shares[found].right / shares[found].of ? at : found,
        0,
      );
      return {
        index,
        id,
        title,
        gold,
        right: shares.reduce((sum, share) => sum + share.right, 0),
        of: shares.reduce((sum, share) => sum + share.of, 0),
        solvers: shares.filter((share) => share.right > 0).length,
        cells: cells.length,
        best: cells[best].cell,
      };
    });
    const list = h("div", {});
    /** @type {Record<string, string>} */
    let now = { ...place, prompt };
    const draw = () => {
      const sort = now.sort || "right";
      /** @param {Row} row */
      const link = (row) =>
        route.link({
          benchmark: benchmark.name,
          problem: row.id,
          cells: row.solvers ? row.best : cells[0].cell,
          prompt,
        });
      /** @type {Column<Row>[]} */
      const columns = [
        {
          key: "problem",
          label: "Problem",
          value: (row) => row.index,
          show: (row) => h("a", { href: link(row) }, row.id),
        },
        {
          key: "question",
          label: "Question",
          value: (row) => row.title,
          show: (row) => common.question(row.title),
        },
        { key: "gold", label: "Gold", show: (row) => h("span", { class: "answer" }, row.gold) },
        {
          key: "right",
          label: "Right, %",
          numeric: true,
          value: (row) => row.right / row.of,
          show: (row) =>
            h(
              "span",
              { title: `${row.right} of ${row.of} completions` },
              h("meter", { min: 0, max: 1, value: row.right / row.of, "aria-hidden": "true" }),
              ` ${numbers.percent(row.right / row.of)}`,
            ),
        },
        {
          key: "solvers",
          label: "Cells that solve it",
          numeric: true,
          value: (row) => row.solvers,
          show: (row) => `${row.solvers} of ${row.cells}`,
        },
      ];
      trail.keep(
        `${benchmark.label} under the prompt ${prompt}`,
        route.link(now),
        grid.sorted(rows, columns, sort).map((row) => ({ id: row.id, link: link(row) })),
      );
      grid.swap(
        list,
        grid.make({
          caption: `Problems of ${benchmark.label}`,
          columns,
          rows,
          sort,
          page: Number(now.page ?? 1),
          changed: (sort, page) => {
            now = {
              ...now,
              sort: sort === "right" ? "" : sort,
              page: page === 1 ? "" : String(page),
            };
            route.note(now);
            draw();
          },
        }),
      );
    };
    draw();
    const unsolved = rows.filter((row) => row.right === 0).length;
    const counts = `${numbers.of(rows.length, "problem")} under ${numbers.of(cells.length, "cell")}; ${unsolved} that no cell solves`;
    dom.say(counts);
    return {
      title: `${benchmark.label}: its problems under all cells`,
      content: [
        h(
          "ul",
          { class: "actions" },
          study.benchmarks.map((of) =>
            h(
              "li",
              {},
              h(
                "a",
                {
                  href: route.link({ benchmark: of.name, prompt }),
                  "aria-current": of === benchmark ? "true" : null,
                },
                of.label,
              ),
            ),
          ),
        ),
        h(
          "ul",
          { class: "actions" },
          study.prompts
            .filter((name) => common.evaluated(study, name, benchmark.name).length > 0)
            .map((name) =>
              h(
                "li",
                {},
                h(
                  "a",
                  {
                    href: route.link({ benchmark: benchmark.name, prompt: name }),
                    "aria-current": name === prompt ? "true" : null,
                  },
                  `prompt ${name}`,
                ),
              ),
            ),
        ),
        h("p", { class: "counts" }, counts),
        list,
      ],
    };
  }

  return { make };
})();

/** Two cells, or one under two prompts: the problems that the first won and lost against the second. */
const comparePage = (() => {
  const { h } = dom;
  const OUTCOMES = /** @type {Record<string, string>} */ ({
    won: "won",
    lost: "lost",
    both: "right in both",
    mixed: "the same share",
    neither: "wrong in both",
  });

  /** @typedef {{right: number, of: number}} Share */
  /** @typedef {{index: number, id: string, title: string, gold: string, one: Share, other: Share, outcome: string}} Row */

  /**
   * Return the page of `#compare=A,B&benchmark=...&prompt=p` or `prompt=p,q`, one for each side.
   * @param {Record<string, string>} place
   */
  async function make(place) {
    const study = await store.study();
    const [first, second] = route.list(place.compare);
    const [one, other] = [common.cellOf(study, first), common.cellOf(study, second ?? first)];
    const benchmark = common.benchmarkOf(study, place.benchmark ?? study.benchmarks[0].name);
    const [prompt, otherPrompt = prompt] = route.list(place.prompt ?? study.main_prompt);
    for (const [cell, under] of /** @type {[CellInfo, string][]} */ ([
      [one, prompt],
      [other, otherPrompt],
    ])) {
      if (!cell.prompts[under]?.includes(benchmark.name))
        throw new Error(
          `${cell.label} was not evaluated on ${benchmark.label} under the prompt ${under}.`,
        );
      if (cell.seeds.length > 0 && cell.collapsed.length === cell.seeds.length)
        throw new Error(`${cell.label} has no completions: every training of it collapsed.`);
    }
    const [of, against, titles] = await Promise.all([
      store.verdicts(one.cell, prompt, benchmark.name),
      store.verdicts(other.cell, otherPrompt, benchmark.name),
      store.titles(benchmark.name),
    ]);
    /** @type {Row[]} */
    const rows = titles.map(([id, title, gold], index) => {
      const [mine, theirs] = [verdicts.right(of, index), verdicts.right(against, index)];
      return {
        index,
        id,
        title,
        gold,
        one: mine,
        other: theirs,
        outcome: verdicts.outcome(mine, theirs),
      };
    });
    const labels =
      one === other
        ? [`${one.label}, ${prompt}`, `${other.label}, ${otherPrompt}`]
        : prompt === otherPrompt
          ? [one.label, other.label]
          : [`${one.label}, ${prompt}`, `${other.label}, ${otherPrompt}`];
    const list = h("div", {});
    /** @type {Record<string, string>} */
    let now = {
      ...place,
      prompt: prompt === otherPrompt ? prompt : `${prompt},${otherPrompt}`,
      benchmark: benchmark.name,
    };
    /** @param {Record<string, string>} to */
    const go = (to) => {
      now = { ...now, ...to };
      route.note(now);
      draw();
    };
    const draw = () => listing(list, rows, labels, now, [one, other], go);
    draw();
    return {
      title: `${labels[0]} against ${labels[1]} on ${benchmark.label}`,
      content: [
        h(
          "p",
          { class: "sub" },
          "A problem is won where the first has the larger share of right completions, over all its seeds and samples.",
        ),
        sides(
          [
            [labels[0], one, prompt],
            [labels[1], other, otherPrompt],
          ],
          benchmark,
        ),
        controls(study, one, other, benchmark, prompt, otherPrompt),
        list,
      ],
    };
  }

  /**
   * The accuracies of both sides; the two may differ in form alone, which the strict verdict shows.
   * @param {[string, CellInfo, string][]} compared @param {BenchmarkInfo} benchmark
   */
  function sides(compared, benchmark) {
    return h(
      "dl",
      { class: "facts" },
      compared.map(([label, cell, prompt]) => {
        const of = cell.accuracy[prompt][benchmark.name];
        return h(
          "div",
          {},
          h("dt", {}, label),
          h(
            "dd",
            {},
            `${numbers.percent(of.accuracy)} ${common.interval(of) ?? ""}, strict ${numbers.percent(of.strict_accuracy)}`,
          ),
        );
      }),
    );
  }

  /**
   * @param {Study} study @param {CellInfo} one @param {CellInfo} other @param {BenchmarkInfo} benchmark
   * @param {string} prompt @param {string} otherPrompt
   */
  function controls(study, one, other, benchmark, prompt, otherPrompt) {
    const cells = study.cells
      .filter((of) => Object.keys(of.accuracy).length > 0)
      .map((of) => /** @type {[string, string]} */ ([of.cell, of.label]));
    const benchmarks = study.benchmarks.map(
      (of) => /** @type {[string, string]} */ ([of.name, of.label]),
    );
    /** @param {CellInfo} of */
    const prompts = (of) =>
      study.prompts
        .filter((name) => of.prompts[name]?.includes(benchmark.name))
        .map((name) => /** @type {[string, string]} */ ([name, name]));
    const form = h(
      "form",
      {
        class: "filter",
        "aria-label": "What is compared",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const of = new FormData(form);
          const under = of.get("p") === of.get("q") ? of.get("p") : `${of.get("p")},${of.get("q")}`;
          window.location.hash = route.link({
            compare: `${of.get("a")},${of.get("b")}`,
            benchmark: String(of.get("on")),
            prompt: String(under),
          });
        },
      },
      common.field(
        "Cell",
        common.choice("a", cells, one.cell, () => {}),
      ),
      common.field(
        "under the prompt",
        common.choice("p", prompts(one), prompt, () => {}),
      ),
      common.field(
        "against",
        common.choice("b", cells, other.cell, () => {}),
      ),
      common.field(
        "under the prompt",
        common.choice("q", prompts(other), otherPrompt, () => {}),
      ),
      common.field(
        "on",
        common.choice("on", benchmarks, benchmark.name, () => {}),
      ),
      h("button", { type: "submit" }, "Compare"),
    );
    return form;
  }

  /**
   * @param {Element} list @param {Row[]} rows @param {string[]} labels @param {Record<string, string>} place
   * @param {CellInfo[]} cells @param {(to: Record<string, string>) => void} go
   */
  function listing(list, rows, labels, place, cells, go) {
    const show = place.show in OUTCOMES || place.show === "all" ? place.show : "changed";
    /** @param {string} outcome */
    const count = (outcome) => rows.filter((row) => row.outcome === outcome).length;
    /** @type {[string, string, number][]} */
    const tabs = [
      ["changed", "won or lost", count("won") + count("lost")],
      ...Object.entries(OUTCOMES).map(
        ([name, label]) => /** @type {[string, string, number]} */ ([name, label, count(name)]),
      ),
      ["all", "all", rows.length],
    ];
    const shown = rows.filter(
      (row) =>
        show === "all" ||
        row.outcome === show ||
        (show === "changed" && (row.outcome === "won" || row.outcome === "lost")),
    );
    /** @param {Row} row */
    const link = (row) =>
      route.link({
        benchmark: place.benchmark,
        problem: row.id,
        cells: [...new Set(cells.map((of) => of.cell))].join(","),
        prompt: place.prompt,
      });
    /** @param {Share} of */
    const share = (of) =>
      h(
        "span",
        {},
        common.mark(of.right === of.of ? "r" : of.right === 0 ? "w" : "m", of.of === 1),
        of.of > 1 && ` ${of.right}/${of.of}`,
      );
    /** @type {Column<Row>[]} */
    const columns = [
      {
        key: "problem",
        label: "Problem",
        value: (row) => row.index,
        show: (row) => h("a", { href: link(row) }, row.id),
      },
      {
        key: "outcome",
        label: "Outcome",
        value: (row) => row.one.right / row.one.of - row.other.right / row.other.of,
        show: (row) => OUTCOMES[row.outcome],
      },
      {
        key: "one",
        label: labels[0],
        numeric: true,
        value: (row) => row.one.right / row.one.of,
        show: (row) => share(row.one),
      },
      {
        key: "other",
        label: labels[1],
        numeric: true,
        value: (row) => row.other.right / row.other.of,
        show: (row) => share(row.other),
      },
      {
        key: "question",
        label: "Question",
        value: (row) => row.title,
        show: (row) => common.question(row.title),
      },
      { key: "gold", label: "Gold", show: (row) => h("span", { class: "answer" }, row.gold) },
    ];
    const sort = place.sort || "problem";
    const counts = `${labels[0]} won ${numbers.of(count("won"), "problem")} and lost ${count("lost")} of ${rows.length} against ${labels[1]}`;
    trail.keep(
      `${labels[0]} against ${labels[1]}, ${tabs.find(([name]) => name === show)?.[1]}`,
      route.link(place),
      grid.sorted(shown, columns, sort).map((row) => ({ id: row.id, link: link(row) })),
    );
    grid.swap(
      list,
      h(
        "div",
        {},
        h("p", { class: "counts" }, counts),
        h(
          "div",
          { class: "tabs", role: "group", "aria-label": "Problems shown" },
          tabs.map(([name, label, amount]) =>
            h(
              "button",
              {
                type: "button",
                "aria-pressed": name === show ? "true" : "false",
                "data-focus": `show ${name}`,
                onclick: () => go({ show: name === "changed" ? "" : name, page: "" }),
              },
              `${label} `,
              h("strong", {}, numbers.count(amount)),
            ),
          ),
        ),
        shown.length > 0
          ? grid.make({
              caption: "Problems won and lost",
              columns,
              rows: shown,
              sort,
              page: Number(place.page ?? 1),
              changed: (sort, page) =>
                go({ sort: sort === "problem" ? "" : sort, page: page === 1 ? "" : String(page) }),
            })
          : h("p", {}, "No problem."),
      ),
    );
    dom.say(`${counts}; ${numbers.of(shown.length, "problem")} shown`);
  }

  return { make };
})();

/** A cell: its numbers, its problems, how it was trained and evaluated, and where it came from. */
const cellPage = (() => {
  const { h } = dom;

  /**
   * Return the page of `#cell=...&prompt=...&benchmark=...` and its filter.
   * @param {Record<string, string>} place
   */
  async function make(place) {
    const study = await store.study();
    const info = common.cellOf(study, place.cell);
    const file = await store.cell(info.cell);
    const prompts = study.prompts.filter((prompt) => info.prompts[prompt]?.length);
    const prompt =
      place.prompt ?? (prompts.includes(study.main_prompt) ? study.main_prompt : prompts[0]);
    const benchmark = place.benchmark ?? (info.prompts[prompt] ?? [])[0];
    const known = info.prompts[prompt]?.includes(benchmark);
    if (prompts.length && !known)
      throw new Error(
        `${info.label} was not evaluated on ${benchmark} under the prompt ${prompt}.`,
      );
    const at = { ...place, prompt, benchmark };
    return {
      title: known ? `${info.label} on ${common.benchmarkOf(study, benchmark).label}` : info.label,
      content: [
        head(info, file, at, study),
        known
          ? matrix(study, info, prompts, at)
          : h("p", {}, "This cell is a parent of others and in no table: it was not evaluated."),
        known && (await problems(study, info, at)),
        await training(info, file),
        lineage(study, file),
        settings(file, prompt, benchmark),
        records(file, prompt, benchmark),
      ],
    };
  }

  /** @param {CellInfo} info @param {CellFile} file @param {Record<string, string>} at @param {Study} study */
  function head(info, file, at, study) {
    const others = study.prompts.filter(
      (prompt) => prompt !== at.prompt && info.prompts[prompt]?.includes(at.benchmark),
    );
    const parent = info.parent && study.cells.find((of) => of.cell === info.parent);
    const against = parent && parent.prompts[at.prompt]?.includes(at.benchmark);
    return h(
      "div",
      {},
      h(
        "p",
        { class: "sub" },
        h("code", {}, info.cell),
        info.stages.length > 0 &&
          ` · ${info.stages.map((of) => `${of.label} on ${of.data}`).join(", then ")}`,
        parent && [
          " · from ",
          h(
            "a",
            { href: route.link({ cell: parent.cell, prompt: at.prompt, benchmark: at.benchmark }) },
            parent.label,
          ),
        ],
      ),
      file.collapsed.map((of) =>
        h("p", { class: "warning" }, h("strong", {}, `Seed ${of.seed} collapsed. `), of.reason),
      ),
      h(
        "ul",
        { class: "actions" },
        against &&
          h(
            "li",
            {},
            h(
              "a",
              {
                href: route.link({
                  compare: `${info.cell},${parent.cell}`,
                  benchmark: at.benchmark,
                  prompt: at.prompt,
                }),
              },
              `Won and lost against ${parent.label}`,
            ),
          ),
        others.map((other) =>
          h(
            "li",
            {},
            h(
              "a",
              {
                href: route.link({
                  compare: `${info.cell},${info.cell}`,
                  benchmark: at.benchmark,
                  prompt: `${at.prompt},${other}`,
                }),
              },
              `Against itself under the prompt ${other}`,
            ),
          ),
        ),
        file.rollouts.length > 0 &&
          h(
            "li",
            {},
            h(
              "a",
              { href: route.link({ rollouts: info.cell, seed: file.rollouts[0] }) },
              "Rollouts of its RL training",
            ),
          ),
      ),
    );
  }

  /**
   * The cell's accuracies under all prompts; each is the way to its problems.
   * @param {Study} study @param {CellInfo} info @param {string[]} prompts @param {Record<string, string>} at
   */
  function matrix(study, info, prompts, at) {
    const now = info.accuracy[at.prompt]?.[at.benchmark];
    return h(
      "div",
      {},
      dom.scroller(
        "Accuracy under every prompt",
        h(
          "table",
          { class: "matrix" },
          h(
            "caption",
            {},
            "Accuracy in percent by prompt and benchmark; choose one to see its problems",
          ),
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, "Prompt"),
              study.benchmarks.map((of) => h("th", { scope: "col", class: "number" }, of.label)),
            ),
          ),
          h(
            "tbody",
            {},
            prompts.map((prompt) =>
              h(
                "tr",
                {},
                h(
                  "th",
                  { scope: "row" },
                  prompt,
                  prompt === study.main_prompt && h("span", { class: "muted" }, " (tables)"),
                ),
                study.benchmarks.map((of) => {
                  const value = info.accuracy[prompt]?.[of.name];
                  if (!value || !info.prompts[prompt].includes(of.name))
                    return h("td", { class: "number" }, "–");
                  const current = prompt === at.prompt && of.name === at.benchmark;
                  return h(
                    "td",
                    { class: "number" },
                    h(
                      "a",
                      {
                        href: route.link({ cell: info.cell, prompt, benchmark: of.name }),
                        "aria-current": current ? "true" : null,
                      },
                      value.accuracy === null ? value.status : numbers.percent(value.accuracy),
                    ),
                  );
                }),
              ),
            ),
          ),
        ),
      ),
      now &&
        common.facts([
          ["Accuracy", `${numbers.percent(now.accuracy)} ${common.interval(now) ?? ""}`],
          ["By LightEval", numbers.percent(now.lighteval_accuracy)],
          ["Strict format", numbers.percent(now.strict_accuracy)],
          ["No readable answer", numbers.percent(now.unreadable)],
          ["Cut off", numbers.percent(now.cut_off)],
          ["Tokens, mean", numbers.mean(now.mean_tokens)],
          ["Problems × samples", `${now.problems} × ${now.samples}`],
          ["Seeds", String(info.seeds.length - info.collapsed.length)],
        ]),
    );
  }

  /** @param {Study} study @param {CellInfo} info @param {Record<string, string>} at */
  async function problems(study, info, at) {
    const benchmark = common.benchmarkOf(study, at.benchmark);
    const list = h("div", {});
    const heading = `Problems of ${benchmark.label} under the prompt ${at.prompt}`;
    if (info.seeds.length > 0 && info.collapsed.length === info.seeds.length) {
      return common.section(
        "problems",
        heading,
        h("p", {}, "No training of this cell left a model: there is no completion."),
      );
    }
    const [of, titles] = await Promise.all([
      store.verdicts(info.cell, at.prompt, at.benchmark),
      store.titles(at.benchmark),
    ]);
    let place = at;
    const refresh = async () => {
      const filter = filters.read(place);
      const asked = place;
      const holds = await filters.search(filter, {
        cell: info.cell,
        prompt: at.prompt,
        benchmark,
        of,
      });
      if (asked === place)
        listing(
          list,
          study,
          info,
          place,
          filter,
          verdicts.rows(of, titles, filter, holds),
          of,
          (to) => {
            place = { ...place, ...to };
            route.note(place);
            void refresh();
          },
        );
    };
    const form = filters.form(at, of.seeds, (values) => {
      place = { ...place, ...values, page: "" };
      route.note(place);
      refresh().catch((error) =>
        dom.fill(list, h("p", { class: "warning", role: "alert" }, error.message)),
      );
    });
    await refresh();
    return common.section("problems", heading, form, list);
  }

  /**
   * @param {Element} list @param {Study} study @param {CellInfo} info @param {Record<string, string>} place
   * @param {Filter} filter @param {ProblemRow[]} rows @param {Verdicts} of
   * @param {(to: Record<string, string>) => void} go
   */
  function listing(list, study, info, place, filter, rows, of, go) {
    const completions = rows.reduce((sum, row) => sum + row.shown, 0);
    const many = of.seeds.length * of.samples > 1;
    const all = of.problems * (filter.seed === "" ? of.seeds.length : 1) * of.samples;
    const counts = `${numbers.count(rows.length)} of ${numbers.of(of.problems, "problem")}, ${numbers.count(completions)} of ${numbers.of(all, "completion")}`;
    /** @type {Column<ProblemRow>[]} */
    const columns = [
      {
        key: "problem",
        label: "Problem",
        value: (row) => row.index,
        show: (row) => h("a", { href: link(row) }, row.id),
      },
      {
        key: "right",
        label: "Right",
        numeric: true,
        value: (row) => row.right / row.of,
        show: (row) =>
          many
            ? h("span", {}, common.marks(row.marks), ` ${row.right}/${row.of}`)
            : common.mark(row.marks, true),
      },
      {
        key: "question",
        label: "Question",
        value: (row) => row.title,
        show: (row) => common.question(row.title),
      },
      { key: "gold", label: "Gold", show: (row) => h("span", { class: "answer" }, row.gold) },
      {
        key: "lighteval",
        label: "By LightEval",
        numeric: true,
        value: (row) => row.lighteval / row.of,
        show: (row) =>
          many ? `${row.lighteval}/${row.of}` : common.mark(row.lighteval ? "r" : "w", true),
      },
      {
        key: "cut",
        label: "Cut off",
        numeric: true,
        value: (row) => row.cut,
        show: (row) => (row.cut ? String(row.cut) : ""),
      },
      {
        key: "unreadable",
        label: "Unreadable",
        numeric: true,
        value: (row) => row.unreadable,
        show: (row) => (row.unreadable ? String(row.unreadable) : ""),
      },
      {
        key: "tokens",
        label: many ? "Tokens, mean" : "Tokens",
        numeric: true,
        value: (row) => row.tokens / row.of,
        show: (row) => numbers.count(Math.round(row.tokens / row.of)),
      },
    ];
    const sort = place.sort || "problem";
    /** @param {ProblemRow} row */
    function link(row) {
      return route.link({
        benchmark: place.benchmark,
        problem: row.id,
        cells: info.cell,
        prompt: place.prompt,
        seeds: of.seeds.length > 1 ? row.first.seed : "",
        sample: row.first.sample || "",
      });
    }
    trail.keep(
      `${info.label}, ${verdicts.SHOW[/** @type {keyof typeof verdicts.SHOW} */ (filter.show)]}`,
      route.link(place),
      grid.sorted(rows, columns, sort).map((row) => ({ id: row.id, link: link(row) })),
    );
    const table = grid.make({
      caption: `Problems of ${info.label}`,
      columns,
      rows,
      sort,
      page: Number(place.page ?? 1),
      changed: (sort, page) =>
        go({ sort: sort === "problem" ? "" : sort, page: page === 1 ? "" : String(page) }),
    });
    grid.swap(
      list,
      h(
        "div",
        {},
        h("p", { class: "counts" }, counts),
        rows.length ? table : h("p", {}, "No problem is left by this filter."),
        common.legend(),
      ),
    );
    dom.say(counts);
  }

  /** @param {CellInfo} info @param {CellFile} file */
  async function training(info, file) {
    if (!info.trained) return null;
    const columns = [
      "seed",
      "status",
      "steps",
      "tokens",
      "wall_seconds",
      "device_seconds",
      "peak_memory_bytes",
      "device",
      "engine",
      "distributed",
      "host",
      "git_commit",
      "key",
    ];
    return common.section(
      "training",
      "Training",
      dom.scroller(
        "Trainings",
        h(
          "table",
          { class: "listed" },
          h("caption", { class: "unseen" }, "Trainings, one per seed"),
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              columns.map((name) => h("th", { scope: "col" }, name.replaceAll("_", " "))),
            ),
          ),
          h(
            "tbody",
            {},
            file.seeds.map((seed) =>
              h(
                "tr",
                {},
                columns.map((name) => h("td", {}, value(name, seed[name]))),
              ),
            ),
          ),
        ),
      ),
      file.curve &&
        Object.values(file.curve.seeds).some((rows) => rows.length > 0) &&
        (await curves.show(file.curve)),
    );
  }

  /**
   * A key or a commit in short, the whole of it as its title.
   * @param {string} name @param {unknown} of
   */
  function value(name, of) {
    const text = numbers.spell(of);
    if (/key|commit|weights|fingerprint/.test(name) && text.length > 12)
      return h(
        "code",
        { title: text },
        text.split("-")[0].slice(0, 12) + (text.endsWith("-dirty") ? "-dirty" : ""),
      );
    return text;
  }

  /** @param {Study} study @param {CellFile} file */
  function lineage(study, file) {
    const byRecord = new Map(file.lineage.map((node) => [node.record, node]));
    const known = new Set(study.cells.map((of) => of.cell));
    const hidden = new Set([
      "rule",
      "name",
      "keys",
      "record",
      "made_from",
      "status",
      "code_fingerprint",
    ]);
    return common.section(
      "lineage",
      "Lineage",
      h(
        "p",
        { class: "muted" },
        "Every job behind this cell, itself first; each names the jobs whose results it read.",
      ),
      h(
        "ol",
        { class: "lineage" },
        file.lineage.map((node) =>
          h(
            "li",
            {},
            h(
              "p",
              {},
              h(
                "strong",
                {},
                known.has(node.name)
                  ? h("a", { href: route.link({ cell: node.name }) }, node.name)
                  : node.name,
              ),
              " ",
              h("code", {}, node.rule),
            ),
            node.made_from.length > 0 &&
              h(
                "p",
                {},
                "from ",
                node.made_from.map((record) => byRecord.get(record)?.name ?? record).join(", "),
              ),
            completion.lazyFold("Keys and facts", () =>
              common.record(`Facts of ${node.name}`, {
                record: node.record,
                ...Object.fromEntries(
                  Object.entries(node.keys).map(([seed, key]) => [
                    seed === "" ? "key" : `key of seed ${seed}`,
                    key,
                  ]),
                ),
                ...Object.fromEntries(Object.entries(node).filter(([name]) => !hidden.has(name))),
              }),
            ),
          ),
        ),
      ),
    );
  }

  /** @param {CellFile} file @param {string} prompt @param {string} benchmark */
  function settings(file, prompt, benchmark) {
    const evaluation = file.settings[prompt]?.[benchmark];
    return common.section(
      "settings",
      "Settings",
      file.recipe && dom.fold("Training: the recipe", false, common.record("Recipe", file.recipe)),
      file.training_settings &&
        dom.fold(
          "Training: all other settings",
          false,
          common.record(
            "Settings of the training",
            Object.fromEntries(
              Object.entries(file.training_settings).filter(([name]) => name !== "recipe"),
            ),
          ),
        ),
      evaluation &&
        dom.fold(
          "Evaluation: the prompt and all settings",
          false,
          common.record("Settings of the evaluation", evaluation),
        ),
    );
  }

  /** @param {CellFile} file @param {string} prompt @param {string} benchmark */
  function records(file, prompt, benchmark) {
    const of = file.records.filter(
      (record) => record.prompt === prompt && record.benchmark === benchmark,
    );
    if (of.length === 0) return null;
    const columns = Object.keys(of[0]).filter(
      (name) => !["prompt", "benchmark", "settings"].includes(name),
    );
    return common.section(
      "records",
      "Records of the evaluation",
      dom.scroller(
        "Records",
        h(
          "table",
          { class: "listed" },
          h("caption", { class: "unseen" }, "Records of the evaluation, one per seed"),
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              columns.map((name) => h("th", { scope: "col" }, name.replaceAll("_", " "))),
            ),
          ),
          h(
            "tbody",
            {},
            of.map((record) =>
              h(
                "tr",
                {},
                columns.map((name) => h("td", {}, value(name, record[name]))),
              ),
            ),
          ),
        ),
      ),
    );
  }

  return { make };
})();

/** A problem under any cells, prompts and seeds, side by side. */
const problemPage = (() => {
  const { h } = dom;
  const MOST = 24; // completions side by side

  /** @typedef {{cell: CellInfo, prompt: string, seed: number, at: number, of: Verdicts}} Side */

  /**
   * Return the page of `#benchmark=...&problem=...&cells=a,b&prompt=p,q&seeds=0,1&sample=0`.
   * @param {Record<string, string>} place
   */
  async function make(place) {
    const study = await store.study();
    const benchmark = common.benchmarkOf(study, place.benchmark);
    const titles = await store.titles(benchmark.name);
    const index = titles.findIndex(([id]) => id === place.problem);
    if (index < 0) throw new Error(`${benchmark.label} has no problem ${place.problem}.`);
    const chunk = Math.floor(index / benchmark.chunk);
    const problem = (await store.problems(benchmark.name, chunk))[index % benchmark.chunk];
    await maths.ready();
    const sides = h("div", { class: "sides" });
    const chooser = h("div", {});
    let now = { ...place };
    /** @param {Record<string, string>} to */
    const go = async (to) => {
      now = { ...now, ...to };
      route.note(now);
      await draw();
    };
    const draw = async () => {
      const asked = now;
      const shown = await chosen(study, benchmark, now);
      const drawn = await Promise.all(
        shown
          .slice(0, MOST)
          .map((side, at) =>
            one(study, benchmark, side, index, problem, now, at, shown.length, go),
          ),
      );
      if (asked !== now) return;
      grid.swap(
        sides,
        h(
          "div",
          {
            class: "columns",
            tabindex: 0,
            role: "region",
            "aria-label": "Completions side by side",
          },
          drawn,
        ),
      );
      if (shown.length > MOST)
        dom.add(
          sides,
          h(
            "p",
            { class: "muted" },
            `${shown.length - MOST} more are not shown: ${MOST} is the most.`,
          ),
        );
      if (shown.length === 0)
        dom.fill(
          sides,
          h("p", {}, "No completion is chosen: tick a cell in the table of all cells below."),
        );
      dom.say(`${numbers.of(shown.length, "completion")} side by side`);
    };
    await draw();
    const matrix = all(
      study,
      benchmark,
      index,
      () => now,
      (to) => {
        void go(to);
      },
    );
    dom.fill(chooser, matrix);
    return {
      title: `${benchmark.label}, problem ${problem.id}`,
      content: [
        around(study, benchmark, titles, index, place),
        h(
          "section",
          { class: "card", "aria-labelledby": "in-question" },
          h("h2", { id: "in-question", tabindex: -1 }, "Question"),
          h("div", { class: "text" }, maths.render(problem.question)),
          h("p", { class: "gold" }, h("strong", {}, "Gold answer "), answer(problem.gold)),
        ),
        common.section(
          "sides",
          "Completions",
          h(
            "div",
            { class: "filter" },
            common.tick("Raw text", now.raw === "1", (raw) => void go({ raw: raw ? "1" : "" })),
          ),
          sides,
        ),
        common.section("cells", "The same problem under all cells", chooser, common.legend()),
      ],
    };
  }

  /**
   * Return an answer as it is written, and rendered where it is LaTeX.
   * @param {string | null} text
   */
  function answer(text) {
    if (text === null) return h("span", { class: "muted" }, "none");
    const code = h("code", { class: "answer" }, text);
    if (!/[\\^_{]/.test(text)) return code;
    return h("span", {}, maths.render(/\$/.test(text) ? text : `$${text.trim()}$`), " ", code);
  }

  /**
   * Return what stands side by side: each chosen cell under each chosen prompt and seed.
   * @param {Study} study @param {BenchmarkInfo} benchmark @param {Record<string, string>} place
   * @returns {Promise<Side[]>}
   */
  async function chosen(study, benchmark, place) {
    const prompts = route.list(place.prompt ?? study.main_prompt);
    const cells =
      place.cells === undefined
        ? common.evaluated(study, prompts[0], benchmark.name).slice(0, 3)
        : route
            .list(place.cells)
            .filter((name) => name !== "none")
            .map((name) => common.cellOf(study, name));
    const seeds = route.list(place.seeds);
    const found = await Promise.all(
      cells.flatMap((cell) =>
        prompts
          .filter(
            (prompt) =>
              cell.prompts[prompt]?.includes(benchmark.name) &&
              cell.collapsed.length < Math.max(1, cell.seeds.length),
          )
          .map(async (prompt) => {
            const of = await store.verdicts(cell.cell, prompt, benchmark.name);
            return of.seeds
              .map((seed, at) => ({ cell, prompt, seed, at, of }))
              .filter(({ seed }) => seeds.length === 0 || seeds.includes(String(seed)));
          }),
      ),
    );
    return found.flat();
  }

  /**
   * Return the sample that a side shows.
   * @param {Record<string, string>} place @param {number} at @param {number} samples
   */
  function sampleOf(place, at, samples) {
    const picks = Object.fromEntries(route.list(place.pick).map((pair) => pair.split(":")));
    const sample = Number(picks[at] ?? place.sample ?? 0);
    return Number.isInteger(sample) && sample >= 0 && sample < samples ? sample : 0;
  }

  /**
   * Return a completion with what was decided about it.
   * @param {Study} study @param {BenchmarkInfo} benchmark @param {Side} side @param {number} index
   * @param {Problem} problem @param {Record<string, string>} place @param {number} number
   * @param {number} total @param {(to: Record<string, string>) => Promise<void>} go
   */
  async function one(study, benchmark, side, index, problem, place, number, total, go) {
    const { cell, prompt, seed, of } = side;
    const sample = sampleOf(place, number, of.samples);
    const at = verdicts.index(of, side.at, index, sample);
    const id = `side-${number}`;
    const kept = of.kept[at] === "1";
    const file = kept
      ? await store.completions(
          cell.cell,
          prompt,
          benchmark.name,
          Math.floor(index / benchmark.chunk),
        )
      : null;
    const row = file?.completions.find(
      (one) => one.seed === seed && one.problem === problem.id && one.sample === sample,
    );
    const read = row ? (row.prompt ?? `${file?.before}${problem.question}${file?.after}`) : "";
    const status = of.statuses[of.status[at]];
    return h(
      "article",
      { class: "side card", "aria-labelledby": id },
      h(
        "h3",
        { id },
        h(
          "a",
          { href: route.link({ cell: cell.cell, prompt, benchmark: benchmark.name }) },
          cell.label,
        ),
      ),
      h(
        "p",
        { class: "sub" },
        `prompt ${prompt} · seed ${seed}`,
        of.samples > 1 && ` · sample ${sample}`,
      ),
      of.samples > 1 &&
        samples(side, index, sample, number, (pick) => {
          const picks = Object.fromEntries(route.list(place.pick).map((pair) => pair.split(":")));
          void go({
            pick: Object.entries({ ...picks, [number]: String(pick) })
              .map((pair) => pair.join(":"))
              .join(","),
          });
        }),
      verdict(of, at, status, row, problem),
      row
        ? completion.show(row, read, place.raw === "1")
        : h(
            "p",
            { class: "muted" },
            kept
              ? "The data file does not hold this completion: make the report anew."
              : "The text of this completion is not in the report, which keeps a declared sample of them; its verdicts are above.",
          ),
      row && completion.lazyFold("Prompt as the model read it", () => completion.block(read, true)),
    );
  }

  /**
   * Return a button per sample, with its mark.
   * @param {Side} side @param {number} index @param {number} sample @param {number} number
   * @param {(sample: number) => void} pick
   */
  function samples(side, index, sample, number, pick) {
    const { of } = side;
    return h(
      "div",
      { class: "samples", role: "group", "aria-label": "Samples" },
      Array.from({ length: of.samples }, (_, one) =>
        h(
          "button",
          {
            type: "button",
            "aria-pressed": one === sample ? "true" : "false",
            "data-focus": `sample ${number} ${one}`,
            onclick: () => pick(one),
          },
          h("span", { class: "unseen" }, "sample "),
          String(one),
          " ",
          common.mark(verdicts.mark(of, verdicts.index(of, side.at, index, one)), true),
        ),
      ),
    );
  }

  /**
   * @param {Verdicts} of @param {number} at @param {string} status
   * @param {Completion | undefined} row @param {Problem} problem
   */
  function verdict(of, at, status, row, problem) {
    const right = of.correct[at] === "1";
    const other = of.lighteval[at];
    const disagree = other !== "?" && other !== of.correct[at];
    const cut = of.cut_off[at] === "1";
    return h(
      "dl",
      { class: "verdict" },
      line(
        "Verdict",
        h("strong", { class: right ? "is-right" : "is-wrong" }, right ? "✓ right" : "✗ wrong"),
        ` — ${why(right, status, row, problem)}`,
      ),
      row && line("Extracted", answer(row.extracted)),
      line(
        "Strict format",
        of.strict[at] === "1" ? "✓ right" : "✗ wrong",
        row &&
          row.strict_status !== "ok" &&
          ` — ${verdicts.WHY[row.strict_status] ?? row.strict_status}`,
      ),
      line(
        "LightEval",
        other === "?" ? "not judged" : other === "1" ? "✓ right" : "✗ wrong",
        disagree && h("strong", { class: "is-split" }, " — disagrees"),
      ),
      line(
        "Length",
        `${numbers.of(of.tokens[at], "token")}`,
        cut
          ? h("strong", { class: "is-split" }, ", cut off")
          : row?.finish_reason && `, ended by ${row.finish_reason}`,
      ),
    );
  }

  /** @param {string} name @param {...(Node | string | false | null | undefined)} value */
  const line = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));

  /** @param {boolean} right @param {string} status @param {Completion | undefined} row @param {Problem} problem */
  function why(right, status, row, problem) {
    if (status !== "ok") return `${status}: ${verdicts.WHY[status] ?? "the grader's own word"}`;
    if (!row) return verdicts.WHY.ok;
    return right
      ? `the extracted answer equals the gold answer ${problem.gold}`
      : `the extracted answer does not equal the gold answer ${problem.gold}`;
  }

  /**
   * Return the table of all cells on this problem; a tick puts a cell beside the others.
   * @param {Study} study @param {BenchmarkInfo} benchmark @param {number} index
   * @param {() => Record<string, string>} now @param {(to: Record<string, string>) => void} go
   */
  function all(study, benchmark, index, now, go) {
    const prompts = study.prompts.filter(
      (prompt) => common.evaluated(study, prompt, benchmark.name).length > 0,
    );
    const cells = study.cells.filter((cell) =>
      prompts.some((prompt) => cell.prompts[prompt]?.includes(benchmark.name)),
    );
    const picked = () => {
      const place = now();
      const prompt = route.list(place.prompt ?? study.main_prompt);
      return {
        prompts: prompt,
        seeds: route.list(place.seeds),
        cells:
          place.cells === undefined
            ? common
                .evaluated(study, prompt[0], benchmark.name)
                .slice(0, 3)
                .map((of) => of.cell)
            : route.list(place.cells).filter((name) => name !== "none"),
      };
    };
    const start = picked();
    /** @param {string[]} list @param {string} item @param {boolean} on */
    const toggled = (list, item, on) =>
      on ? [...list.filter((one) => one !== item), item] : list.filter((one) => one !== item);
    const seeds = study.seeds.map(String);
    const head = h(
      "div",
      { class: "filter" },
      h(
        "fieldset",
        {},
        h("legend", {}, "Prompts side by side"),
        prompts.map((prompt) =>
          common.tick(prompt, start.prompts.includes(prompt), (on) => {
            const left = toggled(picked().prompts, prompt, on);
            go({ prompt: left.join(","), pick: "", cells: picked().cells.join(",") });
          }),
        ),
      ),
      seeds.length > 1 &&
        h(
          "fieldset",
          {},
          h("legend", {}, "Seeds"),
          seeds.map((seed) =>
            common.tick(
              `seed ${seed}`,
              start.seeds.length === 0 || start.seeds.includes(seed),
              (on) => {
                const before = picked().seeds.length === 0 ? seeds : picked().seeds;
                const left = toggled(
                  before.filter((one) => one !== "none"),
                  seed,
                  on,
                );
                go({
                  seeds: left.length === seeds.length ? "" : left.join(",") || "none",
                  pick: "",
                });
              },
            ),
          ),
        ),
    );
    const table = h(
      "table",
      { class: "matrix" },
      h(
        "caption",
        {},
        "Completions of each cell on this problem; tick a cell to put it side by side",
      ),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Cell"),
          prompts.map((prompt) => h("th", { scope: "col" }, prompt)),
        ),
      ),
      h(
        "tbody",
        {},
        cells.map((cell) =>
          h(
            "tr",
            {},
            h(
              "th",
              { scope: "row" },
              common.tick(cell.label, start.cells.includes(cell.cell), (on) =>
                go({ cells: toggled(picked().cells, cell.cell, on).join(",") || "none", pick: "" }),
              ),
            ),
            prompts.map((prompt) => marksOf(cell, prompt, benchmark, index)),
          ),
        ),
      ),
    );
    return h("div", {}, head, dom.scroller("All cells on this problem", table));
  }

  /** @param {CellInfo} cell @param {string} prompt @param {BenchmarkInfo} benchmark @param {number} index */
  function marksOf(cell, prompt, benchmark, index) {
    const place = h("td", {}, cell.prompts[prompt]?.includes(benchmark.name) ? "…" : "–");
    if (cell.collapsed.length > 0 && cell.collapsed.length === cell.seeds.length)
      dom.fill(place, "collapsed");
    else if (cell.prompts[prompt]?.includes(benchmark.name)) {
      store.verdicts(cell.cell, prompt, benchmark.name).then(
        (of) => {
          let letters = "";
          of.seeds.forEach((_, seed) => {
            for (let sample = 0; sample < of.samples; sample += 1)
              letters += verdicts.mark(of, verdicts.index(of, seed, index, sample));
          });
          const { right, of: total } = verdicts.right(of, index);
          dom.fill(
            place,
            common.marks(letters),
            h("span", { class: total > 1 ? "" : "unseen" }, ` ${right}/${total} right`),
          );
        },
        (error) => dom.fill(place, h("span", { title: error.message }, "file missing")),
      );
    }
    return place;
  }

  /**
   * Return the way to the problems around this one.
   * @param {Study} study @param {BenchmarkInfo} benchmark @param {Title[]} titles @param {number} index
   * @param {Record<string, string>} place
   */
  function around(study, benchmark, titles, index, place) {
    const list = trail.around(place.problem, route.link(place));
    /** @param {number} at */
    const beside = (at) => titles[at] && route.link({ ...place, problem: titles[at][0], pick: "" });
    const previous = list ? list.previous : beside(index - 1);
    const next = list ? list.next : beside(index + 1);
    const where = list
      ? `${list.at + 1} of ${numbers.count(list.of)} in the list `
      : `${index + 1} of ${titles.length} of `;
    const back = list
      ? list.back
      : route.link({
          benchmark: benchmark.name,
          prompt: route.list(place.prompt)[0] ?? study.main_prompt,
        });
    return h(
      "nav",
      { class: "pager", "aria-label": "Problems" },
      previous
        ? h("a", { href: previous, rel: "prev" }, "← Previous problem")
        : h("span", { class: "muted" }, "← Previous problem"),
      h("span", {}, where, h("a", { href: back }, list ? list.label : benchmark.label)),
      next
        ? h("a", { href: next, rel: "next" }, "Next problem →")
        : h("span", { class: "muted" }, "Next problem →"),
    );
  }

  return { make };
})();

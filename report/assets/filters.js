/** The filter above a list of problems: which completions, of which seed, how long, with which text. */
const filters = (() => {
  const { h } = dom;
  const WHERE = /** @type {[string, string][]} */ ([
    ["question", "question"],
    ["completion", "completion"],
    ["extracted", "extracted answer"],
  ]);

  /**
   * Return the filter that an address names.
   * @param {Record<string, string>} place
   * @returns {Filter}
   */
  function read(place) {
    return {
      show: place.show in verdicts.SHOW ? place.show : "all",
      seed: place.only ?? "",
      least: number(place.least),
      most: number(place.most),
      text: (place.text ?? "").trim().toLowerCase(),
      where: WHERE.some(([value]) => value === place.in) ? place.in : "question",
    };
  }

  /** @param {string | undefined} value */
  function number(value) {
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
  }

  /**
   * Return the form. A change is told at once, a text when it is typed to its end.
   * @param {Record<string, string>} place
   * @param {number[]} seeds
   * @param {(values: Record<string, string>) => void} changed
   */
  function form(place, seeds, changed) {
    const filter = read(place);
    const text = h("input", {
      type: "search",
      name: "text",
      value: place.text ?? "",
      placeholder: "text",
    });
    const least = h("input", {
      type: "number",
      name: "least",
      min: 0,
      value: place.least ?? "",
      placeholder: "0",
    });
    const most = h("input", {
      type: "number",
      name: "most",
      min: 0,
      value: place.most ?? "",
      placeholder: "any",
    });
    const show = common.choice("show", Object.entries(verdicts.SHOW), filter.show, tell);
    const seed = common.choice(
      "only",
      [
        ["", "all"],
        ...seeds.map((one) => /** @type {[string, string]} */ ([String(one), String(one)])),
      ],
      filter.seed,
      tell,
    );
    const where = common.choice("in", WHERE, filter.where, tell);
    /** @type {number | undefined} */
    let waiting;
    const later = () => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(tell, 300);
    };
    for (const input of [text, least, most]) input.addEventListener("input", later);
    function tell() {
      window.clearTimeout(waiting);
      changed({
        show: show.value === "all" ? "" : show.value,
        only: seed.value,
        least: least.value,
        most: most.value,
        text: text.value,
        in: where.value === "question" ? "" : where.value,
      });
    }
    return h(
      "form",
      {
        class: "filter",
        role: "search",
        "aria-label": "Filter the problems",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          tell();
        },
      },
      common.field("Completions", show),
      seeds.length > 1 && common.field("Seed", seed),
      common.field("Tokens from", least),
      common.field("to", most),
      common.field("Search", text),
      common.field("in the", where),
    );
  }

  /**
   * Return whether a completion holds a filter's text, for verdicts.rows; reads what it needs.
   * @param {Filter} filter
   * @param {{cell: string, prompt: string, benchmark: BenchmarkInfo, of: Verdicts}} what
   * @returns {Promise<(problem: number, seed: number, sample: number) => boolean>}
   */
  async function search(filter, what) {
    if (filter.text === "") return () => true;
    const { benchmark, of } = what;
    const chunks = Array.from(
      { length: Math.ceil(benchmark.problems / benchmark.chunk) },
      (_, at) => at,
    );
    if (filter.where === "question") {
      const questions = await Promise.all(
        chunks.map((chunk) => store.problems(benchmark.name, chunk)),
      );
      const holds = questions
        .flat()
        .map((problem) => problem.question.toLowerCase().includes(filter.text));
      return (problem) => holds[problem];
    }
    const places = new Map((await store.titles(benchmark.name)).map(([id], at) => [id, at]));
    /** @type {Set<string>} */
    const found = new Set();
    await Promise.all(
      chunks
        .filter((chunk) => keptIn(of, benchmark.chunk, chunk))
        .map(async (chunk) => {
          for (const row of (await store.completions(what.cell, what.prompt, benchmark.name, chunk))
            .completions) {
            const text =
              filter.where === "extracted"
                ? (row.extracted ?? "")
                : `${row.completion}${row.end ?? ""}`;
            if (text.toLowerCase().includes(filter.text))
              found.add(`${places.get(row.problem)} ${row.seed} ${row.sample}`);
          }
        }),
    );
    return (problem, seed, sample) => found.has(`${problem} ${seed} ${sample}`);
  }

  /**
   * Return whether the report holds the text of a completion of a chunk: without one it has no file.
   * @param {Verdicts} of
   * @param {number} size
   * @param {number} chunk
   */
  function keptIn(of, size, chunk) {
    const end = Math.min(of.problems, (chunk + 1) * size);
    return of.seeds.some((_, seed) =>
      of.kept
        .slice(verdicts.index(of, seed, chunk * size, 0), verdicts.index(of, seed, end, 0))
        .includes("1"),
    );
  }

  return { read, form, search };
})();

/** What the columns of verdicts say: of a completion, a problem, a cell. No page and no element. */
const verdicts = (() => {
  /** What a list of problems can be filtered by, and which completions that shows. */
  const SHOW = /** @type {const} */ ({
    all: "all",
    right: "right",
    wrong: "wrong",
    cut: "cut off",
    unreadable: "unreadable",
    disagree: "verdicts disagree",
  });

  /** Why the grader decided so. */
  const WHY = /** @type {Record<string, string>} */ ({
    ok: "an answer was found and compared with the gold answer",
    no_answer: "no answer was found in the completion",
    unparsable: "an answer was found, but it cannot be read as a value",
    timeout: "comparing the answer took longer than the grader's limit",
  });

  /**
   * Return where a completion stands in the columns.
   * @param {Verdicts} of
   * @param {number} seed its place among `of.seeds`
   * @param {number} problem its place in the benchmark
   * @param {number} sample
   */
  const index = (of, seed, problem, sample) => (seed * of.problems + problem) * of.samples + sample;

  /**
   * Return whether a completion counts as what a filter shows.
   * @param {Verdicts} of
   * @param {number} at
   * @param {string} show
   */
  function is(of, at, show) {
    switch (show) {
      case "right":
        return of.correct[at] === "1";
      case "wrong":
        return of.correct[at] === "0";
      case "cut":
        return of.cut_off[at] === "1";
      case "unreadable":
        return of.statuses[of.status[at]] !== "ok";
      case "disagree":
        return of.lighteval[at] !== "?" && of.lighteval[at] !== of.correct[at];
      default:
        return true;
    }
  }

  /**
   * Return one letter per completion: r(ight), c(ut off), u(nreadable), w(rong).
   * @param {Verdicts} of
   * @param {number} at
   */
  function mark(of, at) {
    if (of.correct[at] === "1") return "r";
    if (of.cut_off[at] === "1") return "c";
    return of.statuses[of.status[at]] === "ok" ? "w" : "u";
  }

  /**
   * Return a row per problem that has a completion which the filter shows.
   * @param {Verdicts} of
   * @param {Title[]} titles
   * @param {Filter} filter
   * @param {(problem: number, seed: number, sample: number) => boolean} holds whether a completion
   *   holds the filter's text
   * @returns {ProblemRow[]}
   */
  function rows(of, titles, filter, holds) {
    /** @type {ProblemRow[]} */
    const found = [];
    const seeds = of.seeds
      .map((seed, at) => ({ seed, at }))
      .filter(({ seed }) => filter.seed === "" || String(seed) === filter.seed);
    titles.forEach(([id, title, gold], problem) => {
      /** @type {ProblemRow} */
      const row = {
        index: problem,
        id,
        title,
        gold,
        of: 0,
        right: 0,
        lighteval: 0,
        cut: 0,
        unreadable: 0,
        tokens: 0,
        shown: 0,
        first: { seed: 0, sample: 0 },
        marks: "",
      };
      for (const { seed, at } of seeds) {
        for (let sample = 0; sample < of.samples; sample += 1) {
          const place = index(of, at, problem, sample);
          row.of += 1;
          row.right += Number(is(of, place, "right"));
          row.lighteval += Number(of.lighteval[place] === "1");
          row.cut += Number(is(of, place, "cut"));
          row.unreadable += Number(is(of, place, "unreadable"));
          row.tokens += of.tokens[place];
          row.marks += mark(of, place);
          if (
            is(of, place, filter.show) &&
            (filter.least === null || of.tokens[place] >= filter.least) &&
            (filter.most === null || of.tokens[place] <= filter.most) &&
            (filter.text === "" || holds(problem, seed, sample))
          ) {
            if (row.shown === 0) row.first = { seed, sample };
            row.shown += 1;
          }
        }
      }
      if (row.shown > 0) found.push(row);
    });
    return found;
  }

  /**
   * Return how many completions of a problem there are and how many are right.
   * @param {Verdicts} of
   * @param {number} problem
   */
  function right(of, problem) {
    const total = of.seeds.length * of.samples;
    let count = 0;
    for (let seed = 0; seed < of.seeds.length; seed += 1) {
      for (let sample = 0; sample < of.samples; sample += 1) {
        count += Number(of.correct[index(of, seed, problem, sample)] === "1");
      }
    }
    return { right: count, of: total };
  }

  /**
   * Return whether a cell won or lost a problem against another: the share of right completions.
   * @param {{right: number, of: number}} one
   * @param {{right: number, of: number}} other
   * @returns {"won" | "lost" | "both" | "neither" | "mixed"}
   */
  function outcome(one, other) {
    const difference = one.right * other.of - other.right * one.of;
    if (difference > 0) return "won";
    if (difference < 0) return "lost";
    if (one.right === 0) return "neither";
    return one.right === one.of ? "both" : "mixed";
  }

  return { SHOW, WHY, index, is, mark, rows, right, outcome };
})();

/** RL seen from inside: a sample of what the model wrote while it was trained, with its rewards. */
const rolloutsPage = (() => {
  const { h } = dom;
  const SIZE = 20; // rollouts of a page

  /**
   * Return the page of `#rollouts=CELL&seed=0&step=...`.
   * @param {Record<string, string>} place
   */
  async function make(place) {
    const study = await store.study();
    const cell = common.cellOf(study, place.rollouts);
    const file = await store.cell(cell.cell);
    if (file.rollouts.length === 0)
      throw new Error(
        `There are no rollouts of ${cell.label}: its last stage is not RL, or none were kept.`,
      );
    const seed = place.seed === undefined ? file.rollouts[0] : Number(place.seed);
    if (!file.rollouts.includes(seed))
      throw new Error(`There are no rollouts of ${cell.label} with seed ${place.seed}.`);
    const [all] = await Promise.all([store.rollouts(cell.cell, seed), maths.ready()]);
    const steps = [...new Set(all.map((of) => of.step))].sort((one, other) => one - other);
    const names = [...new Set(all.flatMap((of) => Object.keys(of.rewards)))];
    const list = h("div", {});
    let now = { ...place };
    /** @param {Record<string, string>} to */
    const go = (to) => {
      now = { ...now, ...to };
      route.note(now);
      draw();
    };
    const draw = () => listing(list, all, steps, names, now, go);
    draw();
    return {
      title: `Rollouts of ${cell.label}, seed ${seed}`,
      content: [
        h(
          "p",
          { class: "sub" },
          `A sample of ${numbers.of(all.length, "completion")} at ${numbers.of(steps.length, "step")} of the training. `,
          h("a", { href: route.link({ cell: cell.cell }) }, `The cell ${cell.label}`),
        ),
        file.rollouts.length > 1 &&
          h(
            "ul",
            { class: "actions" },
            file.rollouts.map((one) =>
              h(
                "li",
                {},
                h(
                  "a",
                  {
                    href: route.link({ rollouts: cell.cell, seed: one }),
                    "aria-current": one === seed ? "true" : null,
                  },
                  `seed ${one}`,
                ),
              ),
            ),
          ),
        h(
          "div",
          { class: "filter" },
          common.field(
            "Step",
            common.choice(
              "step",
              [
                ["", "all"],
                ...steps.map(
                  (step) => /** @type {[string, string]} */ ([String(step), String(step)]),
                ),
              ],
              place.step ?? "",
              (step) => go({ step, page: "" }),
            ),
          ),
          common.field(
            "Order",
            common.choice(
              "sort",
              [
                ["", "as trained"],
                ["reward", "lowest reward first"],
                ["-reward", "highest reward first"],
                ["-advantage", "highest advantage first"],
                ["advantage", "lowest advantage first"],
              ],
              place.sort ?? "",
              (sort) => go({ sort, page: "" }),
            ),
          ),
          common.tick("Raw text", place.raw === "1", (raw) => go({ raw: raw ? "1" : "" })),
        ),
        list,
      ],
    };
  }

  /** @param {Rollout} of */
  const reward = (of) =>
    Object.values(of.rewards).reduce((/** @type {number} */ sum, one) => sum + (one ?? 0), 0);

  /**
   * @param {Element} list @param {Rollout[]} all @param {number[]} steps @param {string[]} names
   * @param {Record<string, string>} place @param {(to: Record<string, string>) => void} go
   */
  function listing(list, all, steps, names, place, go) {
    const chosen = place.step ? all.filter((of) => String(of.step) === place.step) : all;
    const value = /** @param {Rollout} of */ (of) =>
      place.sort?.endsWith("advantage") ? (of.advantage ?? 0) : reward(of);
    const sign = place.sort?.startsWith("-") ? -1 : 1;
    const ordered = place.sort
      ? chosen.toSorted((one, other) => sign * (value(one) - value(other)))
      : chosen;
    const pages = Math.max(1, Math.ceil(ordered.length / SIZE));
    const page = Math.min(Math.max(1, Number(place.page ?? 1)), pages);
    const means = names.map((name) => {
      const of = chosen.map((one) => one.rewards[name]).filter((one) => typeof one === "number");
      return `${name} ${of.length ? numbers.spell(of.reduce((sum, one) => sum + one, 0) / of.length) : "–"}`;
    });
    const counts = `${numbers.of(ordered.length, "rollout")}; mean ${means.join(", ")}`;
    const step = steps.indexOf(Number(place.step));
    /** @param {string} label @param {boolean} able @param {Record<string, string>} to */
    const button = (label, able, to) =>
      h(
        "button",
        {
          type: "button",
          "data-focus": label,
          "aria-disabled": able ? null : "true",
          onclick: () => able && go(to),
        },
        label,
      );
    grid.swap(
      list,
      h(
        "div",
        {},
        h("p", { class: "counts" }, counts),
        h(
          "div",
          { class: "rollouts" },
          ordered
            .slice((page - 1) * SIZE, page * SIZE)
            .map((of, at) => one(of, `rollout-${at}`, place.raw === "1")),
        ),
        (pages > 1 || place.step) &&
          h(
            "nav",
            { class: "pager", "aria-label": "Pages of the rollouts" },
            place.step &&
              button("Step before", step > 0, { step: String(steps[step - 1]), page: "" }),
            pages > 1 && button("Previous", page > 1, { page: String(page - 1) }),
            h("span", {}, `Page ${page} of ${pages}`),
            pages > 1 && button("Next", page < pages, { page: String(page + 1) }),
            place.step &&
              button("Step after", step < steps.length - 1, {
                step: String(steps[step + 1]),
                page: "",
              }),
          ),
      ),
    );
    const select = /** @type {HTMLSelectElement | null} */ (
      document.querySelector("select[name=step]")
    );
    if (select) select.value = place.step ?? "";
    dom.say(counts);
  }

  /** @param {Rollout} of @param {string} id @param {boolean} raw */
  function one(of, id, raw) {
    /** @type {Completion} */
    const text = {
      seed: 0,
      problem: "",
      sample: 0,
      completion: of.completion,
      extracted: null,
      status: "ok",
      strict_status: "ok",
      finish_reason: null,
    };
    return h(
      "article",
      { class: "card", "aria-labelledby": id },
      h("h2", { id }, `Step ${of.step}`),
      common.facts([
        ...Object.entries(of.rewards).map(
          ([name, value]) =>
            /** @type {[string, string]} */ ([name.replaceAll("_", " "), numbers.spell(value)]),
        ),
        ["advantage", numbers.spell(of.advantage)],
      ]),
      dom.fold("Prompt", false, completion.block(of.prompt, raw)),
      completion.show(text, of.prompt, raw),
    );
  }

  return { make };
})();

/**
 * Data and libraries, loaded by script tags when they are needed: a page opened from disk may not
 * fetch. Every data file is one call, `srlm.put("data/...", value)`.
 */
const store = (() => {
  const KEPT = 400; // data files in memory

  /** @type {Map<string, Promise<any>>} by name, the last used at the end */
  const files = new Map();
  /** @type {Map<string, unknown>} what a file has put, until its script tag says that it is done */
  const arrived = new Map();
  /** @type {Map<string, Promise<void>>} */
  const libraries = new Map();

  /**
   * Take what a data file holds.
   * @param {string} name
   * @param {unknown} value
   */
  function put(name, value) {
    arrived.set(name, value);
  }

  /**
   * Run a script of the report.
   * @param {string} path beside index.html
   * @returns {Promise<void>}
   */
  function run(path) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = path.split("/").map(encodeURIComponent).join("/");
      script.onload = () => resolve(script.remove());
      script.onerror = () => {
        script.remove();
        reject(
          new Error(
            `The file ${path} is missing: the report's folder is not whole. Copy it again with all of its files, or make the report anew.`,
          ),
        );
      };
      document.head.append(script);
    });
  }

  /**
   * Return what a data file holds; rejected with a sentence for the reader if it is missing.
   * @param {string} name "data/..." without its ending
   * @returns {Promise<any>}
   */
  function load(name) {
    const known = files.get(name);
    const file = known ?? run(`${name}.js`).then(() => taken(name));
    files.delete(name);
    files.set(name, file);
    file.catch(() => files.delete(name));
    for (const oldest of files.keys()) {
      if (files.size <= KEPT) break;
      files.delete(oldest);
    }
    return file;
  }

  /** @param {string} name */
  function taken(name) {
    if (!arrived.has(name)) {
      throw new Error(
        `The file ${name}.js is damaged: it does not hold ${name}. Make the report anew.`,
      );
    }
    const value = arrived.get(name);
    arrived.delete(name);
    return value;
  }

  /**
   * Load libraries of assets/vendor/, in this order, once.
   * @param {...string} paths
   */
  async function library(...paths) {
    for (const path of paths) {
      const known = libraries.get(path) ?? run(`assets/vendor/${path}`);
      libraries.set(path, known);
      known.catch(() => libraries.delete(path));
      await known;
    }
  }

  /** @returns {Promise<Study>} */
  const study = () => load("data/study");

  /** @param {string} cell @returns {Promise<CellFile>} */
  const cell = (cell) => load(`data/cells/${cell}`);

  /** @param {string} benchmark @returns {Promise<Title[]>} */
  const titles = (benchmark) => load(`data/problems/${benchmark}/titles`);

  /** @param {string} benchmark @param {number} chunk @returns {Promise<Problem[]>} */
  const problems = (benchmark, chunk) => load(`data/problems/${benchmark}/${chunk}`);

  /** @param {string} cell @param {string} prompt @param {string} benchmark @returns {Promise<Verdicts>} */
  const verdicts = (cell, prompt, benchmark) =>
    load(`data/verdicts/${cell}/${prompt}/${benchmark}`);

  /**
   * @param {string} cell @param {string} prompt @param {string} benchmark @param {number} chunk
   * @returns {Promise<CompletionsFile>}
   */
  const completions = (cell, prompt, benchmark, chunk) =>
    load(`data/completions/${cell}/${prompt}/${benchmark}/${chunk}`);

  /** @param {string} cell @param {number} seed @returns {Promise<Rollout[]>} */
  const rollouts = (cell, seed) => load(`data/rollouts/${cell}/seed-${seed}`);

  return { put, load, library, study, cell, titles, problems, verdicts, completions, rollouts };
})();

/** What data files call. */
const srlm = { put: store.put };

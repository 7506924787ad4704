/** Numbers as they are written in the report. */
const numbers = (() => {
  /** @param {number} value */
  const count = (value) => value.toLocaleString("en");

  /** @param {number | null | undefined} share */
  const percent = (share) =>
    share === null || share === undefined ? "–" : (100 * share).toFixed(1);

  /** @param {number | null | undefined} value */
  const mean = (value) => (value === null || value === undefined ? "–" : value.toFixed(1));

  /** @param {number} amount @param {string} one @param {string} [many] */
  const of = (amount, one, many = `${one}s`) => `${count(amount)} ${amount === 1 ? one : many}`;

  /**
   * Return a value of a record as text: numbers short, nothing as a dash, the rest as JSON.
   * @param {unknown} value
   */
  function spell(value) {
    if (value === null || value === undefined) return "–";
    if (typeof value === "number") {
      if (Number.isInteger(value)) return Math.abs(value) < 10_000 ? String(value) : count(value);
      return String(Number(value.toPrecision(5)));
    }
    return typeof value === "string" ? value : JSON.stringify(value);
  }

  return { count, percent, mean, of, spell };
})();

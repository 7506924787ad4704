/** The list that the reader came from, so that a problem leads to the next one of it. */
const trail = (() => {
  /** @type {{label: string, back: string, items: {id: string, link: string}[]} | null} */
  let last = null;

  /**
   * Remember a list in its order.
   * @param {string} label
   * @param {string} back its address
   * @param {{id: string, link: string}[]} items
   */
  function keep(label, back, items) {
    last = { label, back, items };
  }

  /**
   * Return the links around a problem: of the list that it was opened from, else null.
   * @param {string} id
   * @param {string} hash the problem's address
   */
  function around(id, hash) {
    const benchmark = route.parse(hash).benchmark;
    const at = last
      ? last.items.findIndex(
          (item) => item.id === id && route.parse(item.link).benchmark === benchmark,
        )
      : -1;
    if (!last || at < 0) return null;
    return {
      label: last.label,
      back: last.back,
      at,
      of: last.items.length,
      previous: last.items[at - 1]?.link,
      next: last.items[at + 1]?.link,
    };
  }

  return { keep, around };
})();

/** A table that is sorted by its headers and read in pages: native elements, so that it is read out. */
const grid = (() => {
  const SIZE = 50; // rows of a page

  /**
   * Return rows in the order of a column; ties stay in the order of the rows.
   * @template Row
   * @param {Row[]} rows
   * @param {Column<Row>[]} columns
   * @param {string} sort a column's key, with "-" before it for the largest first
   */
  function sorted(rows, columns, sort) {
    const down = sort.startsWith("-");
    const value = columns.find((column) => column.key === sort.replace(/^-/, ""))?.value;
    if (!value) return rows;
    return rows.toSorted((one, other) => {
      const [a, b] = down ? [value(other), value(one)] : [value(one), value(other)];
      if (typeof a === "number" && typeof b === "number") return a - b;
      return String(a).localeCompare(String(b), "en", { numeric: true });
    });
  }

  /**
   * Return a table.
   * @template Row
   * @param {object} of
   * @param {string} of.caption
   * @param {Column<Row>[]} of.columns
   * @param {Row[]} of.rows
   * @param {string} of.sort
   * @param {number} of.page from 1
   * @param {(sort: string, page: number) => void} of.changed
   */
  function make(of) {
    const ordered = sorted(of.rows, of.columns, of.sort);
    const pages = Math.max(1, Math.ceil(ordered.length / SIZE));
    const page = Math.min(Math.max(1, of.page), pages);
    const start = (page - 1) * SIZE;
    const body = ordered.slice(start, start + SIZE).map((row) =>
      dom.h(
        "tr",
        {},
        of.columns.map((column, at) =>
          dom.h(
            at === 0 ? "th" : "td",
            { class: column.numeric ? "number" : null, scope: at === 0 ? "row" : null },
            column.show(row),
          ),
        ),
      ),
    );
    const table = dom.h(
      "table",
      { class: "grid" },
      dom.h("caption", { class: "unseen" }, of.caption),
      dom.h(
        "thead",
        {},
        dom.h(
          "tr",
          {},
          of.columns.map((column) => header(column, of.sort, (sort) => of.changed(sort, 1))),
        ),
      ),
      dom.h("tbody", {}, body),
    );
    const range =
      ordered.length === 0
        ? ""
        : `${numbers.count(start + 1)}–${numbers.count(start + body.length)} of ${numbers.count(ordered.length)}`;
    return dom.h(
      "div",
      {},
      dom.scroller(of.caption, table),
      pages > 1 && pager(page, pages, range, (to) => of.changed(of.sort, to)),
    );
  }

  /**
   * @template Row
   * @param {Column<Row>} column
   * @param {string} sort
   * @param {(sort: string) => void} changed
   */
  function header(column, sort, changed) {
    const up = sort === column.key;
    const down = sort === `-${column.key}`;
    const attributes = {
      scope: "col",
      class: column.numeric ? "number" : null,
      "aria-sort": up ? "ascending" : down ? "descending" : null,
    };
    if (!column.value) return dom.h("th", attributes, column.label);
    return dom.h(
      "th",
      attributes,
      dom.h(
        "button",
        {
          type: "button",
          class: "sort",
          "data-focus": `sort ${column.key}`,
          onclick: () => changed(up ? `-${column.key}` : column.key),
        },
        column.label,
        dom.h("span", { "aria-hidden": "true" }, up ? " ▲" : down ? " ▼" : " ↕"),
      ),
    );
  }

  /** @param {number} page @param {number} pages @param {string} range @param {(page: number) => void} go */
  function pager(page, pages, range, go) {
    /** @param {string} label @param {number} to @param {string} name */
    const button = (label, to, name) =>
      dom.h(
        "button",
        {
          type: "button",
          "aria-disabled": to < 1 || to > pages ? "true" : null,
          "data-focus": `page ${name}`,
          onclick: () => to >= 1 && to <= pages && go(to),
        },
        label,
      );
    return dom.h(
      "nav",
      { class: "pager", "aria-label": "Pages of the table" },
      button("Previous", page - 1, "previous"),
      dom.h("span", {}, `Page ${page} of ${pages} · ${range}`),
      button("Next", page + 1, "next"),
    );
  }

  /**
   * Put a new table in the place of an old one, with the focus on the same control.
   * @param {Element} place
   * @param {Node} table
   */
  function swap(place, table) {
    const name = document.activeElement?.getAttribute("data-focus");
    dom.fill(place, table);
    if (name)
      /** @type {HTMLElement | null} */ (place.querySelector(`[data-focus="${name}"]`))?.focus();
  }

  return { make, swap, sorted };
})();

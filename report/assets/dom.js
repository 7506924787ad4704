/**
 * Elements from plain values. Text is always a text node: what a model has written never becomes
 * markup, and a link leads only within the report.
 */
const dom = (() => {
  /** @typedef {Node | string | number | null | undefined | false} Child */

  /**
   * Return an element. A function is a listener (`onclick`), true and false are a bare attribute and
   * none, anything else is an attribute's text.
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Record<string, unknown>} [attributes]
   * @param {...(Child | Child[])} children
   * @returns {HTMLElementTagNameMap[Tag]}
   */
  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") {
        element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
      } else if (value !== undefined && value !== null && value !== false) {
        if (name === "href" && !String(value).startsWith("#")) {
          throw new Error(`a link out of the report: ${value}`);
        }
        element.setAttribute(name, value === true ? "" : String(value));
      }
    }
    add(element, ...children);
    return element;
  }

  /**
   * Append children; null, undefined and false are nothing.
   * @param {Element} element
   * @param {...(Child | Child[])} children
   */
  function add(element, ...children) {
    for (const child of children.flat()) {
      if (child !== null && child !== undefined && child !== false) {
        element.append(child instanceof Node ? child : String(child));
      }
    }
  }

  /**
   * Put children in the place of what an element holds.
   * @param {Element} element
   * @param {...(Child | Child[])} children
   */
  function fill(element, ...children) {
    element.replaceChildren();
    add(element, ...children);
  }

  /**
   * Return a part of the page that scrolls sideways, by keyboard too.
   * @param {string} label
   * @param {...Child} children
   */
  function scroller(label, ...children) {
    return h(
      "div",
      { class: "scroller", tabindex: 0, role: "region", "aria-label": label },
      ...children,
    );
  }

  /**
   * Return a closed or open part with a summary line.
   * @param {string} summary
   * @param {boolean} open
   * @param {...(Child | Child[])} children
   */
  function fold(summary, open, ...children) {
    return h("details", { open }, h("summary", {}, summary), ...children);
  }

  /** @param {string} text */
  function say(text) {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
  }

  return { h, add, fill, scroller, fold, say };
})();

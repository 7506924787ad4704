/** A model's text: reasoning folded, LaTeX rendered or raw, never more than a page can carry. */
const completion = (() => {
  const AT_ONCE = 60_000; // characters
  const SHORT = 300; // characters of reasoning that are not worth a fold

  /** @typedef {{reasoning: boolean, text: string, closed: boolean}} Part */

  /**
   * Return the parts of a text inside and outside of <think>. A text whose prompt has opened it, or
   * that closes what it never opened, begins with reasoning.
   * @param {string} text
   * @param {string} prompt
   * @returns {Part[]}
   */
  function parts(text, prompt) {
    /** @type {Part[]} */
    const found = [];
    const opened = /<think>\s*$/.test(prompt);
    const firstClose = text.indexOf("</think>");
    const firstOpen = text.indexOf("<think>");
    let inside = opened || (firstClose >= 0 && (firstOpen < 0 || firstClose < firstOpen));
    let at = 0;
    while (at < text.length) {
      const tag = inside ? "</think>" : "<think>";
      const end = text.indexOf(tag, at);
      const body = text.slice(at, end < 0 ? text.length : end);
      if (body.trim() !== "") found.push({ reasoning: inside, text: body, closed: end >= 0 });
      if (end < 0) break;
      at = end + tag.length;
      inside = !inside;
    }
    return found;
  }

  /**
   * Return a text with its control characters made visible.
   * @param {string} text
   */
  const visible = (text) =>
    // eslint-disable-next-line no-control-regex
    text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (one) =>
      one === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + one.charCodeAt(0)),
    );

  /**
   * Return a block of text; beyond a length the rest is shown on request.
   * @param {string} text
   * @param {boolean} raw
   */
  function block(text, raw) {
    const element = dom.h("div", { class: raw ? "text raw" : "text" });
    const start = text.slice(0, AT_ONCE);
    dom.add(element, raw ? visible(start) : maths.render(start));
    if (text.length > AT_ONCE) {
      const more = dom.h(
        "button",
        {
          type: "button",
          onclick: () => {
            more.replaceWith(visible(text.slice(AT_ONCE)));
          },
        },
        `Show the other ${numbers.count(text.length - AT_ONCE)} characters`,
      );
      dom.add(element, more);
    }
    return element;
  }

  /**
   * Return a completion; KaTeX must be loaded unless it is raw.
   * @param {Completion} of
   * @param {string} prompt
   * @param {boolean} raw
   */
  function show(of, prompt, raw) {
    const body = dom.h("div", { class: "completion" });
    if (of.completion.trim() === "")
      dom.add(body, dom.h("p", { class: "muted" }, "The completion is empty, or nothing but white space."));
    else if (raw) dom.add(body, block(of.completion, true));
    else {
      for (const part of parts(of.completion, prompt)) {
        if (!part.reasoning) dom.add(body, block(part.text.trim(), false));
        else {
          const size = `${numbers.count(part.text.trim().length)} characters`;
          const open = part.closed ? "" : ", not closed";
          const fold = lazyFold(`Reasoning, ${size}${open}`, () => block(part.text.trim(), false));
          fold.open = part.text.length <= SHORT;
          dom.add(body, fold);
        }
      }
    }
    if (of.omitted) {
      const left = `${numbers.count(of.omitted)} characters are left out here: the report keeps the start and the end of a long completion.`;
      dom.add(body, dom.h("p", { class: "omitted" }, left), block(of.end ?? "", true));
    }
    return body;
  }

  /**
   * Return a closed part that is made when it is opened first.
   * @param {string} summary
   * @param {() => Node} make
   */
  function lazyFold(summary, make) {
    const part = dom.fold(summary, false);
    part.addEventListener("toggle", () => dom.add(part, make()), { once: true });
    return part;
  }

  return { parts, block, show, lazyFold };
})();

/**
 * Text with LaTeX: found by the rules that Pandoc has for dollars, rendered by KaTeX without trust
 * (no links, no images, no macros without end), left as text where KaTeX cannot read it.
 */
const maths = (() => {
  const LONGEST = 40_000; // characters of a text that are searched for formulas
  const LONGEST_FORMULA = 4_000;
  const MOST = 800; // formulas of a text

  /** @typedef {{text: string, formula: boolean, display: boolean}} Piece */

  const OPENINGS =
    /\$\$|\$|\\\[|\\\(|\\boxed\s*\{|\\begin\{(align|aligned|equation|gather|cases|array|[pbvBV]?matrix)(\*?)\}/g;

  /**
   * Return a text in pieces, formulas apart; joined they are the text but for the delimiters.
   * @param {string} text
   * @returns {Piece[]}
   */
  function pieces(text) {
    /** @type {Piece[]} */
    const found = [];
    const searched = text.slice(0, LONGEST);
    let done = 0;
    let formulas = 0;
    OPENINGS.lastIndex = 0;
    for (
      let match = OPENINGS.exec(searched);
      match && formulas < MOST;
      match = OPENINGS.exec(searched)
    ) {
      const formula = from(searched, match);
      if (!formula) continue;
      if (match.index > done) {
        found.push({ text: text.slice(done, match.index), formula: false, display: false });
      }
      found.push({ text: formula.tex, formula: true, display: formula.display });
      done = formula.end;
      formulas += 1;
      OPENINGS.lastIndex = done;
    }
    if (done < text.length) found.push({ text: text.slice(done), formula: false, display: false });
    return found;
  }

  /**
   * Return the formula that opens at a match, or null.
   * @param {string} text
   * @param {RegExpExecArray} match
   */
  function from(text, match) {
    const opening = match[0];
    const start = match.index;
    const inside = start + opening.length;
    if (start > 0 && text[start - 1] === "\\") return null;
    if (opening === "$") return dollars(text, inside);
    if (opening === "$$") return until(text, inside, "$$", true);
    if (opening === "\\[") return until(text, inside, "\\]", true);
    if (opening === "\\(") return until(text, inside, "\\)", false);
    if (opening.startsWith("\\boxed")) return box(text, start, inside);
    const closing = `\\end{${match[1]}${match[2]}}`;
    const body = until(text, inside, closing, true);
    return body && { ...body, tex: text.slice(start, body.end) };
  }

  /**
   * A dollar opens before what is not a space and closes behind what is not one and before what is
   * no digit, on the same paragraph: "$5 and $10" are prices.
   * @param {string} text
   * @param {number} inside
   */
  function dollars(text, inside) {
    if (/\s/.test(text[inside] ?? " ")) return null;
    for (let at = inside; at < Math.min(text.length, inside + LONGEST_FORMULA); at += 1) {
      if (text[at] === "\\") at += 1;
      else if (text.startsWith("\n\n", at)) return null;
      else if (text[at] === "$") {
        const closes = at > inside && !/\s/.test(text[at - 1]) && !/\d/.test(text[at + 1] ?? "");
        return closes ? { tex: text.slice(inside, at), end: at + 1, display: false } : null;
      }
    }
    return null;
  }

  /** @param {string} text @param {number} inside @param {string} closing @param {boolean} display */
  function until(text, inside, closing, display) {
    const end = text.indexOf(closing, inside);
    if (end < 0 || end - inside > LONGEST_FORMULA || end === inside) return null;
    return { tex: text.slice(inside, end), end: end + closing.length, display };
  }

  /** @param {string} text @param {number} start @param {number} inside */
  function box(text, start, inside) {
    let depth = 1;
    for (let at = inside; at < Math.min(text.length, inside + LONGEST_FORMULA); at += 1) {
      if (text[at] === "\\") at += 1;
      else if (text[at] === "{") depth += 1;
      else if (text[at] === "}" && (depth -= 1) === 0) {
        return { tex: text.slice(start, at + 1), end: at + 1, display: false };
      }
    }
    return null;
  }

  /** Load KaTeX, once. */
  const ready = () => store.library("katex/katex.min.js");

  /**
   * Return a text with its formulas rendered; KaTeX must be loaded.
   * @param {string} text
   * @returns {Node[]}
   */
  function render(text) {
    return pieces(text).map((piece) => {
      if (!piece.formula) return document.createTextNode(piece.text);
      const span = dom.h("span", { class: "formula" });
      try {
        katex.render(piece.text, span, {
          displayMode: piece.display,
          throwOnError: true,
          strict: false,
          trust: false,
          maxSize: 10,
          maxExpand: 200,
        });
      } catch {
        dom.fill(span, dom.h("code", { title: "KaTeX cannot read this" }, piece.text));
      }
      return span;
    });
  }

  return { pieces, render, ready };
})();

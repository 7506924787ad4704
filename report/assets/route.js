/** The part of the address behind #: which page, and what it shows. Links of it are stable. */
const route = (() => {
  /** @typedef {Record<string, string>} Place */

  /**
   * Return the names and values of a hash; `+` is itself, a part that cannot be read is skipped.
   * @param {string} hash
   * @returns {Place}
   */
  function parse(hash) {
    /** @type {Place} */
    const place = {};
    for (const part of hash.replace(/^#/, "").split("&")) {
      const at = part.indexOf("=");
      if (at < 1) continue;
      try {
        place[decodeURIComponent(part.slice(0, at))] = decodeURIComponent(part.slice(at + 1));
      } catch {
        continue;
      }
    }
    return place;
  }

  /**
   * Return the hash of a place; what is empty is left out.
   * @param {Record<string, string | number | null | undefined>} place
   */
  function link(place) {
    const parts = Object.entries(place)
      .filter(([, value]) => value !== "" && value !== null && value !== undefined)
      .map(
        ([name, value]) => `${name}=${encodeURIComponent(String(value)).replaceAll("%2C", ",")}`,
      );
    return `#${parts.join("&")}`;
  }

  /** @returns {Place} */
  const here = () => parse(window.location.hash);

  /**
   * Say in the address what the page shows now, without leaving it.
   * @param {Record<string, string | number | null | undefined>} place
   */
  function note(place) {
    window.history.replaceState(null, "", link(place));
  }

  /**
   * Return the values of a list ("a,b").
   * @param {string | undefined} value
   */
  const list = (value) => (value ? value.split(",") : []);

  return { parse, link, here, note, list };
})();

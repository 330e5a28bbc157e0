const KEPT_BYTES = 32 * 1024;

/** The end of what the child said on stderr, printable: the far side writes there too. */
export class LastWords {
  #text = "";

  add(chunk: Buffer): void {
    this.#text += chunk.toString("latin1");
    if (this.#text.length > KEPT_BYTES) this.#text = this.#text.slice(-KEPT_BYTES);
  }

  /** Without blank lines, colours and other control characters. */
  lines(): string[] {
    return Buffer.from(this.#text, "latin1")
      .toString("utf8")
      .split(/[\r\n]+/)
      .map((line) =>
        line
          .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "")
          .replace(/[\p{C}\u2028\u2029]/gu, "?")
          .trim(),
      )
      .filter((line) => line !== "");
  }
}

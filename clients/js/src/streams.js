/** The stream of the broadcasts that are for every language. */
export const ALL = '*';

/**
 * Puts broadcasts into order, drops duplicates, and knows what is missing (6.2). No I/O. Its methods
 * return what is to be delivered: broadcasts, and `{type: "gap", stream, from, to}` for lost ones.
 */
export class Streams {
  #followed; // "*" and the language; two languages while one changes to the other
  #pending = new Set(); // followed, but not begun: their broadcasts wait
  #delivered = null; // stream → seq delivered last; null until the first reply has the positions
  #positions = new Map(); // stream → the highest seq that the stack has spoken of
  #waiting = new Map(); // stream → Map of seq → broadcast that waits for an earlier one

  /** Starts after `lastSeq`, or else at the positions in the first reply. */
  constructor(language, lastSeq) {
    this.#followed = new Set([ALL, language]);
    if (lastSeq) this.#delivered = new Map(Object.entries(lastSeq));
  }

  get lastSeq() {
    return Object.fromEntries(this.#delivered ?? []);
  }

  get behind() {
    return this.#streamsBehind().length > 0;
  }

  /** Hold the broadcasts of a language until `begin`. */
  follow(language) {
    this.#followed.add(language);
    this.#pending.add(language);
  }

  /** Begin with a followed language where the `lastSeq` of `languageChanged` says. */
  begin(language, lastSeq) {
    this.#pending.delete(language);
    return this.restore({ lastSeq });
  }

  leave(language) {
    const parts = [this.#followed, this.#pending, this.#delivered, this.#positions, this.#waiting];
    for (const part of parts) part?.delete(language);
  }

  add(message) {
    this.#hold(message);
    return this.#drain(message.stream);
  }

  /**
   * Take a reply: the streams' positions, the missed broadcasts, and if some are lost. What did not
   * fit into the reply is still missing.
   */
  restore({ lastSeq = {}, missed = [], gap = false }) {
    // A stream that the first reply does not name has had no broadcast yet.
    const none = Object.fromEntries([...this.#followed].map((stream) => [stream, 0]));
    this.#delivered ??= new Map(Object.entries({ ...none, ...lastSeq }));
    this.tell(lastSeq);
    for (const message of missed) this.#hold(message);
    return [...this.#followed].flatMap((stream) => {
      const first = missed.find((message) => message.stream === stream);
      // Older ones than the first in the reply are lost. Another reply may fill later holes.
      return gap && first ? this.#advance(stream, first.seq - 1) : this.#drain(stream);
    });
  }

  /** Note the streams' positions as the stack knows them. */
  tell(lastSeq = {}) {
    for (const stream of this.#followed) {
      if (!(stream in lastSeq) || this.#pending.has(stream)) continue;
      if (!this.#delivered.has(stream)) this.#delivered.set(stream, lastSeq[stream]);
      this.#positions.set(stream, Math.max(lastSeq[stream], this.#positions.get(stream) ?? 0));
    }
  }

  /** Give up everything that is missing. */
  skip() {
    return this.#streamsBehind().flatMap((stream) => {
      const waiting = this.#waiting.get(stream)?.keys() ?? [];
      return this.#advance(stream, Math.max(this.#positions.get(stream) ?? 0, ...waiting));
    });
  }

  #streamsBehind() {
    return [...(this.#delivered ?? [])]
      .filter(([stream, seq]) => this.#waiting.get(stream)?.size || this.#positions.get(stream) > seq)
      .map(([stream]) => stream);
  }

  #hold(message) {
    const { stream, seq } = message;
    if (!this.#followed.has(stream)) return;
    if (this.#delivered && !this.#pending.has(stream)) {
      if (!this.#delivered.has(stream)) this.#delivered.set(stream, seq - 1);
      if (seq <= this.#delivered.get(stream)) return;
    }
    if (!this.#waiting.has(stream)) this.#waiting.set(stream, new Map());
    this.#waiting.get(stream).set(seq, message);
  }

  #drain(stream) {
    const waiting = this.#waiting.get(stream);
    const ready = [];
    if (!this.#delivered?.has(stream) || !waiting) return ready;
    for (const seq of waiting.keys()) if (seq <= this.#delivered.get(stream)) waiting.delete(seq);
    for (let seq; waiting.has((seq = this.#delivered.get(stream) + 1)); waiting.delete(seq)) {
      ready.push(waiting.get(seq));
      this.#delivered.set(stream, seq);
    }
    return ready;
  }

  #advance(stream, limit) {
    const ready = this.#drain(stream);
    for (let from; (from = this.#delivered.get(stream) + 1) <= limit; ) {
      const waiting = this.#waiting.get(stream)?.keys() ?? [];
      const to = Math.min(limit, ...[...waiting].map((seq) => seq - 1));
      this.#delivered.set(stream, to);
      ready.push({ type: 'gap', stream, from, to }, ...this.#drain(stream));
    }
    return ready;
  }
}

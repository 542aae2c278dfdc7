/** Who wants to know what: the only way in which models speak to views. */
export class News {
  #readers = new Map();

  /** Calls `read` with what is told of any of these topics; returns a function that ends that. */
  on(topics, read) {
    const names = topics.split(' ');
    for (const topic of names) {
      if (!this.#readers.has(topic)) this.#readers.set(topic, new Set());
      this.#readers.get(topic).add(read);
    }
    return () => {
      for (const topic of names) this.#readers.get(topic).delete(read);
    };
  }

  /** Resolves when something of this topic is told next. */
  next(topic) {
    return new Promise((resolve) => {
      const off = this.on(topic, (what) => {
        off();
        resolve(what);
      });
    });
  }

  tell(topic, what) {
    for (const read of [...(this.#readers.get(topic) ?? [])]) read(what);
  }
}

/** Events by topic: models emit them, views listen. */
export class EventBus {
  #listeners = new Map();

  /** Call `listener` for events of the topics, a space between them; return a function that ends it. */
  on(topics, listener) {
    const names = topics.split(' ');
    for (const topic of names) {
      if (!this.#listeners.has(topic)) this.#listeners.set(topic, new Set());
      this.#listeners.get(topic).add(listener);
    }
    return () => {
      for (const topic of names) this.#listeners.get(topic).delete(listener);
    };
  }

  /** Resolve at the next event of the topic, with its data. */
  next(topic) {
    return new Promise((resolve) => {
      const off = this.on(topic, (data) => {
        off();
        resolve(data);
      });
    });
  }

  emit(topic, data) {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(data);
  }
}

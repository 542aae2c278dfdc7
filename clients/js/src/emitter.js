export class Emitter {
  #handlers = new Map();

  /** Call `handler` with each event of this type. Returns a function that removes it. */
  on(type, handler) {
    if (!this.#handlers.has(type)) this.#handlers.set(type, new Set());
    this.#handlers.get(type).add(handler);
    return () => this.off(type, handler);
  }

  off(type, handler) {
    this.#handlers.get(type)?.delete(handler);
  }

  /** Call the handlers in the order in which they were added. */
  emit(type, event) {
    for (const handler of [...(this.#handlers.get(type) ?? [])]) {
      try {
        handler(event);
      } catch (error) {
        // As with an EventTarget: the error is reported, and the others are still called.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

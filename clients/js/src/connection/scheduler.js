/** Timers and sleeps of one session, in seconds. The time comes from the option `timers`. */
export class Scheduler {
  #timers;
  #wakes = new Set();

  constructor({ timers }) {
    this.#timers = timers;
  }

  /** Call `callback` later. Returns a function that cancels the call. */
  after(seconds, callback) {
    const timer = this.#timers.setTimeout(callback, seconds * 1000);
    return () => this.#timers.clearTimeout(timer);
  }

  sleep(seconds) {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#wakes.delete(wake);
        resolve();
      };
      const cancel = this.after(seconds, wake);
      this.#wakes.add(wake);
    });
  }

  /** End every sleep now. */
  wakeAll() {
    for (const wake of [...this.#wakes]) wake();
  }
}

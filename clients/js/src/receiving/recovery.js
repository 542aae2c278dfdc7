import { isLost } from '../errors.js';
import { backoff } from '../options.js';

const MAX_ATTEMPTS = 3;

/**
 * Puts what arrives through `streams`, and asks the stack for what is missing (6.2). `deliver` takes
 * each broadcast and gap, in order.
 */
export class Recovery {
  #supervisor;
  #streams;
  #deliver;
  #cancel; // of the timer until the next recovery
  #isRecovering = false;

  constructor(supervisor, streams, deliver) {
    this.#supervisor = supervisor;
    this.#streams = streams;
    this.#deliver = (items) => items.forEach(deliver);
    supervisor.on('attached', ({ reply }) => {
      this.#deliver(streams.restore(reply));
      this.#watch();
    });
    supervisor.on('received', ({ message }) => {
      if (message.type !== 'broadcast') return;
      this.#deliver(streams.add(message));
      this.#watch();
    });
    supervisor.on('heartbeat', ({ lastSeq }) => {
      streams.tell(lastSeq);
      this.#watch();
    });
    supervisor.on('closed', () => this.#cancel?.());
  }

  /** Deliver a language from where the reply to a change says that its stream stands. */
  begin(language, { lastSeq }) {
    this.#deliver(this.#streams.begin(language, lastSeq));
    this.#watch();
  }

  /**
   * Start a recovery after `reorderWindow` if something is missing. A broadcast that was overtaken by
   * the next one arrives by itself within that time.
   */
  #watch() {
    if (this.#cancel || this.#isRecovering || !this.#streams.behind) return;
    this.#cancel = this.#supervisor.scheduler.after(this.#supervisor.options.reorderWindow, () => {
      this.#cancel = undefined;
      this.#recover();
    });
  }

  async #recover() {
    this.#isRecovering = true;
    for (let failures = 0; this.#supervisor.connection && this.#streams.behind; ) {
      try {
        failures = (await this.#ask()) ? 0 : failures + 1;
      } catch (error) {
        if (isLost(error)) break; // the next connection's first request asks again
        failures += 1;
        await this.#supervisor.scheduler.sleep(backoff(this.#supervisor.options, failures, error));
      }
      if (failures >= MAX_ATTEMPTS) this.#deliver(this.#streams.skip());
      else if (failures) await this.#supervisor.scheduler.sleep(this.#supervisor.options.reorderWindow);
    }
    this.#isRecovering = false;
  }

  /** Ask once for what is missing. Resolves with true if a stream has moved on meanwhile. */
  async #ask() {
    const { lastSeq } = this.#streams;
    const reply = await this.#supervisor.connection.request('recover', { lastSeq });
    this.#deliver(this.#streams.restore(reply));
    // A broadcast that is too large for the reply comes by itself, just before it.
    const hasMoved = JSON.stringify(lastSeq) !== JSON.stringify(this.#streams.lastSeq);
    if (reply.gap && !reply.missed?.length && !hasMoved) this.#deliver(this.#streams.skip());
    return hasMoved;
  }
}

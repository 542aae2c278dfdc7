/** The stack as this page knows it: its tables, clock, faults and log, kept up to date by events. */

const LABELS = ['sessions', 'connections', 'subscriptions', 'requests', 'history', 'rate_limits'];

export class Stack {
  /** `news`: told `link`, `tables`, `clock`, `faults` and `line`, one of the log. */
  constructor(news) {
    this.news = news;
    this.state = 'connecting';
    this.tables = Object.fromEntries(LABELS.map((label) => [label, new Map()]));
    this.faults = [];
    this.schedules = [];
    this.ahead = 0; // milliseconds that the stack's clock is ahead of this machine's
    this.moved = 0; // the part of it that was moved since the page looked first
    this.keys = {};
  }

  /** The stack's time in milliseconds. */
  get now() {
    return Date.now() + this.ahead;
  }

  follow() {
    const events = new EventSource('/_sandbox/events');
    events.addEventListener('snapshot', ({ data }) => this.#restore(JSON.parse(data)));
    events.addEventListener('changes', ({ data }) => this.#change(JSON.parse(data)));
    events.onerror = () => this.#enter('lost');
  }

  /** Sessions that go on, the newest first. */
  get running() {
    return [...this.tables.sessions.values()]
      .filter((session) => session.isActive)
      .sort((a, b) => b.createdAt - a.createdAt);
  }

  session(sessionId) {
    return this.tables.sessions.get(sessionId);
  }

  #restore({ now, tables, keys, faults, schedules }) {
    this.keys = keys;
    for (const label of LABELS) {
      this.tables[label].clear();
      for (const item of tables[label] ?? []) this.tables[label].set(this.#key(label, item), item);
    }
    Object.assign(this, { faults, schedules });
    this.learn(now);
    this.#enter('live');
    for (const topic of ['tables', 'faults']) this.news.tell(topic);
  }

  #change(changes) {
    let tables = false;
    for (const [kind, what] of changes) {
      if (kind === 'item') tables = this.#item(what);
      else if (kind === 'clock') this.learn(what.now);
      else if (kind === 'faults') this.faults = what;
      if (kind === 'faults') this.news.tell('faults');
      if (kind === 'line') this.news.tell('line', what);
    }
    if (tables) this.news.tell('tables');
  }

  #item({ table, key, item }) {
    const at = this.#key(table, key);
    if (item) this.tables[table].set(at, item);
    else this.tables[table].delete(at);
    return true;
  }

  #key(label, item) {
    return this.keys[label].map((name) => item[name]).join(' · ');
  }

  /** The stack says what time it is. */
  learn(now) {
    const ahead = now - Date.now();
    const by = this.state === 'connecting' ? 0 : ahead - this.ahead;
    this.ahead = ahead;
    this.moved += Math.max(0, by);
    this.news.tell('clock', { by });
  }

  #enter(state) {
    if (state === this.state) return;
    this.state = state;
    this.news.tell('link');
  }
}

/** A copy of the stack's tables, clock, faults, physics and log, kept up to date by server-sent events. */

const LABELS = ['sessions', 'counts', 'connections', 'subscriptions', 'requests', 'history', 'rate_limits'];

export class Stack {
  /** Emits `link`, `tables`, `clock`, `faults`, `physics`, and `line` with a line of the log. */
  constructor(events) {
    this.events = events;
    this.state = 'connecting';
    this.tables = Object.fromEntries(LABELS.map((label) => [label, new Map()]));
    this.faults = [];
    this.physics = {};
    this.schedules = [];
    this.ahead = 0; // milliseconds that the stack's clock is ahead of this machine's
    this.moved = 0; // the part of it since the page was loaded
    this.keys = {};
  }

  /** The stack's time in milliseconds. */
  get now() {
    return Date.now() + this.ahead;
  }

  follow() {
    const source = new EventSource('/_sandbox/events');
    source.addEventListener('snapshot', ({ data }) => this.#restore(JSON.parse(data)));
    source.addEventListener('changes', ({ data }) => this.#change(JSON.parse(data)));
    source.onerror = () => this.#enter('lost');
  }

  /** Active sessions, the newest first. */
  get running() {
    return [...this.tables.sessions.values()]
      .filter((session) => session.isActive)
      .map((session) => this.#counted(session))
      .sort((a, b) => b.createdAt - a.createdAt);
  }

  session(sessionId) {
    const session = this.tables.sessions.get(sessionId);
    return session && this.#counted(session);
  }

  /** A session with the sums of its counts, which are kept in shards. */
  #counted(session) {
    const { sessionId } = session;
    const languageCounts = {};
    let total = 0;
    for (let shard = 0; shard < session.shards; shard += 1) {
      const counts = this.tables.counts.get(this.#key('counts', { sessionId, shard }));
      total += counts?.listenerCount ?? 0;
      for (const [language, count] of Object.entries(counts?.languageCounts ?? {})) {
        languageCounts[language] = (languageCounts[language] ?? 0) + count;
      }
    }
    return { ...session, listenerCount: total, languageCounts };
  }

  #restore({ now, tables, keys, faults, physics, schedules }) {
    this.keys = keys;
    for (const label of LABELS) {
      this.tables[label].clear();
      for (const item of tables[label] ?? []) this.tables[label].set(this.#key(label, item), item);
    }
    Object.assign(this, { faults, physics, schedules });
    this.learn(now);
    this.#enter('live');
    for (const topic of ['tables', 'faults', 'physics']) this.events.emit(topic);
  }

  #change(changes) {
    let tables = false;
    for (const [kind, data] of changes) {
      if (kind === 'item') tables = this.#item(data);
      else if (kind === 'clock') this.learn(data.now);
      else if (kind === 'faults' || kind === 'physics') {
        this[kind] = data;
        this.events.emit(kind);
      }
      if (kind === 'line') this.events.emit('line', data);
    }
    if (tables) this.events.emit('tables');
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

  /** Take the stack's time. */
  learn(now) {
    const ahead = now - Date.now();
    const by = this.state === 'connecting' ? 0 : ahead - this.ahead;
    this.ahead = ahead;
    this.moved += Math.max(0, by);
    this.events.emit('clock', { by });
  }

  #enter(state) {
    if (state === this.state) return;
    this.state = state;
    this.events.emit('link');
  }
}

/**
 * Lectern's client for browsers and Node. PROTOCOL.md is the contract, the numbers in brackets are
 * its sections. Durations are in seconds, times in epoch milliseconds, as there.
 *
 *     LecternError   what went wrong: code, status, retryable, retryAfter
 *     Streams        order, duplicates and holes of broadcasts, without I/O (6.2)
 *     Link           one socket: replies by id, its end
 *     Outbox         a speaker's broadcasts on their way: back-pressure, order, nothing twice
 *     Session        a chain of links that looks like one: refresh, reconnect, resume (6.1 to 6.4)
 */

const SUBPROTOCOL = 'lectern.v1';
const ALL = '*';
// 1000 and 1001 would end a speaker's session (6.3), so sockets that are replaced close with this.
const REPLACED = 4000;
// API Gateway closes on a longer frame, and a WebSocket of the platform cannot split a message.
const LARGEST_FRAME = 32 * 1024;
// What the stack carries out twice without harm, so it is sent again after a lost socket.
const REPEATABLE = new Set([
  'changeLanguage', 'endSession', 'getSessionStatus', 'pauseBroadcast', 'resumeBroadcast',
  'muteBroadcast', 'unmuteBroadcast', 'setVolume', 'subscribe', 'unsubscribe', 'cancelRequest',
  'authenticate', 'broadcast',
]);

// Failures of the client's own side that may be gone with the next attempt.
const PASSING = new Set([
  'CONNECTION_FAILED', 'CONNECTION_LOST', 'TIMEOUT', 'TOKEN_UNAVAILABLE', 'TOO_MANY_QUEUED',
]);
const KEPT_EARLY = 1000; // broadcasts
const KEPT_STRAYS = 100; // requests
const OF_A_REQUEST = /^request(Progress|Completed|Failed|Cancelled)$/;

export const DEFAULTS = Object.freeze({
  connectTimeout: 10,
  requestTimeout: 15,
  drainTimeout: 30,
  reorderWindow: 0.25,
  backoffBase: 0.5,
  backoffCap: 20,
  connectAttempts: 5,
  reconnectAttempts: Infinity,
  broadcastAttempts: 5,
  maxInFlight: 16,
  maxQueued: 1024,
  maxBuffered: 64 * 1024,
});

/** An error message of the stack (2), a refused handshake (1.3), or a failure of the connection. */
export class LecternError extends Error {
  constructor(code, message, fields = {}) {
    super(message ?? code, { cause: fields.cause });
    this.name = 'LecternError';
    this.code = code;
    this.status = fields.status ?? 0;
    this.retryAfter = fields.retryAfter;
    this.details = fields.details ?? [];
    this.action = fields.action;
    this.correlationId = fields.correlationId;
    this.retryable = this.status === 429 || this.status >= 500 || PASSING.has(code);
  }
}

const errorOf = (message) => new LecternError(message.code, message.message, message);
const lost = (why) => new LecternError('CONNECTION_LOST', why);
const isLost = (error) => error.code === 'CONNECTION_LOST' || error.code === 'TIMEOUT';

class Emitter {
  #handlers = new Map();

  /** Calls `handler` with each event of this type; returns a function that ends that. */
  on(type, handler) {
    if (!this.#handlers.has(type)) this.#handlers.set(type, new Set());
    this.#handlers.get(type).add(handler);
    return () => this.off(type, handler);
  }

  off(type, handler) {
    this.#handlers.get(type)?.delete(handler);
  }

  emit(type, event) {
    for (const handler of [...(this.#handlers.get(type) ?? [])]) {
      try {
        handler(event);
      } catch (error) {
        // As with an EventTarget: reported, but the others are still called.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/**
 * Puts broadcasts into order, drops duplicates, and knows what is missing. No I/O. What it returns
 * is to be handed out: broadcasts, and `{type: "gap", stream, from, to}` where some are gone for good.
 */
export class Streams {
  #followed; // "*" and the language; for a moment two of them, while the language changes
  #seen = null; // stream → seq handed out last; null before the first reply says where they stand
  #told = new Map(); // stream → the highest seq the stack has spoken of
  #held = new Map(); // stream → Map of seq → broadcast that waits for an earlier one

  /** `lastSeq`: where to go on; without it, where the first reply says the streams stand. */
  constructor(language, lastSeq) {
    this.#followed = new Set([ALL, language]);
    if (lastSeq) this.#seen = new Map(Object.entries(lastSeq));
  }

  get lastSeq() {
    return Object.fromEntries(this.#seen ?? []);
  }

  get behind() {
    return this.#behind().length > 0;
  }

  follow(language) {
    this.#followed.add(language);
  }

  leave(language) {
    for (const part of [this.#followed, this.#seen, this.#told, this.#held]) part?.delete(language);
  }

  add(message) {
    this.#hold(message);
    return this.#drain(message.stream);
  }

  /**
   * Takes a reply: where the streams stand, what was missed, and whether `missed` has a gap. What
   * the reply had no room for may be asked for yet.
   */
  restore({ lastSeq = {}, missed = [], gap = false }) {
    // A stream that a first reply does not name has had no broadcast yet.
    const none = Object.fromEntries([...this.#followed].map((stream) => [stream, 0]));
    this.#seen ??= new Map(Object.entries({ ...none, ...lastSeq }));
    this.tell(lastSeq);
    for (const message of missed) this.#hold(message);
    return [...this.#followed].flatMap((stream) => {
      const first = missed.find((message) => message.stream === stream);
      // What is older than the first that came is gone; later holes may close with another reply.
      return gap && first ? this.#advance(stream, first.seq - 1) : this.#drain(stream);
    });
  }

  /** Notes where the stack says that the streams stand. */
  tell(lastSeq = {}) {
    for (const stream of this.#followed) {
      if (!(stream in lastSeq)) continue;
      if (!this.#seen.has(stream)) this.#seen.set(stream, lastSeq[stream]);
      this.#told.set(stream, Math.max(lastSeq[stream], this.#told.get(stream) ?? 0));
    }
  }

  /** Gives up everything that is missing. */
  skip() {
    return this.#behind().flatMap((stream) => {
      const held = this.#held.get(stream)?.keys() ?? [];
      return this.#advance(stream, Math.max(this.#told.get(stream) ?? 0, ...held));
    });
  }

  #behind() {
    return [...(this.#seen ?? [])]
      .filter(([stream, seq]) => this.#held.get(stream)?.size || this.#told.get(stream) > seq)
      .map(([stream]) => stream);
  }

  #hold(message) {
    const { stream, seq } = message;
    if (!this.#followed.has(stream)) return;
    // After a change of language, only the first broadcast tells where its stream stands.
    if (this.#seen && !this.#seen.has(stream)) this.#seen.set(stream, seq - 1);
    if (seq <= this.#seen?.get(stream)) return;
    if (!this.#held.has(stream)) this.#held.set(stream, new Map());
    this.#held.get(stream).set(seq, message);
  }

  #drain(stream) {
    const held = this.#held.get(stream);
    const ready = [];
    if (!this.#seen || !held) return ready;
    for (const seq of held.keys()) if (seq <= this.#seen.get(stream)) held.delete(seq);
    for (let seq; held.has((seq = this.#seen.get(stream) + 1)); held.delete(seq)) {
      ready.push(held.get(seq));
      this.#seen.set(stream, seq);
    }
    return ready;
  }

  #advance(stream, limit) {
    const ready = this.#drain(stream);
    for (let from; (from = this.#seen.get(stream) + 1) <= limit; ) {
      const held = this.#held.get(stream)?.keys() ?? [];
      const to = Math.min(limit, ...[...held].map((seq) => seq - 1));
      this.#seen.set(stream, to);
      ready.push({ type: 'gap', stream, from, to }, ...this.#drain(stream));
    }
    return ready;
  }
}

/** One socket. It opens bare, so that a browser can read why an action is refused. */
class Link {
  #socket;
  #pending = new Map(); // id → {resolve, reject, timer}
  #count = 0;
  #owner;
  #idle = [];
  alive = true;

  /** `owner` has `received(link, text)`, `sent(link)` and `ended(link, error)`. */
  constructor(options, url, token, owner) {
    this.options = options;
    this.#owner = owner;
    const Socket = options.WebSocket;
    // The token goes into the subprotocols: a browser can set no header, and a URL ends up in logs.
    const socket = token ? new Socket(url, [SUBPROTOCOL, `bearer.${token}`]) : new Socket(url);
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      this.#pending.set('open', this.#waiter(options.connectTimeout, resolve, reject));
      socket.onopen = () => this.#take('open')?.resolve();
    });
    socket.onmessage = (event) => owner.received(this, event.data);
    // Node's own WebSocket fires no `close` where the handshake is refused; else one follows.
    socket.onerror = (event) => this.#pending.has('open') && this.end(refusalOf(event));
    socket.onclose = (event) => this.end(lost(`closed with ${event.code}`));
  }

  get buffered() {
    return this.#socket.bufferedAmount ?? 0;
  }

  get quiet() {
    return this.#pending.size === 0;
  }

  /** Resolves when every reply is there, or the socket is gone. */
  settled() {
    return this.quiet ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Sends an action; resolves with its reply, rejects with its error message or the link's end. */
  request(action, fields) {
    const id = String((this.#count += 1));
    return new Promise((resolve, reject) => {
      if (!this.alive) return reject(lost('the socket is closed'));
      const slow = this.options.requestTimeout;
      this.#pending.set(id, this.#waiter(slow, resolve, reject, action));
      this.#socket.send(JSON.stringify({ ...fields, action, id }));
      return this.#owner.sent(this);
    });
  }

  /** Hands a message to whoever waits for its id; says whether somebody did. */
  settle(message) {
    const waiter = message.id !== undefined && this.#take(message.id);
    if (!waiter) return false;
    if (message.type === 'error') waiter.reject(errorOf(message));
    else waiter.resolve(message);
    return true;
  }

  close(code = REPLACED) {
    this.#socket.close(code);
    this.end(lost('closed by the client'));
  }

  end(error) {
    if (!this.alive) return;
    this.alive = false;
    for (const handler of ['onopen', 'onmessage', 'onclose']) this.#socket[handler] = null;
    this.#socket.onerror = () => {}; // `ws` throws where nobody listens
    for (const id of [...this.#pending.keys()]) {
      const failed = id === 'open' && !error.status;
      this.#take(id).reject(failed ? new LecternError('CONNECTION_FAILED', error.message) : error);
    }
    this.#owner.ended(this, error);
  }

  #waiter(seconds, resolve, reject, action = 'connect') {
    // A socket that does not answer is dead, whatever its readyState says.
    const timer = this.options.timers.setTimeout(() => {
      this.#socket.close(REPLACED);
      this.end(new LecternError('TIMEOUT', `no answer to ${action} in ${seconds} s`, { action }));
    }, seconds * 1000);
    return { resolve, reject, timer };
  }

  #take(id) {
    const waiter = this.#pending.get(id);
    if (!waiter) return undefined;
    this.options.timers.clearTimeout(waiter.timer);
    this.#pending.delete(id);
    if (this.quiet) for (const resolve of this.#idle.splice(0)) resolve();
    return waiter;
  }
}

/** The status of a refused handshake where the platform tells it (the `ws` package does). */
function refusalOf(event) {
  const status = Number(/Unexpected server response: (\d{3})/.exec(event?.message)?.[1]);
  if (!status) return new LecternError('CONNECTION_FAILED', event?.message || 'no connection');
  return new LecternError('HANDSHAKE_REFUSED', `refused with ${status}`, { status });
}

/**
 * Broadcasts on their way: one of each stream in the air, so that order is kept, and at most
 * `maxInFlight` altogether. After a lost socket, where the streams stand tells which arrived.
 */
class Outbox {
  #items = [];
  #acknowledged = new Map(); // stream → seq
  #uncertain = new Map(); // stream → how many seqs failed broadcasts may have been given since
  #slow;

  constructor(options, link) {
    this.options = options;
    this.link = link;
  }

  push(fields) {
    const stream = fields.targetLanguage ?? ALL;
    if (this.#items.length >= this.options.maxQueued) {
      const text = `${this.#items.length} broadcasts are waiting`;
      return Promise.reject(new LecternError('TOO_MANY_QUEUED', text, { action: 'broadcast' }));
    }
    return new Promise((resolve, reject) => {
      this.#items.push({ stream, fields, resolve, reject, state: 'waiting', tries: 0 });
      this.pump();
    });
  }

  pump() {
    const link = this.link();
    const busy = new Set();
    let flying = this.#items.filter((item) => item.state === 'flying').length;
    for (const item of [...this.#items]) {
      if (!link || flying >= this.options.maxInFlight || this.#congested(link)) return;
      if (item.state === 'waiting' && !busy.has(item.stream)) {
        flying += 1;
        this.#send(link, item);
      }
      busy.add(item.stream);
    }
  }

  /** A new link: what was in the air has arrived where its stream stands further than we knew. */
  resume(lastSeq = {}) {
    for (const item of this.#items.filter(({ state }) => state === 'doubtful')) {
      const { stream } = item;
      const seq = lastSeq[stream] ?? 0;
      const ahead = seq - (this.#acknowledged.get(stream) ?? 0);
      if (ahead === 0) {
        item.state = 'waiting';
        continue;
      }
      this.#done(item);
      if (ahead > (this.#uncertain.get(stream) ?? 0)) {
        item.resolve({ type: 'broadcastAccepted', stream, seq });
      } else {
        item.reject(lost('nobody knows whether it arrived'));
      }
    }
    for (const [stream, seq] of Object.entries(lastSeq)) this.#acknowledged.set(stream, seq);
    this.#uncertain.clear();
  }

  fail(error) {
    for (const item of this.#items.splice(0)) item.reject(error);
  }

  #congested(link) {
    if (link.buffered <= this.options.maxBuffered) return false;
    this.#slow ??= this.options.timers.setTimeout(() => {
      this.#slow = undefined;
      this.pump();
    }, 50);
    return true;
  }

  async #send(link, item) {
    item.state = 'flying';
    try {
      const reply = await link.request('broadcast', item.fields);
      this.#acknowledged.set(item.stream, reply.seq);
      this.#uncertain.delete(item.stream);
      this.#done(item);
      item.resolve(reply);
    } catch (error) {
      this.#failed(item, error);
    }
    this.pump();
  }

  #failed(item, error) {
    item.tries += 1;
    const again = item.tries < this.options.broadcastAttempts;
    if (error.status >= 500 || (isLost(error) && !again)) {
      this.#uncertain.set(item.stream, (this.#uncertain.get(item.stream) ?? 0) + 1);
    }
    if (isLost(error) && again) {
      item.state = 'doubtful';
    } else if ([429, 503].includes(error.status) && again) {
      item.state = 'delayed';
      this.options.timers.setTimeout(() => {
        item.state = 'waiting';
        this.pump();
      }, backoff(this.options, item.tries, error));
    } else {
      this.#done(item);
      item.reject(error);
    }
  }

  #done(item) {
    this.#items.splice(this.#items.indexOf(item), 1);
  }
}

/** Milliseconds to wait: full jitter under a cap, and never less than the stack asked for. */
function backoff({ backoffBase, backoffCap, random }, attempt, error) {
  const ceiling = Math.min(backoffCap, backoffBase * 2 ** attempt);
  return 1000 * ((error?.retryAfter ?? 0) + random() * ceiling);
}

class Session extends Emitter {
  #url;
  #options;
  #link = null; // the socket that carries the traffic
  #draining = new Set(); // replaced sockets that still have something to deliver
  #state = 'connecting';
  #renewing = false;
  #held = false; // requests wait while the session moves between two sockets
  #cameBack = false; // after the stack had given the socket's place away
  #queue = [];
  #outbox;
  #streams;
  #topics = new Set();
  #jobs = new Map(); // requestId → what settles it
  #strays = new Map(); // requestId → what came for it before `requestAccepted`
  #twice = new Map(); // text of a message → the socket it came on, while there are two
  #early = []; // broadcasts before anybody listened
  #beat;
  #hole;
  #recovering = false;
  #pauses = new Set();

  role;
  sessionId;
  sourceLanguage;
  targetLanguage;
  broadcastState;
  stateVersion = 0;
  resumeToken;
  heartbeatInterval = 50;
  expiresAt;
  closeReason;
  error;

  constructor(url, role, options) {
    super();
    this.role = role;
    this.#url = new URL(url);
    this.#url.searchParams.set('role', role);
    this.#options = withDefaults(options);
    this.sessionId = options.sessionId;
    this.targetLanguage = options.targetLanguage;
    this.resumeToken = options.resumeToken;
    this.#streams = new Streams(options.targetLanguage, options.lastSeq);
    this.#outbox = new Outbox(this.#options, () => (this.#held ? null : this.#link));
    const { signal } = options;
    signal?.addEventListener('abort', () => this.#finish('aborted', signal.reason));
  }

  /** `connecting`, `open`, `refreshing`, `reconnecting` or `closed`. */
  get state() {
    return this.#state;
  }

  /** The broadcasts received last, by stream: give it to `joinSession` to go on there. */
  get lastSeq() {
    return this.#streams.lastSeq;
  }

  on(type, handler) {
    const off = super.on(type, handler);
    if (type === 'broadcast' && this.#early) {
      const early = this.#early;
      this.#early = null;
      for (const message of early) handler(message);
    }
    return off;
  }

  /** The broadcasts, in order, until the session is closed. */
  async *[Symbol.asyncIterator]() {
    const waiting = [];
    let wake = () => {};
    const offs = [
      this.on('broadcast', (message) => {
        waiting.push(message);
        wake();
      }),
      this.on('state', () => wake()),
    ];
    try {
      while (waiting.length || this.#state !== 'closed') {
        if (waiting.length) yield waiting.shift();
        else await new Promise((resolve) => (wake = resolve));
      }
    } finally {
      for (const off of offs) off();
    }
  }

  // ---- the protocol's actions (3) ----

  /**
   * Resolves when the stack has accepted it. Broadcasts of one stream keep their order; more than
   * `maxInFlight` wait, and more than `maxQueued` are refused with TOO_MANY_QUEUED.
   */
  broadcast(data, { targetLanguage } = {}) {
    return this.#checked('broadcast', { data, targetLanguage }, (f) => this.#outbox.push(f));
  }

  pauseBroadcast() {
    return this.#call('pauseBroadcast');
  }

  resumeBroadcast() {
    return this.#call('resumeBroadcast');
  }

  muteBroadcast() {
    return this.#call('muteBroadcast');
  }

  unmuteBroadcast() {
    return this.#call('unmuteBroadcast');
  }

  setVolume(volume) {
    return this.#call('setVolume', { volume });
  }

  getSessionStatus() {
    return this.#call('getSessionStatus');
  }

  async changeLanguage(targetLanguage) {
    const previous = this.targetLanguage;
    if (targetLanguage === previous) return this.#call('changeLanguage', { targetLanguage });
    this.#streams.follow(targetLanguage); // its broadcasts may overtake the reply
    try {
      const reply = await this.#call('changeLanguage', { targetLanguage });
      this.targetLanguage = targetLanguage;
      this.#streams.leave(previous);
      // The reply does not say where the new stream stands; a heartbeat does.
      const { lastSeq } = reply.lastSeq ? reply : await this.heartbeat().catch(() => reply);
      this.#streams.tell(lastSeq);
      this.#watch();
      return reply;
    } catch (error) {
      this.#streams.leave(targetLanguage);
      throw error;
    }
  }

  async subscribe(topic) {
    const reply = await this.#call('subscribe', { topic });
    this.#topics.add(topic);
    return reply;
  }

  unsubscribe(topic) {
    this.#topics.delete(topic);
    return this.#call('unsubscribe', { topic });
  }

  publish(topic, data) {
    return this.#call('publish', { topic, data });
  }

  /**
   * Starts work in the background. Resolves, once it is accepted, with `{requestId, request, status,
   * result, cancel}`: `result` is a promise, `onProgress` is called with each `requestProgress`.
   */
  async submitRequest(request, params, { onProgress } = {}) {
    const accepted = await this.#call('submitRequest', { request, params });
    const { requestId, status } = accepted;
    const result = new Promise((resolve, reject) => {
      this.#jobs.set(requestId, { resolve, reject, onProgress, link: this.#link });
    });
    result.catch(() => {}); // whoever only cancels need not handle it
    for (const message of this.#strays.get(requestId) ?? []) this.#progress(message);
    this.#strays.delete(requestId);
    return { requestId, request, status, result, cancel: () => this.cancelRequest(requestId) };
  }

  cancelRequest(requestId) {
    return this.#call('cancelRequest', { requestId });
  }

  authenticate(token) {
    return this.#call('authenticate', { token });
  }

  heartbeat() {
    return this.#call('heartbeat', this.role === 'listener' ? { wantSeq: true } : {});
  }

  /** Leaves the session and closes. */
  async leaveSession() {
    await this.#call('leaveSession').catch((error) => {
      if (!isLost(error)) throw error; // a lost socket has left, too
    });
    this.#finish('left');
  }

  /** Ends the session for everybody and closes. */
  async endSession() {
    await this.#call('endSession').catch((error) => {
      if (error.status !== 404) throw error; // it has ended already
    });
    this.#finish('endedBySpeaker');
  }

  /** Closes the socket. A speaker's session ends with it (6.3). */
  close() {
    this.#finish('closed');
  }

  /** Moves to a new socket now, before the stack asks for it (6.1). */
  refresh() {
    this.#renew();
  }

  // ---- connecting, and staying connected ----

  async start(action, fields) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const link = await this.#dial();
        this.#adopt(link, await this.#greet(link, action, fields));
        return this;
      } catch (error) {
        if (!error.retryable || attempt >= this.#options.connectAttempts) {
          this.#finish('failed', error);
        }
        if (this.#state === 'closed') throw this.error ?? error;
        await this.#pause(backoff(this.#options, attempt - 1, error));
      }
      if (this.#state === 'closed') throw this.error;
    }
  }

  async #dial() {
    const text = await this.#token();
    if (this.#state === 'closed') throw lost('closed by the client');
    const link = new Link(this.#options, this.#url.href, text, {
      received: (...args) => this.#receive(...args),
      sent: (from) => this.#sent(from),
      ended: (...args) => this.#lose(...args),
    });
    this.#draining.add(link);
    await link.opened;
    return link;
  }

  async #token() {
    const { token } = this.#options;
    if (typeof token !== 'function') return token;
    try {
      return await token();
    } catch (cause) {
      throw new LecternError('TOKEN_UNAVAILABLE', cause?.message, { cause });
    }
  }

  /** The first action on a new socket; without its reply the socket is of no use. */
  async #greet(link, action, fields) {
    try {
      return await link.request(action, fields);
    } catch (error) {
      link.close();
      throw error;
    }
  }

  #adopt(link, reply) {
    if (this.#state === 'closed') return;
    if (!link.alive) throw lost('closed while it was greeted');
    const old = this.#link;
    this.#link = link;
    this.#draining.delete(link);
    this.#held = false;
    for (const name of ['sessionId', 'sourceLanguage', 'targetLanguage', 'resumeToken',
      'heartbeatInterval', 'expiresAt']) {
      if (reply[name] !== undefined) this[name] = reply[name];
    }
    this.#steer(reply);
    if (this.role === 'speaker') this.#outbox.resume(reply.lastSeq);
    else this.#deliver(this.#streams.restore(reply));
    for (const topic of this.#topics) link.request('subscribe', { topic }).catch(() => {});
    this.#enter('open');
    this.#flush();
    this.#schedule();
    if (!old) return;
    this.#cameBack = false;
    // Requests and subscriptions follow the session to its new socket.
    for (const job of this.#jobs.values()) if (job.link === old) job.link = link;
    this.#drain(old);
  }

  /** The old socket stays until what it owes has come, or for `drainTimeout`. */
  async #drain(old) {
    this.#draining.add(old);
    const { timers, drainTimeout } = this.#options;
    const late = timers.setTimeout(() => old.close(), drainTimeout * 1000);
    await Promise.all([old.settled(), this.#link.settled()]);
    timers.clearTimeout(late);
    old.close();
  }

  #lose(link, error) {
    this.#draining.delete(link);
    if (!this.#draining.size) this.#twice.clear();
    for (const [id, job] of this.#jobs) if (job.link === link) this.#drop(id, error);
    if (link !== this.#link) return;
    this.#link = null;
    this.#options.timers.clearTimeout(this.#beat);
    this.#enter('reconnecting');
    this.#renew();
  }

  /**
   * Takes a refusal that is about the socket: the stack has given its place away. (What a client asks
   * for is its role's to ask: only `authenticate` can get a 403 for something else, its token.)
   * The stack may have taken it for dead, so it counts as lost, and the session comes back. Once: if
   * its place is taken again, somebody else holds it for good, and two that take it from each other
   * help nobody.
   */
  #supplanted(link, error) {
    if (error.status !== 403 || error.action === 'authenticate') return false;
    if (link !== this.#link || this.#renewing) return false;
    if (this.#cameBack) {
      this.#finish('replaced', error);
    } else {
      this.#cameBack = true;
      link.close();
    }
    return true;
  }

  /** Replaces the socket: beside the old one while that lives, after a pause when it is gone. */
  async #renew() {
    if (this.#renewing || this.#state === 'closed') return;
    this.#renewing = true;
    let refreshed = false;
    let error;
    for (let attempt = 0; this.#state !== 'closed'; attempt += 1) {
      this.#enter(this.#link ? 'refreshing' : 'reconnecting');
      if (!this.#link || attempt) await this.#pause(backoff(this.#options, attempt, error));
      try {
        await this.#replace();
        break;
      } catch (problem) {
        error = problem;
      }
      if (!refreshed && this.#mayDoWithout(error)) {
        refreshed = true;
      } else if (!error.retryable || attempt + 1 >= this.#options.reconnectAttempts) {
        if (!this.#link) this.#finish('failed', error);
        else this.#stay(error);
        break;
      }
    }
    this.#renewing = false;
    if (this.#state !== 'closed' && !this.#link) this.#renew();
  }

  /** The callback may have a better token by now; a listener can also come as somebody new. */
  #mayDoWithout({ status, action }) {
    if (action === 'joinSession' && this.resumeToken && [401, 403].includes(status)) {
      this.resumeToken = undefined;
      return true;
    }
    return status === 401 && typeof this.#options.token === 'function';
  }

  /** A refresh was refused: the old socket is still good for the rest of its life. */
  #stay(error) {
    this.#held = false;
    this.#enter('open');
    this.emit('error', error);
    this.#flush();
  }

  async #replace() {
    const { sessionId, role, targetLanguage, resumeToken } = this;
    const link = await this.#dial();
    if (this.#link) {
      // An old socket is refused from the moment the session has moved: nothing may be on its way.
      this.#held = true;
      await this.#link?.settled();
    }
    const rejoins = !this.#link && role === 'listener';
    const fields = { sessionId, targetLanguage, resumeToken };
    if (!rejoins) fields.role = role;
    if (role === 'listener') fields.lastSeq = this.lastSeq;
    try {
      const action = rejoins ? 'joinSession' : 'refreshConnection';
      this.#adopt(link, await this.#greet(link, action, fields));
    } catch (error) {
      // Without an answer the session may have moved, so what waits goes on waiting.
      if (!isLost(error)) {
        this.#held = false;
        this.#flush();
      }
      throw error;
    }
  }

  /** Any message counts as a heartbeat (6.4), but only a listener's own asks where streams stand. */
  #sent(link) {
    if (link === this.#link && this.role === 'speaker') this.#schedule();
  }

  #schedule() {
    const { timers } = this.#options;
    timers.clearTimeout(this.#beat);
    this.#beat = timers.setTimeout(async () => {
      try {
        const fields = this.role === 'listener' ? { wantSeq: true } : {};
        const ack = await this.#link.request('heartbeat', fields);
        this.heartbeatInterval = ack.heartbeatInterval ?? this.heartbeatInterval;
        if (this.role === 'listener') this.#streams.tell(ack.lastSeq);
        this.#watch();
      } catch {
        // A lost socket is replaced by #lose; any other refusal leaves the next beat to try.
      }
      if (this.#link) this.#schedule();
    }, this.heartbeatInterval * 1000);
  }

  // ---- requests ----

  #call(action, fields = {}) {
    return this.#checked(action, fields, () => new Promise((resolve, reject) => {
      this.#queue.push({ action, fields, resolve, reject, tries: 0 });
      this.#flush();
    }));
  }

  #checked(action, fields, then) {
    if (this.#state === 'closed') {
      return Promise.reject(new LecternError('CLOSED', 'the session is closed', { action }));
    }
    const size = new TextEncoder().encode(JSON.stringify(fields)).length;
    if (size > LARGEST_FRAME - 256) {
      const text = `${size} bytes; the gateway takes ${LARGEST_FRAME}`;
      const status = 413;
      return Promise.reject(new LecternError('PAYLOAD_TOO_LARGE', text, { status, action }));
    }
    return then(fields);
  }

  #flush() {
    while (this.#queue.length && this.#link && !this.#held) this.#transmit(this.#queue.shift());
    this.#outbox.pump();
  }

  async #transmit(item) {
    try {
      item.resolve(await this.#link.request(item.action, item.fields));
    } catch (error) {
      item.tries += 1;
      const again = isLost(error) && REPEATABLE.has(item.action) && item.tries < 3;
      if (!again || this.#state === 'closed') return item.reject(error);
      this.#queue.push(item);
      this.#flush();
    }
    return undefined;
  }

  // ---- what comes in ----

  #receive(link, text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (this.#state === 'closed' || (message.id === undefined && this.#isTwice(link, text))) return;
    this.emit('message', message);
    const { type } = message;
    const error = type === 'error' && errorOf(message);
    if (error && this.#supplanted(link, error)) return;
    const handled = link.settle(message);
    if (type === 'broadcast') return this.#deliver(this.#streams.add(message));
    if (error) return handled || this.emit('error', error);
    if (type === 'broadcastStateChanged') return this.#steer(message) && this.emit(type, message);
    this.emit(type, message);
    if (type === 'sessionEnded') this.#finish(message.reason ?? 'endedBySpeaker');
    if (type === 'tokenExpiring') this.#reauthenticate();
    if (type === 'connectionRefreshRequired' || type === 'connectionWarning') {
      if (link === this.#link) this.#renew();
    }
    if (OF_A_REQUEST.test(type)) this.#progress(message);
    return undefined;
  }

  /** While a session has two sockets, an event may come on both. */
  #isTwice(link, text) {
    if (!this.#draining.size) return false;
    const other = this.#twice.get(text);
    if (other && other !== link) return this.#twice.delete(text);
    this.#twice.set(text, link);
    return false;
  }

  #steer({ broadcastState, stateVersion }) {
    if (!broadcastState || stateVersion < this.stateVersion) return false;
    this.broadcastState = broadcastState;
    const news = stateVersion > this.stateVersion;
    this.stateVersion = stateVersion;
    return news;
  }

  #progress(message) {
    const { type, requestId } = message;
    const job = this.#jobs.get(requestId);
    if (!job) {
      this.#strays.set(requestId, [...(this.#strays.get(requestId) ?? []), message]);
      if (this.#strays.size > KEPT_STRAYS) this.#strays.delete(this.#strays.keys().next().value);
      return;
    }
    if (type === 'requestProgress') job.onProgress?.(message);
    if (type === 'requestCompleted') this.#drop(requestId, null, message.result);
    if (type === 'requestFailed') this.#drop(requestId, errorOf(message));
    if (type === 'requestCancelled') this.#drop(requestId, new LecternError('CANCELLED'));
  }

  #drop(requestId, error, result) {
    const job = this.#jobs.get(requestId);
    this.#jobs.delete(requestId);
    if (error) job.reject(error);
    else job.resolve(result);
  }

  async #reauthenticate() {
    if (typeof this.#options.token !== 'function') return;
    try {
      await this.authenticate(await this.#token());
    } catch (error) {
      this.emit('error', error);
    }
  }

  // ---- broadcasts, whole and in order (6.2) ----

  #deliver(messages) {
    for (const message of messages) {
      if (message.type === 'gap') this.emit('gap', message);
      else if (!this.#early) this.emit('broadcast', message);
      else if (this.#early.push(message) > KEPT_EARLY) this.#early.shift();
    }
    this.#watch();
  }

  /** A hole may close by itself, as posts overtake each other; if not, it is asked for. */
  #watch() {
    if (this.#hole || this.#recovering || !this.#streams.behind) return;
    this.#hole = this.#options.timers.setTimeout(() => {
      this.#hole = undefined;
      this.#recover();
    }, this.#options.reorderWindow * 1000);
  }

  async #recover() {
    this.#recovering = true;
    for (let stuck = 0; this.#link && this.#streams.behind; ) {
      const { lastSeq } = this;
      try {
        const reply = await this.#link.request('recover', { lastSeq });
        this.#deliver(this.#streams.restore(reply));
        // What is too large for a reply comes by itself, before it.
        const moved = JSON.stringify(lastSeq) !== JSON.stringify(this.lastSeq);
        if (reply.gap && !reply.missed?.length && !moved) this.#deliver(this.#streams.skip());
        stuck = moved ? 0 : stuck + 1;
      } catch (error) {
        if (isLost(error)) break; // the next link asks anew
        stuck += 1;
        await this.#pause(backoff(this.#options, stuck, error));
      }
      if (stuck >= 3) this.#deliver(this.#streams.skip());
      else if (stuck) await this.#pause(this.#options.reorderWindow * 1000);
    }
    this.#recovering = false;
  }

  // ---- states ----

  #enter(state) {
    const previous = this.#state;
    if (state === previous || previous === 'closed') return;
    this.#state = state;
    this.emit('state', { state, previous, reason: this.closeReason, error: this.error });
  }

  #finish(reason, error) {
    if (this.#state === 'closed') return;
    this.closeReason = reason;
    this.error = error;
    this.#enter('closed');
    const { timers } = this.#options;
    for (const timer of [this.#beat, this.#hole]) timers.clearTimeout(timer);
    for (const wake of [...this.#pauses]) wake();
    for (const link of [this.#link, ...this.#draining]) link?.close(1000);
    const end = error ?? new LecternError('CLOSED', `the session is closed: ${reason}`);
    for (const item of this.#queue.splice(0)) item.reject(end);
    this.#outbox.fail(end);
    for (const requestId of [...this.#jobs.keys()]) this.#drop(requestId, end);
  }

  #pause(milliseconds) {
    const { timers } = this.#options;
    return new Promise((resolve) => {
      const wake = () => {
        timers.clearTimeout(timer);
        this.#pauses.delete(wake);
        resolve();
      };
      const timer = timers.setTimeout(wake, milliseconds);
      this.#pauses.add(wake);
    });
  }
}

function withDefaults(options) {
  const timers = {
    setTimeout: (...args) => globalThis.setTimeout(...args),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
  };
  const platform = { WebSocket: globalThis.WebSocket, timers, random: Math.random };
  const all = { ...DEFAULTS, ...platform, ...options };
  if (!all.WebSocket) throw new TypeError('this platform has no WebSocket: pass one as an option');
  return all;
}

const open = (url, role, options, action, fields) =>
  new Session(url, role, options).start(action, fields);

/** Starts a session as its speaker; resolves with it once it is open. */
export function createSession(url, options) {
  const { sourceLanguage, qualityTier } = options;
  return open(url, 'speaker', options, 'createSession', { sourceLanguage, qualityTier });
}

/** Joins a session as a listener; with `resumeToken` and `lastSeq`, where an earlier one left off. */
export function joinSession(url, options) {
  const { sessionId, targetLanguage, resumeToken, lastSeq } = options;
  const fields = { sessionId, targetLanguage, resumeToken, lastSeq };
  return open(url, 'listener', options, 'joinSession', fields);
}

/** Takes over a running session as its speaker, after a page was loaded anew, say (6.1, 6.3). */
export function resumeSession(url, options) {
  const { sessionId, resumeToken } = options;
  const fields = { sessionId, role: 'speaker', resumeToken };
  return open(url, 'speaker', options, 'refreshConnection', fields);
}

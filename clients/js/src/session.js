import { HeartbeatTimer } from './connection/heartbeat.js';
import { Participant } from './connection/participant.js';
import { Supervisor } from './connection/supervisor.js';
import { Emitter } from './emitter.js';
import { errorFrom } from './errors.js';
import { addressOf, fetchToken, withDefaults } from './options.js';
import { BackgroundRequests } from './sending/background.js';
import { RequestQueue } from './sending/requests.js';
import { TopicSubscriptions } from './sending/topics.js';

/**
 * The base of speakers' and listeners' sessions: the protocol's actions as methods (3), its messages
 * as events. What has an underscore is for the subclasses.
 */
export class Session extends Emitter {
  #background;
  #topics;
  broadcastState;
  stateVersion = 0;

  constructor(url, options, role, streams) {
    super();
    const all = withDefaults(options);
    const participant = new Participant(role, options, streams);
    const supervisor = new Supervisor(addressOf(url, role, all), all, participant);
    this._participant = participant;
    this._supervisor = supervisor;
    // Subscribers are called in this order: a program's handlers first, then the parts.
    this.#subscribe(supervisor);
    this.#topics = new TopicSubscriptions(supervisor);
    this._heartbeat = new HeartbeatTimer(supervisor);
    this._requests = new RequestQueue(supervisor);
    this.#background = new BackgroundRequests(supervisor);
    const { signal } = options;
    signal?.addEventListener('abort', () => supervisor.close('aborted', signal.reason));
  }

  /** `connecting`, `open`, `refreshing`, `reconnecting` or `closed`. */
  get state() {
    return this._supervisor.state;
  }

  get closeReason() {
    return this._supervisor.closeReason;
  }

  get error() {
    return this._supervisor.error;
  }

  get role() {
    return this._participant.role;
  }

  get sessionId() {
    return this._participant.sessionId;
  }

  /** The key of a private session: of the speaker, and of a listener that joined with it. */
  get joinKey() {
    return this._participant.joinKey;
  }

  get sourceLanguage() {
    return this._participant.sourceLanguage;
  }

  get resumeToken() {
    return this._participant.resumeToken;
  }

  get heartbeatInterval() {
    return this._heartbeat.interval;
  }

  async subscribe(topic) {
    const reply = await this._requests.call('subscribe', { topic });
    this.#topics.add(topic);
    return reply;
  }

  unsubscribe(topic) {
    this.#topics.remove(topic);
    return this._requests.call('unsubscribe', { topic });
  }

  publish(topic, data) {
    return this._requests.call('publish', { topic, data });
  }

  /**
   * Start background work. Resolves, once it is accepted, with `{requestId, request, status, result,
   * cancel}`: `result` is a promise; `onProgress` is called with each `requestProgress`.
   */
  async submitRequest(request, params, { onProgress } = {}) {
    const { requestId, status } = await this._requests.call('submitRequest', { request, params });
    const result = this.#background.accept(requestId, onProgress);
    return { requestId, request, status, result, cancel: () => this.cancelRequest(requestId) };
  }

  cancelRequest(requestId) {
    return this._requests.call('cancelRequest', { requestId });
  }

  authenticate(token) {
    return this._requests.call('authenticate', { token });
  }

  heartbeat() {
    return this._requests.call('heartbeat', this._participant.heartbeatFields);
  }

  /** Move to a new connection now, before the stack asks for it (6.1). */
  refresh() {
    this._supervisor.renew();
  }

  /** Close the connection. A speaker's session ends with it (6.3). */
  close() {
    this._supervisor.close('closed');
  }

  /** Connect, for the functions of `index.js`, which resolve with an open session. */
  async start(firstRequest) {
    await this._supervisor.start(firstRequest);
    return this;
  }

  #subscribe(supervisor) {
    supervisor.on('state', ({ state, previous }) => {
      this.emit('state', { state, previous, reason: this.closeReason, error: this.error });
    });
    supervisor.on('refreshRefused', (error) => this.emit('error', error));
    supervisor.on('attached', ({ reply }) => this.#updateBroadcastState(reply));
    supervisor.on('arrived', (message) => this.emit('message', message));
    supervisor.on('received', (event) => this.#onReceived(event));
  }

  #onReceived({ message, isCurrent, isReply }) {
    const { type } = message;
    if (type === 'error') {
      if (!isReply) this.emit('error', errorFrom(message));
    } else if (type === 'broadcastStateChanged') {
      if (this.#updateBroadcastState(message)) this.emit(type, message);
    } else if (type !== 'broadcast') { // which Recovery puts into order
      this.emit(type, message);
      this.#actOn(type, message, isCurrent);
    }
  }

  #actOn(type, message, isCurrent) {
    if (type === 'sessionEnded') this._supervisor.close(message.reason ?? 'endedBySpeaker');
    if (type === 'tokenExpiring') this.#reauthenticate();
    if (type === 'connectionRefreshRequired' || type === 'connectionWarning') {
      if (isCurrent) this._supervisor.renew();
    }
  }

  async #reauthenticate() {
    if (typeof this._supervisor.options.token !== 'function') return;
    try {
      await this.authenticate(await fetchToken(this._supervisor.options));
    } catch (error) {
      this.emit('error', error);
    }
  }

  /** Keep the state with the highest version. Returns true if the message has a newer one. */
  #updateBroadcastState({ broadcastState, stateVersion }) {
    if (!broadcastState || stateVersion < this.stateVersion) return false;
    const isNewer = stateVersion > this.stateVersion;
    this.broadcastState = broadcastState;
    this.stateVersion = stateVersion;
    return isNewer;
  }
}

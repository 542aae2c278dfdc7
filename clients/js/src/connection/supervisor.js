import { Emitter } from '../emitter.js';
import { connectionLost, errorFrom, isLost, LecternError } from '../errors.js';
import { backoff, fetchToken } from '../options.js';
import { Connection } from './connection.js';
import { Handover } from './handover.js';
import { Scheduler } from './scheduler.js';

/**
 * Keeps one connection attached to a session: connect, refresh, reconnect, close (6.1, 6.3). Its
 * events, in seconds and as plain objects:
 *
 *     state           {state, previous}
 *     attached        {connection, reply, replaced}: the session has moved to `connection`;
 *                     `replaced` is the old one if it is still open
 *     ready           requests may be sent
 *     arrived         a message, whatever becomes of it
 *     received        {message, isCurrent, isReply}: a message to handle; a reply has been given to
 *                     its request already
 *     sent            a message went out on the current connection
 *     heartbeat       the reply to a heartbeat of the timer
 *     lost            {connection, error}: no reply will come on this connection
 *     refreshRefused  an error; the old connection serves on
 *     closed          an error for the requests that still wait: the session is closed for good
 */
export class Supervisor extends Emitter {
  #url;
  #handover = new Handover();
  #isMoving = false; // between two connections: requests wait
  #isRenewing = false;
  #hasReturned = false; // after the stack had given its place away
  state = 'connecting';
  connection = null;
  closeReason;
  error;

  constructor(url, options, participant) {
    super();
    this.#url = url;
    this.participant = participant;
    this.options = options;
    this.scheduler = new Scheduler(options);
  }

  /** The connection to send on; null while requests must wait. */
  get readyConnection() {
    return this.#isMoving ? null : this.connection;
  }

  /** Connect for the first time. Rejects with the refusal, or the last of `connectAttempts`. */
  async start(firstRequest = this.participant.returnRequest()) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#attach(await this.#connect(), firstRequest);
        return;
      } catch (error) {
        if (!error.retryable || attempt + 1 >= this.options.connectAttempts) {
          this.close('failed', error);
        }
        if (this.state === 'closed') throw this.error ?? error;
        await this.scheduler.sleep(backoff(this.options, attempt, error));
      }
      if (this.state === 'closed') throw this.error;
    }
  }

  /** Replace the connection: beside it while it lives, after a backoff when it is gone. */
  async renew() {
    if (this.#isRenewing || this.state === 'closed') return;
    this.#isRenewing = true;
    let hasDropped = false;
    let error;
    for (let attempt = 0; this.state !== 'closed'; attempt += 1) {
      this.#enter(this.connection ? 'refreshing' : 'reconnecting');
      if (!this.connection || attempt) {
        await this.scheduler.sleep(backoff(this.options, attempt, error));
      }
      try {
        await this.#replace();
        break;
      } catch (failure) {
        error = failure;
      }
      if (!hasDropped && this.#canDoWithout(error)) {
        hasDropped = true;
      } else if (!error.retryable || attempt + 1 >= this.options.reconnectAttempts) {
        this.#giveUp(error);
        break;
      }
    }
    this.#isRenewing = false;
    if (!this.connection) this.renew();
  }

  /** Close the session for good. A speaker's ends with it (6.3). */
  close(reason, error) {
    if (this.state === 'closed') return;
    this.closeReason = reason;
    this.error = error;
    this.#enter('closed');
    this.scheduler.wakeAll();
    this.connection?.close(1000);
    this.#handover.closeAll(1000);
    const text = `the session is closed: ${reason}`;
    this.emit('closed', error ?? new LecternError('CLOSED', text));
  }

  // ---- callbacks of connections ----

  onText(connection, text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    const isEvent = message.id === undefined;
    if (this.state === 'closed') return;
    if (isEvent && this.#handover.isDuplicate(text, connection)) return;
    this.emit('arrived', message);
    if (this.#handleSupplanted(connection, message)) return;
    const isReply = connection.resolve(message);
    this.emit('received', { message, isCurrent: connection === this.connection, isReply });
  }

  onSent(connection) {
    if (connection === this.connection) this.emit('sent');
  }

  onEnd(connection, error) {
    this.#handover.remove(connection);
    this.emit('lost', { connection, error });
    if (connection !== this.connection) return;
    this.connection = null;
    this.#enter('reconnecting');
    this.renew();
  }

  /**
   * Handle a refusal of the connection itself: the stack has given its place away. (Of the actions of
   * a participant's own role only `authenticate` gets a 403 for something else: its token.) The stack
   * may have taken the connection for dead, so it counts as lost, and the session returns. It does so
   * once: if its place is taken again, another client keeps it, and two clients that take it from each
   * other help nobody. Returns false if the message says something else.
   */
  #handleSupplanted(connection, message) {
    const isRefusal = message.type === 'error' && message.status === 403;
    if (!isRefusal || message.action === 'authenticate') return false;
    if (connection !== this.connection || this.#isRenewing) return false;
    if (this.#hasReturned) {
      this.close('replaced', errorFrom(message));
    } else {
      this.#hasReturned = true;
      connection.close();
    }
    return true;
  }

  // ---- connecting ----

  async #connect() {
    const token = await fetchToken(this.options);
    if (this.state === 'closed') throw connectionLost('closed by the client');
    const connection = new Connection(this.#url, token, this);
    this.#handover.add(connection);
    await connection.opened;
    return connection;
  }

  /** Send the first request, and move the session to the connection. */
  async #attach(connection, firstRequest) {
    const reply = await connection.request(...firstRequest).catch((error) => {
      connection.close(); // which is of no use without a session
      throw error;
    });
    if (this.state === 'closed') return;
    if (!connection.isOpen) throw connectionLost('closed before the session moved to it');
    const replaced = this.connection;
    this.connection = connection;
    if (replaced) this.#handover.add(replaced);
    this.#handover.remove(connection);
    this.participant.update(reply);
    this.emit('attached', { connection, reply, replaced });
    this.#enter('open');
    this.#resumeRequests();
    if (!replaced) return;
    this.#hasReturned = false;
    this.#drain(replaced);
  }

  /** Close the old connection when both have their replies, after `drainTimeout` at the latest. */
  async #drain(old) {
    const cancel = this.scheduler.after(this.options.drainTimeout, () => old.close());
    await Promise.all([old.waitIdle(), this.connection.waitIdle()]);
    cancel();
    old.close();
  }

  async #replace() {
    const connection = await this.#connect();
    if (this.connection) {
      // The old connection is refused once the session has moved: nothing may be in flight.
      this.#isMoving = true;
      await this.connection.waitIdle();
    }
    try {
      await this.#attach(connection, this.participant.returnRequest(this.connection));
    } catch (error) {
      // Without a reply the session may have moved, so requests go on waiting.
      if (!isLost(error)) this.#resumeRequests();
      throw error;
    }
  }

  /** Return true if another attempt may succeed without the token that was refused. */
  #canDoWithout(error) {
    const hasNewToken = error.status === 401 && typeof this.options.token === 'function';
    return this.participant.dropRefusedToken(error) || hasNewToken;
  }

  #giveUp(error) {
    if (!this.connection) return this.close('failed', error);
    // The old connection serves for the rest of its life.
    this.#enter('open');
    this.#resumeRequests();
    return this.emit('refreshRefused', error);
  }

  #resumeRequests() {
    this.#isMoving = false;
    this.emit('ready');
  }

  #enter(state) {
    const previous = this.state;
    if (state === previous || previous === 'closed') return;
    this.state = state;
    this.emit('state', { state, previous });
  }
}

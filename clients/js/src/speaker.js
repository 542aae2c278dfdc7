import { Outbox } from './sending/outbox.js';
import { Session } from './session.js';

/** Created by `createSession`, or by `resumeSession` after a page was reloaded. */
export class SpeakerSession extends Session {
  #outbox;

  constructor(url, options) {
    super(url, options, 'speaker');
    this.#outbox = new Outbox(this._supervisor);
    // Any message counts as a heartbeat (6.4).
    this._supervisor.on('sent', () => this._heartbeat.restart());
  }

  get expiresAt() {
    return this._participant.expiresAt;
  }

  /**
   * Resolves when the stack has accepted the broadcast. A stream keeps the order of the calls.
   * Broadcasts above `maxInFlight` wait, and above `maxQueued` they reject with TOO_MANY_QUEUED.
   */
  async broadcast(data, { targetLanguage } = {}) {
    const fields = { data, targetLanguage };
    this._requests.check('broadcast', fields);
    return this.#outbox.push(fields);
  }

  pauseBroadcast() {
    return this._requests.call('pauseBroadcast');
  }

  resumeBroadcast() {
    return this._requests.call('resumeBroadcast');
  }

  muteBroadcast() {
    return this._requests.call('muteBroadcast');
  }

  unmuteBroadcast() {
    return this._requests.call('unmuteBroadcast');
  }

  /** Set the volume, from 0 to 1. */
  setVolume(volume) {
    return this._requests.call('setVolume', { volume });
  }

  getSessionStatus() {
    return this._requests.call('getSessionStatus');
  }

  /** End the session for every participant, and close it. */
  async endSession() {
    await this._requests.call('endSession').catch((error) => {
      if (error.status !== 404) throw error; // it has ended already
    });
    this._supervisor.close('endedBySpeaker');
  }
}

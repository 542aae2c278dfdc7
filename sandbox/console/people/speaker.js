/** The speaker: creates the session, broadcasts and sends controls. */

import { createSession } from '/clients/js/lectern.js';
import { socketUrl, token } from '../stack/api.js';
import { wallNow } from './listener.js';
import { Person } from './person.js';

export class Speaker extends Person {
  constructor(parts) {
    super('Speaker', parts);
    this.status = null; // the last sessionStatus
    this.said = '';
  }

  async start(sourceLanguage, isPrivate = false) {
    const user = `speaker-${Math.random().toString(36).slice(2, 8)}`;
    const session = await createSession(socketUrl(), {
      ...this.options, sourceLanguage, private: isPrivate, token: () => token(user),
    });
    this.take(session);
    session.on('sessionStatus', (status) => {
      this.status = status;
      this.events.emit('people', this);
    });
  }

  get sessionId() {
    return this.session?.sessionId;
  }

  get joinKey() {
    return this.session?.joinKey;
  }

  get broadcasting() {
    return this.session?.broadcastState;
  }

  /** Broadcast to everybody or to one language; `original` is the text before its translation. */
  async say(text, targetLanguage, original = text) {
    this.said = original;
    this.events.emit('people', this);
    return this.session.broadcast({ text, sentAt: wallNow() }, targetLanguage ? { targetLanguage } : {});
  }

  /** Send one of the SDK's controls by name: `pauseBroadcast`, `setVolume`, … */
  async steer(control, ...values) {
    await this.session[control](...values);
    this.events.emit('people', this);
  }

  async end() {
    await this.session.endSession();
  }

  returned(millis) {
    const back = Math.round(millis);
    this.journal.story(`The speaker is back after ${back} ms, within the grace period. The session continues.`);
  }

  left(reason) {
    this.journal.story(reason === 'endedBySpeaker' ? 'The session has ended, and every listener was notified.' : `The session has ended: ${reason}.`);
  }
}

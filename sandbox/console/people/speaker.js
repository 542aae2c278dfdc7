/** The speaker: creates the session, broadcasts, steers. */

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

  async start(sourceLanguage) {
    const user = `speaker-${Math.random().toString(36).slice(2, 8)}`;
    const session = await createSession(socketUrl(), {
      ...this.options, sourceLanguage, token: () => token(user),
    });
    this.take(session);
    session.on('sessionStatus', (status) => {
      this.status = status;
      this.news.tell('people', this);
    });
  }

  get sessionId() {
    return this.session?.sessionId;
  }

  get broadcasting() {
    return this.session?.broadcastState;
  }

  /** To everybody, or to the listeners of one language; `original` is what they hear translated. */
  async say(text, targetLanguage, original = text) {
    this.said = original;
    this.news.tell('people', this);
    return this.session.broadcast({ text, sentAt: wallNow() }, targetLanguage ? { targetLanguage } : {});
  }

  /** One of the SDK's controls by name: `pauseBroadcast`, `setVolume`, … */
  async steer(control, ...values) {
    await this.session[control](...values);
    this.news.tell('people', this);
  }

  async end() {
    await this.session.endSession();
  }

  returned(millis) {
    const back = Math.round(millis);
    this.journal.story(`The speaker is back after ${back} ms, within the grace: the session goes on.`);
  }

  left(reason) {
    this.journal.story(reason === 'endedBySpeaker' ? 'The session has ended: everybody was told.' : `The session has ended: ${reason}.`);
  }
}

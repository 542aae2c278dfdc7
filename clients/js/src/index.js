/**
 * Lectern's client for browsers and Node. PROTOCOL.md is the contract; numbers in brackets are its
 * sections. Durations are in seconds, times in epoch milliseconds.
 */

import { ListenerSession } from './listener.js';
import { SpeakerSession } from './speaker.js';

export { LecternError } from './errors.js';
export { joinLink, readJoinLink } from './link.js';
export { DEFAULTS } from './options.js';
export { Streams } from './streams.js';

/** Create a session as its speaker. Resolves with it once it is open. */
export function createSession(url, options) {
  const { sourceLanguage, qualityTier, private: isPrivate, languages } = options;
  const fields = { sourceLanguage, qualityTier, private: isPrivate, languages };
  return new SpeakerSession(url, options).start(['createSession', fields]);
}

/** Take over a running session as its speaker, for example after a page was reloaded (6.1, 6.3). */
export function resumeSession(url, options) {
  return new SpeakerSession(url, options).start();
}

/** Join a session as a listener. With `resumeToken` and `lastSeq` it continues an earlier one. */
export function joinSession(url, options) {
  const { sessionId, targetLanguage, joinKey, resumeToken, lastSeq } = options;
  const fields = { sessionId, targetLanguage, joinKey, resumeToken, lastSeq };
  return new ListenerSession(url, options).start(['joinSession', fields]);
}

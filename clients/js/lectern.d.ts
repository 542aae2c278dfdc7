/** Types of Lectern's client. Durations are in seconds, times in epoch milliseconds. */

import type { ListenerOptions, ResumeOptions, SpeakerOptions } from './types/options.js';
import type { ListenerSession, SpeakerSession } from './types/session.js';

export * from './types/errors.js';
export * from './types/messages.js';
export * from './types/options.js';
export * from './types/session.js';
export * from './types/streams.js';

export function createSession(url: string, options: SpeakerOptions): Promise<SpeakerSession>;
export function joinSession(url: string, options: ListenerOptions): Promise<ListenerSession>;
export function resumeSession(url: string, options: ResumeOptions): Promise<SpeakerSession>;

/** Return the address of a page of yours that names a session, with its key behind the `#`. */
export function joinLink(page: string, session: { sessionId: string; joinKey?: string }): string;
/** Return what such an address names, as options of `joinSession`. */
export function readJoinLink(address: string): { sessionId?: string; joinKey?: string };

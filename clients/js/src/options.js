import { LecternError } from './errors.js';

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

/** Fill in the defaults and the platform's parts. Throws a TypeError if there is no WebSocket. */
export function withDefaults(options) {
  const timers = {
    setTimeout: (...args) => globalThis.setTimeout(...args),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
  };
  const platform = { WebSocket: globalThis.WebSocket, timers, random: Math.random };
  const all = { ...DEFAULTS, ...platform, ...options };
  if (!all.WebSocket) throw new TypeError('this platform has no WebSocket: pass one as an option');
  return all;
}

/**
 * Return the address to connect to. The platform's own WebSocket cannot read the status of a refused
 * handshake, so the stack is asked to tell it by a message (1.3).
 */
export function addressOf(url, role, { WebSocket }) {
  const address = new URL(url);
  address.searchParams.set('role', role);
  if (WebSocket === globalThis.WebSocket) address.searchParams.set('refusal', 'message');
  return address.href;
}

/** Return the token to connect with. Rejects with TOKEN_UNAVAILABLE if the callback fails. */
export async function fetchToken({ token }) {
  if (typeof token !== 'function') return token;
  try {
    return await token();
  } catch (cause) {
    throw new LecternError('TOKEN_UNAVAILABLE', cause?.message, { cause });
  }
}

/** Return the seconds to wait: full jitter under a cap, on top of the error's `retryAfter`. */
export function backoff({ backoffBase, backoffCap, random }, attempt, error) {
  const ceiling = Math.min(backoffCap, backoffBase * 2 ** attempt);
  return (error?.retryAfter ?? 0) + random() * ceiling;
}

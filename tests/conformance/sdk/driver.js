/** Drives the JavaScript SDK for the suite: commands on stdin, results on stdout, one a line. */

import { createInterface } from 'node:readline';

import { createSession, joinSession } from '../../../clients/js/lectern.js';

const NEVER = 1e6; // seconds: the timeout of replies and handshakes
const RECORDED = ['broadcast', 'gap', 'state', 'error', 'topicMessage', 'sessionEnded'];

const sessions = [];
const events = [];
const timers = new Map();
let now = 0;
let count = 0;
let asking = 0;

const settle = () => new Promise((resolve) => setImmediate(resolve));

const clock = {
  setTimeout(call, milliseconds) {
    timers.set((count += 1), { call, due: now + milliseconds });
    return count;
  },
  clearTimeout: (id) => timers.delete(id),
};
const options = { timers: clock, requestTimeout: NEVER, connectTimeout: NEVER, drainTimeout: 5 };

async function fetchToken(url) {
  asking += 1;
  try {
    return (await (await fetch(url)).json()).token;
  } finally {
    asking -= 1;
  }
}

function record(session) {
  const seen = [];
  for (const type of RECORDED) {
    session.on(type, (event) => seen.push({ ...event, type, code: event.code }));
  }
  events.push(seen);
  return sessions.push(session) - 1;
}

function waiting() {
  return [...timers].map(([id, timer]) => ({ id, ...timer, left: (timer.due - now) / 1000 }));
}

const commands = {
  create: async ({ url, tokenUrl }) => {
    const token = () => fetchToken(tokenUrl);
    return record(await createSession(url, { ...options, token, sourceLanguage: 'en' }));
  },
  join: async ({ url, sessionId, language }) =>
    record(await joinSession(url, { ...options, sessionId, targetLanguage: language })),
  call: async ({ session, action, args }) => {
    const target = sessions[session];
    const [data, targetLanguage] = args;
    if (action === 'broadcast') return target.broadcast(data, { targetLanguage: targetLanguage ?? undefined });
    if (action === 'submitRequest') return (await target.submitRequest(...args)).result;
    return target[action](...args);
  },
  events: ({ session }) => events[session],
  look: ({ session }) => {
    const { sessionId, state, closeReason } = sessions[session];
    return { sessionId, state, closeReason: closeReason ?? null };
  },
  due: () => {
    const lefts = waiting().map(({ left }) => left).filter((left) => left < NEVER / 2);
    return lefts.length ? Math.min(...lefts) : null;
  },
  busy: async () => {
    await settle();
    return asking > 0 || waiting().some(({ left }) => left > NEVER / 2);
  },
  advance: async ({ seconds }) => {
    const end = now + seconds * 1000;
    for (;;) {
      await settle();
      const [next] = waiting().filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (!next) break;
      timers.delete(next.id);
      now = next.due;
      next.call();
    }
    now = end;
  },
  close: () => sessions.forEach((session) => session.close()),
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, command, ...fields } = JSON.parse(line);
  let result;
  try {
    result = { id, value: (await commands[command](fields)) ?? null };
  } catch (error) {
    result = { id, error: error.code ?? String(error) };
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}).on('close', () => process.exit());

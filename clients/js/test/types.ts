// Compiled, never run: `npm run types` shows that the types say what the README does.
import { createSession, joinSession, LecternError } from '../lectern.js';

export async function talk(url: string): Promise<number> {
  const speaker = await createSession(url, { sourceLanguage: 'en', token: async () => 'jwt' });
  speaker.on('sessionStatus', ({ listenerCount }) => listenerCount.toFixed());
  const { seq } = await speaker.broadcast({ text: 'hola' }, { targetLanguage: 'es' });
  // @ts-expect-error a speaker has no language to change
  speaker.changeLanguage('es');
  return seq;
}

export async function listen(url: string, sessionId: string): Promise<void> {
  try {
    const session = await joinSession(url, { sessionId, targetLanguage: 'es' });
    session.on('gap', ({ stream, from, to }) => `${stream} ${from}-${to}`);
    session.on('tenantMessage', ({ data, timestamp }) => console.log(timestamp.toFixed(), data));
    for await (const { data, seq } of session) console.log(seq, data);
  } catch (error) {
    if (error instanceof LecternError && error.retryable) console.log(error.retryAfter);
  }
}

/** The sandbox's own endpoints (PROTOCOL 7). */

async function ask(method, path, body) {
  const response = await fetch(`/_sandbox/${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? `the stack answered ${response.status}`);
  return answer;
}

export const advance = (seconds) => ask('POST', 'clock', { advance: seconds });
export const runSchedule = (name) => ask('POST', `schedules/${name}`);
export const addFault = (fault) => ask('POST', 'faults', fault);
export const endFaults = () => ask('DELETE', 'faults');
/** Cuts sockets without a close frame: `{client}` as its URL said, or `{connectionId}`. */
export const cut = (which) => ask('POST', 'cut', which);
export const token = async (sub) => (await ask('GET', `token?sub=${encodeURIComponent(sub)}`)).token;

export const socketUrl = () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/local`;

/** The physics in force: the latencies, quotas and contention of AWS. */

import { h, onceAFrame, setText } from '../lib/dom.js';
import { changePhysics, endPhysics } from '../stack/api.js';

export function physics(stack, events, attempt) {
  const begin = h('button', { type: 'button', id: 'as-aws', onclick: attempt(() => changePhysics({ profile: 'aws' })) }, 'As on AWS');
  const end = h('button.quiet', { type: 'button', id: 'end-physics', onclick: attempt(endPhysics) }, 'End');
  const figures = h('p.small.mono', { id: 'physics', role: 'status' });
  const draw = onceAFrame(() => {
    const inForce = describe(stack.physics);
    setText(figures, inForce || 'Nothing takes time, nothing is limited.');
    end.hidden = !inForce;
  });
  events.on('physics', draw);
  draw();
  return h('div.stack', {}, h('h3', {}, 'Latency, quotas and contention'), h('div.row', {}, begin, end), figures);
}

/** Return the figures that are not 0, such as `management ms 10 · concurrency 1000`. */
export function describe(physics) {
  return Object.entries(physics)
    .filter(([, value]) => (Array.isArray(value) ? value.some(Boolean) : value))
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${Array.isArray(value) ? value.join('–') : value}`)
    .join(' · ');
}

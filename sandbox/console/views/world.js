/** Clock and faults: moves of the clock, cut sockets, faults, physics, schedules. */

import { h, onceAFrame, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { addFault, endFaults, runSchedule } from '../stack/api.js';
import { travel } from '../stack/time.js';
import { physics } from './physics.js';

const MINUTE = 60;
const FAULTS = {
  'management throttle': 'Posts are throttled',
  'management error': 'Posts fail with 500',
  'management drop': 'Posts get lost',
  'management reorder': 'Posts overtake each other',
  'management duplicate': 'Posts are made twice',
  'dynamodb throttle': 'DynamoDB is throttled',
  'dynamodb error': 'DynamoDB fails with 500',
  'gateway drop': 'Events get lost',
  'gateway duplicate': 'Events come twice',
  'gateway delay': 'Events come late',
};

export function worldCard({ people, stack, journal, events, attempt }) {
  const card = document.querySelector('.world');
  card.append(
    h('div.head', {}, h('h2', { id: 'world-title' }, 'Clock and faults')),
    clock(people, stack, journal, attempt),
    h('hr'),
    trouble(people, journal, attempt),
    h('hr'),
    faults(stack, events, attempt),
    h('hr'),
    physics(stack, events, attempt),
    h('hr'),
    schedules(stack, events, journal, attempt),
  );
}

function clock(people, stack, journal, attempt) {
  const bar = h('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Moving the clock' });
  const refreshed = () => [...stack.tables.connections.values()].every(
    ({ sessionId, supersededBy, connectedAt }) => !sessionId || supersededBy || stack.now - connectedAt < 100 * MINUTE * 1000);
  const move = (seconds, until) => attempt(async () => {
    for (const button of row.children) button.disabled = true;
    bar.hidden = false;
    const before = { moves: sum(people, 'refreshes'), returns: sum(people, 'returns'), people: people.listeners.size };
    try {
      await travel(stack, seconds, {
        beat: () => people.settle(),
        onProgress: (share) => {
          bar.value = share;
        },
        until,
      });
    } finally {
      bar.hidden = true;
      for (const button of row.children) button.disabled = false;
    }
    const moved = sum(people, 'refreshes') - before.moves;
    const returns = sum(people, 'returns') - before.returns;
    const lost = before.people - people.listeners.size;
    journal.story([
      moved ? `The clock was moved; ${plural(moved, 'socket')} were replaced.` : 'The clock was moved.',
      returns ? `${returns} were disconnected and reconnected.` : '',
      lost > 0 ? `${plural(lost, 'listener')} left.` : 'Nobody was lost.',
    ].filter(Boolean).join(' '), lost > 0);
  });
  const row = h('div.row.even', { id: 'moves' },
    h('button', { type: 'button', onclick: move(MINUTE) }, '1 minute'),
    h('button', { type: 'button', id: 'move-100', onclick: move(100 * MINUTE, refreshed) }, '100 minutes'),
    h('button', { type: 'button', onclick: move(120 * MINUTE) }, '2 hours'));
  return h('div.stack', {}, h('h3', {}, 'Move the stack’s clock'), row, bar,
    h('p.small.muted', {}, 'In steps, with heartbeats in between. After 100 minutes it goes on until every socket has been replaced.'));
}

const sum = ({ listeners, speaker }, name) =>
  [...listeners.values(), ...(speaker ? [speaker] : [])].reduce((all, person) => all + person[name], 0);

function trouble(people, journal, attempt) {
  const cutOne = async () => {
    const listener = people.anyListener();
    if (!listener) throw new Error('Nobody is listening on this page.');
    journal.story(`${listener.name}: the socket was cut without a close frame.`);
    await listener.cut();
  };
  const cutSpeaker = async () => {
    if (!people.speaker) throw new Error('There is no speaker on this page.');
    journal.story('The speaker’s socket was cut. Listeners wait for its return.');
    await people.speaker.cut();
  };
  const lose = async () => {
    await addFault({ target: 'gateway', fault: 'drop', times: 1, operation: '$disconnect' });
    await cutOne();
    journal.story('The $disconnect event was lost: the old connection stays in the tables until the sweep finds it silent.');
  };
  return h('div.stack', {}, h('h3', {}, 'Cut a connection'),
    h('div.row.wrap', {},
      h('button', { type: 'button', id: 'cut', onclick: attempt(cutOne) }, 'A listener'),
      h('button', { type: 'button', onclick: attempt(cutSpeaker) }, 'The speaker'),
      h('button', { type: 'button', id: 'lose', onclick: attempt(lose) }, 'A listener, unnoticed')),
    h('p.small.muted', {}, 'Unnoticed: the $disconnect event is lost, as can happen on AWS. The sweep finds the silent connection.'));
}

function faults(stack, events, attempt) {
  const which = h('select', { 'aria-label': 'Fault' }, ...Object.entries(FAULTS).map(([value, text]) => h('option', { value }, text)));
  const share = h('select', { 'aria-label': 'Rate' },
    ...[['0.1', '1 in 10'], ['0.3', '3 in 10'], ['1', 'always']].map(([value, text]) => h('option', { value }, text)));
  const inject = async () => {
    const [target, fault] = which.value.split(' ');
    await addFault({ target, fault, rate: Number(share.value), seed: Math.floor(Math.random() * 1e6) });
  };
  const list = h('ul.faults');
  const end = h('button.quiet', { type: 'button', onclick: attempt(endFaults) }, 'End all faults');
  const draw = onceAFrame(() => {
    end.hidden = !stack.faults.length;
    list.replaceChildren(...stack.faults.map((fault) => h('li', {}, h('span.chip.bad', {}, 'on'), describe(fault))));
  });
  events.on('faults', draw);
  draw();
  return h('div.stack', {}, h('h3', {}, 'Inject a fault'),
    which,
    h('div.row', {}, h('div.grow', {}, share), h('button', { type: 'button', id: 'inject', onclick: attempt(inject) }, 'Inject')),
    list, end);
}

function describe({ target, fault, rate, times, operation }) {
  const text = FAULTS[`${target} ${fault}`] ?? `${target}: ${fault}`;
  const often = rate === undefined ? `the next ${times}` : rate === 1 ? 'always' : `${Math.round(rate * 10)} in 10`;
  return [text, operation, often].filter(Boolean).join(', ');
}

function schedules(stack, events, journal, attempt) {
  const row = h('div.row.wrap');
  const answer = h('p.small.mono', { role: 'status' });
  const run = (name) => attempt(async () => {
    const result = JSON.stringify(await runSchedule(name));
    setText(answer, `${name}: ${result}`);
    journal.add('stack', name, `run manually: ${result}`);
  });
  events.on('link', () => {
    row.replaceChildren(...stack.schedules.map((name) =>
      h('button', { type: 'button', onclick: run(name) }, name.replaceAll('_', ' '))));
  });
  return h('div.stack', {}, h('h3', {}, 'Run a scheduled function now'), row, answer);
}

// Where people sit: run by node --test, as nothing here needs a browser.

import assert from 'node:assert/strict';
import test from 'node:test';

import { arrange } from '../../../sandbox/console/views/seats.js';

const crowd = (counts) =>
  Object.entries(counts).map(([language, count]) => ({ language, seats: Array.from({ length: count }, (_, i) => `${language}${i}`) }));

function nearest({ places }) {
  let least = Infinity;
  places.forEach((a, index) => {
    for (const b of places.slice(index + 1)) least = Math.min(least, Math.hypot(a.x - b.x, a.y - b.y));
  });
  return least;
}

for (const [name, counts] of Object.entries({
  one: { es: 1 },
  thirty: { es: 8, fr: 7, de: 5, pt: 4, it: 3, pl: 3 },
  'five hundred': { es: 84, fr: 84, de: 83, pt: 83, it: 83, pl: 83 },
  'one among many': { es: 300, fr: 1 },
  'twelve languages': Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`l${i}`, 5])),
})) {
  test(`${name}: everybody has a seat of their own, inside the room`, () => {
    const room = arrange(crowd(counts), 680, 320);

    const total = Object.values(counts).reduce((a, b) => a + b);
    assert.equal(new Set(room.places.map(({ seat }) => seat)).size, total);
    for (const { x, y } of room.places) assert.ok(x >= 0 && x <= 680 && y >= 0 && y <= 320);
    assert.ok(total === 1 || nearest(room) > room.pitch * 0.5, `${nearest(room)} of ${room.pitch}`);
  });
}

test('nobody: an empty room', () => {
  assert.deepEqual(arrange([], 680, 320).places, []);
});

test('a canvas without size does not hang', () => {
  assert.ok(arrange(crowd({ es: 3 }), 0, 0).pitch > 0);
});

import assert from 'node:assert/strict';
import test from 'node:test';

import { Streams } from '../lectern.js';
import { broadcast } from './stack.js';

const seqs = (out) => out.map((item) => (item.type === 'gap' ? [item.from, item.to] : item.seq));
const standing = (lastSeq) => {
  const streams = new Streams('es');
  streams.restore({ lastSeq });
  return streams;
};

test('broadcasts that overtake each other are delivered in order', () => {
  const streams = standing({ es: 0 });
  assert.deepEqual(seqs(streams.add(broadcast(2))), []);
  assert.deepEqual(seqs(streams.add(broadcast(3))), []);
  assert.deepEqual(seqs(streams.add(broadcast(1))), [1, 2, 3]);
  assert.equal(streams.behind, false);
});

test('a duplicate is dropped, whether its broadcast waits or is delivered', () => {
  const streams = standing({ es: 4 });
  assert.deepEqual(seqs(streams.add(broadcast(4))), []);
  streams.add(broadcast(6));
  streams.add(broadcast(6));
  assert.deepEqual(seqs(streams.add(broadcast(5))), [5, 6]);
});

test("broadcasts before the first reply wait for the streams' positions", () => {
  const streams = new Streams('es');
  assert.deepEqual(seqs(streams.add(broadcast(8))), []);
  assert.deepEqual(seqs(streams.add(broadcast(7))), []);
  assert.deepEqual(seqs(streams.restore({ lastSeq: { es: 7 } })), [8]);
});

test('a stream that the first reply does not name starts at 1', () => {
  const streams = standing({});
  assert.deepEqual(seqs(streams.add(broadcast(2))), []);
  assert.equal(streams.behind, true);
  assert.deepEqual(seqs(streams.add(broadcast(1))), [1, 2]);
});

test('a stream whose position is ahead is behind', () => {
  const streams = standing({ es: 3 });
  streams.tell({ es: 5 });
  assert.equal(streams.behind, true);
  const missed = [broadcast(4), broadcast(5)];
  assert.deepEqual(seqs(streams.restore({ lastSeq: { es: 5 }, missed })), [4, 5]);
  assert.equal(streams.behind, false);
});

test('broadcasts older than the first in a reply with a gap are given up', () => {
  const streams = standing({ es: 3 });
  const missed = [broadcast(6), broadcast(7)];
  const out = streams.restore({ lastSeq: { es: 7 }, missed, gap: true });
  assert.deepEqual(seqs(out), [[4, 5], 6, 7]);
});

test('a truncated reply gives up nothing after its first broadcast', () => {
  const streams = standing({ es: 3 });
  const missed = [broadcast(4), broadcast(5)];
  const out = streams.restore({ lastSeq: { es: 9 }, missed, gap: true });
  assert.deepEqual(seqs(out), [4, 5]);
  assert.equal(streams.behind, true);
});

test('missing broadcasts are given up only on skip', () => {
  const streams = standing({ es: 3 });
  streams.add(broadcast(6));
  const out = streams.restore({ lastSeq: { es: 8 }, missed: [], gap: true });
  assert.deepEqual(seqs(out), []);
  assert.equal(streams.behind, true);
  assert.deepEqual(seqs(streams.skip()), [[4, 5], 6, [7, 8]]);
});

test('a new language begins where the reply says', () => {
  const streams = standing({ es: 3, '*': 1 });
  streams.follow('fr');
  assert.deepEqual(seqs(streams.add(broadcast(4))), [4]);
  assert.deepEqual(seqs(streams.add(broadcast(11, 'fr'))), []);
  streams.tell({ '*': 1, fr: 11 });
  assert.deepEqual(seqs(streams.begin('fr', { '*': 1, fr: 10 })), [11]);
  streams.leave('es');
  assert.deepEqual(seqs(streams.add(broadcast(5))), []);
  assert.deepEqual(streams.lastSeq, { '*': 1, fr: 11 });
});

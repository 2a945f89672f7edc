import { expect, test } from 'vitest';
import { found, namesOf, shortKey, titleOf, toneOfPlayable, whyEnded } from './channel';

const HASH = '0123456789abcdef0123456789abcdef01234567';

test('a channel is called what its operator or its engine calls it', () => {
  expect(titleOf({ key: 'news', name: 'Evening News', title: 'x' })).toBe('Evening News');
  expect(titleOf({ key: HASH, name: HASH, title: 'The match' })).toBe('The match');
  expect(titleOf({ key: HASH, name: HASH, title: ' ' })).toBe(HASH);
});

test('a key has the name that its operator gave it, or else the one that its engine knows, now or before it ended', () => {
  const channels = [{ key: 'a', name: 'a', title: 'The match' }, { key: 'news', name: 'news', title: 'x' }, { key: 'b', name: 'b' }];
  const ended = [{ key: 'c', channel: 'c', title: 'The final' }, { key: 'a', title: 'Something else' }, { key: 'b', title: ' ' }];
  const names = namesOf(channels, [{ id: 'news', name: 'Evening News', kind: 'hls' }], ended);
  expect([...names].sort()).toEqual([['a', 'The match'], ['c', 'The final'], ['news', 'Evening News']]);
});

test('a key is cut where nobody reads it', () => {
  expect([shortKey(HASH), shortKey(`infohash-${HASH}`), shortKey('news')]).toEqual(['01234567…4567', 'infohash-01234567…4567', 'news']);
});

test('a channel is found by its key, its stream, and by the infohash that it turned out to have', () => {
  const channels = [{ key: 'news', stream_id: 'news-7' }, { key: 'a'.repeat(40), infohash: HASH }];
  expect(found(channels, 'news')?.key).toBe('news');
  expect(found(channels, 'news-7')?.key).toBe('news');
  expect(found(channels, `infohash-${HASH}`)?.key).toBe('a'.repeat(40));
  expect(found(channels, `magnet-${HASH}`)?.key).toBe('a'.repeat(40));
  expect([found(channels, HASH), found(channels, 'infohash-')]).toEqual([undefined, undefined]);
});

test('a viewer with less than a segment is near to standing still', () => {
  expect([null, 0, 3, 9].map((seconds) => toneOfPlayable(seconds, 6))).toEqual(['quiet', 'bad', 'warning', 'good']);
});

test('an end is told in words, an unknown one as it is', () => {
  expect(whyEnded({ end_reason: 'last_viewer_left' })).toBe('Its last viewer had left');
  expect(whyEnded({ end_reason: 'engine_on_fire' })).toBe('Engine on fire');
  expect(whyEnded({ end_reason: null })).toBe('No reason is known');
});

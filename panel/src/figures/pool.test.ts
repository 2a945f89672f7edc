import { expect, test } from 'vitest';
import type { Segment, Viewer } from '../api/types';
import { pool } from './pool';

const segment = (sequence: number, seconds: number, more: Partial<Segment> = {}): Segment => ({
  sequence,
  duration_seconds: seconds,
  bytes: seconds * 1000,
  discontinuity: false,
  listed: true,
  slate: false,
  ...more,
});
const viewer = (position: number | null, waiting = false) => ({ client_id: `at ${position}`, position, waiting }) as Viewer;
const draw = (window: Segment[], viewers: Viewer[] = [], open?: { bytes: number; seconds: number }) =>
  pool({ window, viewers_list: viewers, open });

test('segments stand in the order of their numbers, as wide as they are long', () => {
  const { tiles, seconds } = draw([segment(8, 6), segment(7, 2)]);
  expect(tiles.map((it) => [it.sequence, it.left, it.width])).toEqual([[7, 0, 0.25], [8, 0.25, 0.75]]);
  expect(seconds).toBe(8);
});

test('sizes are told next to the largest', () => {
  expect(draw([segment(1, 4, { bytes: 500 }), segment(2, 4, { bytes: 1000 })]).tiles.map((it) => it.fill)).toEqual([0.5, 1]);
});

test('what is still being received stands behind the live edge', () => {
  const { tiles, edge } = draw([segment(1, 6)], [], { bytes: 100, seconds: 2 });
  expect(edge).toBe(0.75);
  expect(tiles.map((it) => it.kind)).toEqual(['segment', 'open']);
  expect(tiles[1]).toMatchObject({ sequence: 2, left: 0.75, width: 0.25 });
});

test('a viewer stands within the segment that it plays', () => {
  const { markers } = draw([segment(10, 2), segment(11, 6)], [viewer(11.5)]);
  expect(markers[0]?.left).toBe(0.625);
});

test('viewers beside the window stand at its edges, and those without a position nowhere', () => {
  const { markers } = draw([segment(10, 2), segment(11, 2)], [viewer(3), viewer(99), viewer(null)]);
  expect(markers.map((it) => it.left)).toEqual([0, 1]);
});

test('viewers at one place share a marker, which tells that one of them waits', () => {
  const { markers } = draw([segment(1, 4), segment(2, 4)], [viewer(1.5), viewer(1.501, true), viewer(2.5)]);
  expect(markers.map((it) => [it.viewers.length, it.waiting])).toEqual([[2, true], [1, false]]);
});

test('an empty pool is drawn as nothing', () => {
  expect(draw([], [viewer(4)])).toEqual({ tiles: [], markers: [], edge: 1, seconds: 0 });
});

import { expect, test } from 'vitest';
import { sparkPath, thinned } from './spark';

test('a line goes from left to right, the largest value at the top', () => {
  expect(sparkPath([0, 5, 10], 100, 20)).toBe('M0.0 20.0L50.0 10.0L100.0 0.0');
});

test('what is unknown is a hole, not a zero', () => {
  expect(sparkPath([1, null, 1, 1], 90, 10)).toBe('M0.0 0.0M60.0 0.0L90.0 0.0');
});

test('a line needs two points, and one of zeros lies at the bottom', () => {
  expect([sparkPath([], 10, 10), sparkPath([3], 10, 10)]).toEqual(['', '']);
  expect(sparkPath([0, 0], 10, 10)).toBe('M0.0 10.0L10.0 10.0');
});

test('many values become the means of their shares', () => {
  expect(thinned([1, 3, 5, 7, null, null, 9], 4)).toEqual([2, 6, null, 9]);
  expect(thinned([], 4)).toEqual([]);
});

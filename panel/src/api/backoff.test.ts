import { expect, test } from 'vitest';
import { backoff } from './backoff';

test('each failure doubles the wait, up to a bound', () => {
  expect([0, 1, 2, 3, 10, 1000].map((failures) => backoff(failures, 0))).toEqual([500, 1000, 2000, 4000, 15_000, 15_000]);
});

test('waits differ, so that many panels do not come back at once', () => {
  expect(backoff(4, 1)).toBe(6000);
  expect(backoff(4, 0.5)).toBe(7000);
});

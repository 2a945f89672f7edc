import { expect, test } from 'vitest';
import { append, columns } from './series';

const at = (second: number) => ({ at: new Date(second * 1000).toISOString(), value: second });

test('points are added behind those that are there, none of them twice', () => {
  expect(append([at(1), at(2)], [at(2), at(3)], 10).map((it) => it.value)).toEqual([1, 2, 3]);
  expect(append([], [at(2), at(3)], 10).map((it) => it.value)).toEqual([2, 3]);
});

test('the oldest points make room', () => {
  expect(append([at(1), at(2)], [at(3)], 2).map((it) => it.value)).toEqual([2, 3]);
});

test('each figure is a column beside the times', () => {
  const figure = (point: { value: number }) => (point.value === 2 ? null : point.value * 10);
  expect(columns([at(1), at(2), at(3)], 1, [figure])).toEqual([[1, 2, 3], [10, null, 30]]);
});

test('a line breaks where nothing was sampled', () => {
  expect(columns([at(1), at(2), at(60)], 1, [(point) => point.value])).toEqual([[1, 2, 3, 60], [1, 2, null, 60]]);
});

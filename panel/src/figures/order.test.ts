import { expect, test } from 'vitest';
import { matches, sorted, steady } from './order';

const key = (row: { id: string }) => row.id;
const row = (id: string, value?: number | string | null) => ({ id, value });
const ids = (rows: { id: string }[]) => rows.map((it) => it.id).join('');

test('rows are sorted by numbers as numbers and by texts as people do', () => {
  const rows = [row('a', 10), row('b', 9), row('c', 100)];
  expect(ids(sorted(rows, (it) => it.value, 'ascending', key))).toBe('bac');
  expect(ids(sorted(rows, (it) => it.value, 'descending', key))).toBe('cab');
  expect(ids(sorted([row('a', 'tv 10'), row('b', 'TV 9')], (it) => it.value, 'ascending', key))).toBe('ba');
});

test('what is unknown comes last in both directions', () => {
  const rows = [row('a', null), row('b', 1), row('c'), row('d', 2)];
  expect(ids(sorted(rows, (it) => it.value, 'ascending', key))).toBe('bdac');
  expect(ids(sorted(rows, (it) => it.value, 'descending', key))).toBe('dbac');
});

test('rows of equal value keep one order, however they come', () => {
  expect(ids(sorted([row('b', 1), row('a', 1)], (it) => it.value, 'descending', key))).toBe('ab');
});

test('while it is pointed at, a table moves no row', () => {
  const before = [row('a', 1), row('b', 2), row('c', 3)];
  const now = [row('d', 9), row('c', 30), row('a', 10)];
  const rows = steady(before, now, key);
  expect(ids(rows.map((it) => it.row))).toBe('abcd');
  expect(rows.map((it) => it.gone)).toEqual([false, true, false, false]);
  expect(rows.map((it) => it.row.value)).toEqual([10, 2, 30, 9]);
});

test('a filter takes each word by itself, in any letters', () => {
  expect(matches('news HD', ['Evening News', 'hd 2'])).toBe(true);
  expect(matches('news 4k', ['Evening News', 'hd 2'])).toBe(false);
  expect(matches('', [null])).toBe(true);
});

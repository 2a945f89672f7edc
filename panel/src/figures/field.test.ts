import { expect, test } from 'vitest';
import type { Setting } from '../api/types';
import { complaintFor, judge, labelOf, range } from './field';

const seconds = { key: 'connection_timeout', kind: 'number', min: 5, max: 60, unit: 'seconds' } as Setting;
const count = { key: 'hls_max_segments', kind: 'integer', min: 5, max: 100 } as Setting;
const mode = { key: 'stream_mode', kind: 'choice', choices: ['TS', 'HLS'] } as Setting;

test('a number within its range is taken, with either decimal sign', () => {
  expect(judge(seconds, ' 7.5 ')).toEqual({ value: 7.5 });
  expect(judge(seconds, '7,5')).toEqual({ value: 7.5 });
  expect(judge(count, '100')).toEqual({ value: 100 });
});

test('what cannot be right is told with what would be', () => {
  expect(judge(seconds, '61')).toEqual({ mistake: 'Give a number 5 to 60 s.' });
  expect(judge(seconds, 'soon')).toEqual({ mistake: 'This is not a number: 5 to 60 s.' });
  expect(judge(count, '')).toEqual({ mistake: 'Give a number: 5 to 100.' });
  expect(judge(count, '6.5')).toEqual({ mistake: 'Give a whole number.' });
  for (const odd of ['Infinity', 'NaN', '1e999', '0x']) expect(judge(count, odd)).toHaveProperty('mistake');
});

test('a choice is one of its words', () => {
  expect(judge(mode, 'HLS')).toEqual({ value: 'HLS' });
  expect(judge(mode, 'DASH')).toHaveProperty('mistake');
});

test('a setting is named as people say it', () => {
  expect([labelOf(count), labelOf(seconds), labelOf({ key: 'ts_join_seconds' })]).toEqual(['Max segments', 'Connection timeout', 'TS join seconds']);
  expect(range(count)).toBe('5 to 100');
});

test('a field shows its own complaint, and the first one where it has none', () => {
  const errors = [{ field: 'hls_window_size', message: 'too wide' }];
  expect(complaintFor('hls_window_size', errors, 'no')).toBe('too wide');
  expect(complaintFor('slate', errors, 'no')).toBe('no');
});

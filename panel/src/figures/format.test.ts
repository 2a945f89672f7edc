import { expect, test } from 'vitest';
import { ago, agent, bytes, clock, counted, duration, engineRate, engineRates, milliseconds, rate, roughly, seconds, wholeSeconds } from './format';

test('bytes carry the unit in which they have at most three digits', () => {
  expect(bytes(0)).toBe('0 B');
  expect(bytes(1023)).toBe('1023 B');
  expect(bytes(1024)).toBe('1.0 KiB');
  expect(bytes(10 * 1024 - 1)).toBe('10 KiB');
  expect(bytes(1024 ** 2 - 1)).toBe('1.0 MiB');
  expect(bytes(223_000_000)).toBe('213 MiB');
  expect(bytes(5000 * 1024 ** 4)).toBe('5000 TiB');
});

test('what is not known is shown as absent, never as zero', () => {
  expect([bytes(null), bytes(Number.NaN), bytes(-1)]).toEqual(['–', '–', '–']);
  expect([duration(undefined), seconds(null), ago('soon', 0)]).toEqual(['–', '–', '–']);
});

test('a duration shows its two largest units', () => {
  expect([0, 59.9, 60, 3599, 3600, 86_399, 86_400, 370_800].map(duration)).toEqual([
    '0 s', '59 s', '1 min 0 s', '59 min 59 s', '1 h 0 min', '23 h 59 min', '1 d 0 h', '4 d 7 h',
  ]);
});

test('at a glance the largest unit is enough', () => {
  expect([42, 3599, 370_800, null].map(roughly)).toEqual(['42 s', '59 min', '4 d', '–']);
  expect([wholeSeconds(12.6), wholeSeconds(null)]).toEqual(['13 s', '–']);
});

test('what an engine takes and gives is told in one unit where that is so', () => {
  expect(engineRates(525, 130)).toBe('4.2 / 1.0 Mbit/s');
  expect(engineRates(525, 12)).toBe('4.2 Mbit/s / 96 kbit/s');
  expect(engineRates(null, null)).toBe('– / –');
});

test('a buffer is told to a tenth of a second', () => {
  expect(seconds(12.34)).toBe('12.3 s');
});

test('a time is told as how long ago it was, and is never in the future', () => {
  const now = Date.parse('2024-05-01T12:00:10Z');
  expect(ago('2024-05-01T12:00:00Z', now)).toBe('10 s ago');
  expect(ago('2024-05-01T12:00:11Z', now)).toBe('0 s ago');
});

test('one is one, the rest are many', () => {
  expect([0, 1, 2500].map((count) => counted(count, 'viewer'))).toEqual(['0 viewers', '1 viewer', '2,500 viewers']);
});

test('players are called as people call them', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36';
  expect(agent(chrome)).toBe('Chrome 124');
  expect(agent(`${chrome} Edg/124.0`)).toBe('Edge 124');
  expect(agent('Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1')).toBe('Safari 17');
  expect(agent('VLC/3.0.21 LibVLC/3.0.21')).toBe('VLC 3.0.21');
  expect(agent('Kodi/21.1 (Linux; Android 12) Version/21.1')).toBe('Kodi 21.1');
  expect(agent('Lavf60.16.100')).toBe('Lavf60.16.100');
  expect([agent('Mozilla/4.0 (odd)'), agent(' '), agent(null)]).toEqual(['Mozilla/4.0 (odd)', 'unnamed player', 'unnamed player']);
});

test('rates count in thousands, as networks do', () => {
  expect([0, 999, 999.6, 4_200_000, 12_345_678_900].map(rate)).toEqual(['0 bit/s', '999 bit/s', '1.0 kbit/s', '4.2 Mbit/s', '12 Gbit/s']);
  expect(engineRate(525)).toBe('4.2 Mbit/s');
  expect([rate(null), engineRate(undefined)]).toEqual(['–', '–']);
});

test('short times are told in milliseconds', () => {
  expect([3.4, 1500, 12_300, null].map(milliseconds)).toEqual(['3 ms', '1,500 ms', '12.3 s', '–']);
});

test('a time of another day says which', () => {
  const now = new Date(2024, 4, 2, 9, 0, 0);
  expect(clock(new Date(2024, 4, 2, 8, 5, 4).toISOString(), now.getTime())).toBe('08:05:04');
  expect(clock(new Date(2024, 4, 1, 23, 5, 4).toISOString(), now.getTime())).toMatch(/1.*23:05:04$/);
  expect(clock('never', 0)).toBe('–');
});

import { expect, test } from 'vitest';
import type { News } from '../api/types';
import { isWanted, joined, kindInWords } from './event';

const news = (id: number, more: Partial<News> = {}): News => ({
  id,
  timestamp: '2024-05-01T12:00:00.000Z',
  event_type: 'stream_started',
  category: 'stream',
  severity: 'info',
  message: 'channel news started',
  details: {},
  ...more,
});
const all = { category: '', severity: 'info', typed: '' } as const;

test('a kind is said in words', () => {
  expect(kindInWords('stream_started')).toBe('Stream started');
});

test('a filter asks for category, weight and words', () => {
  expect(isWanted(news(1), all)).toBe(true);
  expect(isWanted(news(1), { ...all, category: 'engine' })).toBe(false);
  expect(isWanted(news(1), { ...all, severity: 'warning' })).toBe(false);
  expect(isWanted(news(1, { severity: 'error' }), { ...all, severity: 'warning' })).toBe(true);
  expect(isWanted(news(1, { channel: 'news' }), { ...all, typed: 'NEWS started' })).toBe(true);
});

test('what was told and what was asked for is one list, newest first, each once', () => {
  expect(joined([news(5), news(4)], [news(4), news(3)]).map((it) => it.id)).toEqual([5, 4, 3]);
});

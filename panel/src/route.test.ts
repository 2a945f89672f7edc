import { expect, test } from 'vitest';
import { parse, to } from './route';

const place = (hash: string) => {
  const { page, item, query } = parse(hash);
  return [page, item, query.toString()];
};

test('an address says which page, what of it, and how', () => {
  expect(place('#/streams')).toEqual(['streams', undefined, '']);
  expect(place('#/streams/news?play=hls')).toEqual(['streams', 'news', 'play=hls']);
  expect(place('')).toEqual(['overview', undefined, '']);
});

test('names of any kind come back as they were', () => {
  for (const name of ['127.0.0.1:6878', 'a/b', 'ä & ö?', '100%', '<b>']) {
    expect(parse(to('engines', name)).item).toBe(name);
  }
});

test('what is no page leads to the first one', () => {
  expect(place('#/nothing/here')).toEqual(['overview', undefined, '']);
  expect(place('#/streams/%E0%A4%A')).toEqual(['streams', '%E0%A4%A', '']);
});

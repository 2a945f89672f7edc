import { expect, test } from 'vitest';
import { select } from './selector';

const ID = '0123456789abcdef0123456789abcdef01234567';
const sources = [
  { id: 'news', name: 'Evening News', kind: 'hls' },
  { id: ID.replace('0', 'f'), name: 'Test Card', kind: 'demo' },
];

test('an id is taken, whatever its case and the blanks around it', () => {
  expect(select(`  ${ID.toUpperCase()}\n`, sources)).toEqual({ id: ID });
});

test('an acestream link is taken, with and without what players append to it', () => {
  expect(select(`acestream://${ID}`, sources)).toEqual({ id: ID });
  expect(select(`ACESTREAM://${ID.toUpperCase()}/`, sources)).toEqual({ id: ID });
  expect(select(`acestream:${ID}?name=News`, sources)).toEqual({ id: ID });
});

test('a source is found by its id and by its name', () => {
  expect(select('news', sources)).toEqual({ id: 'news' });
  expect(select('evening news', sources)).toEqual({ id: 'news' });
  expect(select('Test Card', sources)).toEqual({ id: sources[1]?.id });
});

test('nothing pasted is answered with what may be pasted', () => {
  expect(select(' ', sources)).toEqual({ problem: expect.stringContaining('Paste an id') });
});

test('an id that was cut off is told its length', () => {
  expect(select(ID.slice(1), sources)).toEqual({ problem: 'An id has 40 characters; this one has 39.' });
  expect(select(`acestream://${ID}0`, sources)).toEqual({ problem: expect.stringContaining('holds 41 characters') });
  expect(select('acestream://', sources)).toEqual({ problem: expect.stringContaining('holds none') });
});

test('links of engines and other proxies mean the id that they hold', () => {
  expect(select(`http://127.0.0.1:6878/ace/getstream?id=${ID}&pid=7`, sources)).toEqual({ id: ID });
  expect(select(`https://tv.test/ace/manifest.m3u8?content_id=${ID.toUpperCase()}`, sources)).toEqual({ id: ID });
  expect(select(`acestream:?infohash=${ID}`, sources)).toEqual({ id: `infohash-${ID}` });
  expect(select(`magnet:?dn=news&xt=urn:btih:${ID}`, sources)).toEqual({ id: `magnet-${ID}` });
});

test('links without an id are refused', () => {
  expect(select('https://example.test/live.m3u8', sources)).toEqual({ problem: expect.stringContaining('No id is in this link') });
});

test('an unknown name is refused when the sources are known, and left to Weir when they are not', () => {
  expect(select('sports', sources)).toEqual({ problem: expect.stringContaining('“sports”') });
  expect(select('sports', undefined)).toEqual({ id: 'sports' });
});

import { expect, test } from 'vitest';
import { ApiError, address, detailOf, fieldsOf, inWords, isAboutKey, serviceRoot, setRoot } from './client';
import { playUrl } from './links';

test('the service root is one level above the panel', () => {
  expect(serviceRoot('http://weir.test/panel/').href).toBe('http://weir.test/');
  expect(serviceRoot('http://weir.test/panel/index.html?x=1#y').href).toBe('http://weir.test/');
});

test('the service root keeps the sub-path of a reverse proxy', () => {
  expect(serviceRoot('https://home.test/tv/weir/panel/').href).toBe('https://home.test/tv/weir/');
});

test('links for players are absolute, say what they ask for, and keep odd names whole', () => {
  setRoot('https://home.test/tv/panel/#/streams');
  const hash = '0123456789abcdef0123456789abcdef01234567';
  expect(playUrl('news & more', 'hls')).toBe('https://home.test/tv/ace/manifest.m3u8?id=news+%26+more');
  expect(playUrl(hash, 'ts')).toBe(`https://home.test/tv/ace/getstream?id=${hash}&mode=ts`);
  expect(playUrl(`infohash-${hash}`, 'hls')).toBe(`https://home.test/tv/ace/manifest.m3u8?infohash=${hash}`);
  expect(playUrl(`magnet-${hash}`, 'hls')).toContain(`?magnet=magnet%3A%3Fxt%3Durn%3Abtih%3A${hash}`);
  expect(playUrl(`url-${hash}`, 'hls')).toBeUndefined();
});

test('what is not given does not stand in an address', () => {
  setRoot('http://weir.test/panel/');
  expect(address('/events', { query: { limit: 5, since: undefined, category: '' } }).href).toBe('http://weir.test/events?limit=5');
});

test('only a missing or a wrong key is a reason to ask for one', () => {
  expect(isAboutKey(new ApiError(401, 'missing bearer token'))).toBe(true);
  expect(isAboutKey(new ApiError(403, 'invalid token'))).toBe(true);
  expect(isAboutKey(new ApiError(403, 'this was sent by a page of another site'))).toBe(false);
});

test('what is wrong with single fields is read, whatever else an answer holds', () => {
  const error = { field: 'hls_window_size', message: 'too wide', value: 99 };
  expect(fieldsOf(JSON.stringify({ detail: 'x', errors: [error, null, { field: 1 }] }))).toEqual([error]);
  expect([fieldsOf('{}'), fieldsOf('<html>'), fieldsOf('null')]).toEqual([[], [], []]);
});

test('what Weir says about an error is found in both of its forms', () => {
  expect(detailOf('{"detail":"No engines available"}')).toBe('No engines available');
  expect(detailOf('{"detail":{"code":"looping_stream","message":"it loops"}}')).toBe('it loops');
});

test('an error page of something between us and Weir has no detail', () => {
  expect(detailOf('<html>502 Bad Gateway</html>')).toBeUndefined();
  expect(detailOf('null')).toBeUndefined();
  expect(detailOf('{"detail":null}')).toBeUndefined();
});

test('that nothing came is said in words, and what was broken off on purpose is left alone', () => {
  expect(inWords(new TypeError('Failed to fetch')).message).toBe('Weir does not answer');
  expect(inWords(new DOMException('signal timed out', 'TimeoutError')).message).toBe('Weir takes too long to answer');
  const aborted = new DOMException('aborted', 'AbortError');
  expect(inWords(aborted)).toBe(aborted);
});

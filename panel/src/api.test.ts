import { expect, test } from 'vitest';
import { detailOf, manifestUrl, noticesOf, serviceRoot } from './api';

test('the service root is one level above the panel', () => {
  expect(serviceRoot('http://weir.test/panel/').href).toBe('http://weir.test/');
  expect(serviceRoot('http://weir.test/panel/index.html?x=1#y').href).toBe('http://weir.test/');
});

test('the service root keeps the sub-path of a reverse proxy', () => {
  expect(serviceRoot('https://home.test/tv/weir/panel/').href).toBe('https://home.test/tv/weir/');
});

test('the link for players is absolute and keeps odd names whole', () => {
  const root = serviceRoot('https://home.test/tv/panel/');
  expect(manifestUrl(root, 'news & more')).toBe('https://home.test/tv/ace/manifest.m3u8?id=news+%26+more');
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

test('nothing is said while all is well', () => {
  expect(noticesOf({ data_folder: 'ok', events: 'ok' }, { waiting: 3, trouble: null }, [])).toEqual([]);
});

test('what needs a hand is said in sentences', () => {
  const trouble = { what: 'the orchestrator answered 401: check that API_KEY is the one that it expects', retry_in_seconds: 60 };
  const said = noticesOf({ data_folder: 'failing', events: 'held back' }, { waiting: 1, trouble }, ['x is below y']);
  expect(said).toHaveLength(3);
  expect(said[0]).toContain('data folder');
  expect(said[1]).toBe(`1 event waits to be told: ${trouble.what}.`);
  expect(said[2]).toBe('Setting: x is below y.');
});

// The panel of a real Weir in a real browser: what one sees is what happens, and what one sets has its effect.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startChromium, startWeir, until } from './lib.mjs';
import { openPanel } from './panel-lib.mjs';

const PICTURE_MILLISECONDS_MAX = 30_000;

let weir, browser;
before(async () => {
  weir = await startWeir();
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await weir?.stop();
});

const open = (hash, options) => openPanel(browser, weir.root, hash, options);

/** A number for the picture that is shown now, or undefined before there is one. */
const picture = (page) => page.evaluate(() => {
  const video = document.querySelector('video');
  if (!video?.videoWidth || video.currentTime === 0) return undefined;
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 64, 36);
  return context.getImageData(0, 0, 64, 36).data.reduce((sum, byte, at) => (sum * 31 + byte + at) % 1_000_003, 7);
});

async function showsMotion(page) {
  const first = await until('a picture is shown', PICTURE_MILLISECONDS_MAX, () => picture(page));
  await until('the picture changes', PICTURE_MILLISECONDS_MAX, async () => (await picture(page)) !== first);
}

test('the same channel plays as continuous TS', { timeout: 90_000 }, async () => {
  const { page, close } = await open(`#/streams/${weir.ids[0]}?play=ts`);
  await showsMotion(page);
  await close();
});

test('an acestream link is pasted and played with the keyboard alone', { timeout: 90_000 }, async () => {
  const { page, close } = await open();

  await page.getByLabel('Id, acestream:// link or source name').focus();
  await page.keyboard.insertText('acestream://123');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('it holds 3 characters').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(`acestream://${weir.ids[1].toUpperCase()}`);
  await page.keyboard.press('Enter');

  await showsMotion(page);
  await close();
});

test('a browser is sent compressed files, and none that it has', { timeout: 30_000 }, async () => {
  const first = await fetch(`${weir.root}/panel/`, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(first.headers.get('content-encoding'), 'gzip');
  assert.match(first.headers.get('content-security-policy'), /frame-ancestors 'none'/);
  const again = await fetch(`${weir.root}/panel/`, { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': first.headers.get('etag') } });
  assert.equal(again.status, 304);
});

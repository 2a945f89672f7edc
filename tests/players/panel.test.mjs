// The panel in a real browser: what a newcomer does first, and how it looks.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { artifacts, startChromium, startWeir, until } from './lib.mjs';

const PICTURE_MILLISECONDS_MAX = 30_000;

let weir, browser;
before(async () => {
  weir = await startWeir();
  browser = await startChromium();
  await mkdir(artifacts, { recursive: true });
});
after(async () => {
  await browser?.close();
  await weir?.stop();
});

/** The panel in a page of its own, with all that its console complains of. */
async function openPanel(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(`${weir.root}/panel/`);
  await page.getByRole('heading', { name: 'Weir' }).waitFor();
  return { page, complaints, close: () => context.close() };
}

const playDemo = (page) => page.getByRole('list', { name: 'Known channels' }).getByRole('button').first().click();

/** A number for the picture that is shown now, or undefined before there is one. */
const picture = (page) => page.evaluate(() => {
  const video = document.querySelector('video');
  if (!video?.videoWidth || video.currentTime === 0) return undefined;
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 64, 36);
  return context.getImageData(0, 0, 64, 36).data.reduce((sum, byte, at) => (sum * 31 + byte + at) % 1_000_003, 7);
});

/** What reaches beyond the frame it is in, or makes the page wider than the window. */
const outOfTheirFrame = (page) => page.evaluate(() => {
  const frameOf = (element) => element.parentElement?.closest('article, section, body').getBoundingClientRect();
  const isCut = (element) => element.tagName === 'HTML'
    ? element.clientWidth < element.scrollWidth
    : frameOf(element).right < element.getBoundingClientRect().right;
  const parts = document.querySelectorAll('html, section, article, button, input, p, dd, td');
  return [...parts].filter(isCut).map((element) => element.outerHTML.slice(0, 120));
});

test('a newcomer clicks a channel and sees it move', { timeout: 90_000 }, async () => {
  const { page, complaints, close } = await openPanel();

  await playDemo(page);

  const first = await until('a picture is shown', PICTURE_MILLISECONDS_MAX, () => picture(page));
  await until('the picture changes', PICTURE_MILLISECONDS_MAX, async () => (await picture(page)) !== first);
  const link = await page.getByLabel('Link for other players').inputValue();
  assert.ok(weir.manifests.includes(link), `the link is ${link}`);
  await page.getByRole('article').getByText('1 session').waitFor({ timeout: PICTURE_MILLISECONDS_MAX });
  assert.deepEqual(complaints, []);
  await close();
});

test('an acestream link is pasted and played with the keyboard alone', { timeout: 90_000 }, async () => {
  const { page, complaints, close } = await openPanel();

  await page.getByLabel('Id, acestream:// link or source name').focus();
  await page.keyboard.insertText('acestream://123');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('it holds 3 characters').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(`acestream://${weir.ids[1].toUpperCase()}`);
  await page.keyboard.press('Enter');

  await until('a picture is shown', PICTURE_MILLISECONDS_MAX, () => picture(page));
  assert.deepEqual(complaints, []);
  await close();
});

test('what needs a hand is shown as long as it does', { timeout: 60_000 }, async () => {
  const { page, complaints, close } = await openPanel();
  const set = async (segments) => {
    const answer = await fetch(`${weir.root}/proxy/config?hls_max_segments=${segments}`, { method: 'POST' });
    assert.equal(answer.status, 200);
  };
  const notices = page.getByRole('list', { name: 'Needs a hand' });

  assert.equal(await notices.count(), 0);
  await set(10);
  await notices.getByText('hls_max_segments below 13').waitFor();
  await set(20);
  await notices.waitFor({ state: 'hidden' });

  assert.deepEqual(complaints, []);
  await close();
});

for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 360]) {
    test(`the panel fits a ${colorScheme} page of ${width} px`, { timeout: 60_000 }, async () => {
      const { page, close } = await openPanel({ colorScheme, viewport: { width, height: width === 360 ? 740 : 800 } });
      await playDemo(page);
      await until('a picture is shown', PICTURE_MILLISECONDS_MAX, () => picture(page));
      await page.getByRole('article').first().waitFor();

      const cutOff = await outOfTheirFrame(page);

      await page.screenshot({ path: join(artifacts, `panel-${colorScheme}-${width}.png`), fullPage: true });
      assert.deepEqual(cutOff, []);
      await close();
    });
  }
}

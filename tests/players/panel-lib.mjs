// What tests of the panel share: a page of it with all that its console complains of, and what makes a page a bad one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { artifacts, until } from './lib.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core');

/** How long anything on the page may take to appear. */
export const SOON = 15_000;

/** How long a channel may take to be seen. */
export const PICTURE_MILLISECONDS_MAX = 30_000;

/** The panel in a page of its own. `complaints` are those of its console, and requests that left its place. */
export async function openPanel(browser, root, hash = '', options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(SOON);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${root}/`) && !request.url().startsWith('blob:')) complaints.push(`asked ${request.url()}`);
  });
  await page.goto(`${root}/panel/${hash}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return { page, complaints, close: () => context.close() };
}

/** What each page of a Weir where nothing plays has when it is whole. */
const HEADINGS = { Overview: 'Last events', Streams: 'Ended', Engines: 'Engines', Events: 'Events', Metrics: 'Now', Settings: 'History' };

/** Goes to each page by the links between them, and looks at it once it has loaded. */
export async function visitAll(page, look) {
  for (const [name, heading] of Object.entries(HEADINGS)) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: new RegExp(`^${name}`) }).click();
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    await until(`${name} has loaded`, SOON, async () => (await page.locator('.loading').count()) === 0);
    await look(name);
  }
}

/** What reaches beyond the window, or makes the page wider than it. */
export const outOfTheWindow = (page) => page.evaluate(() => {
  const wide = document.documentElement.clientWidth;
  const hidden = (element) => element.closest('.hidden, thead, .plot, .water, .picture, .skip, .tabs, .problems, dialog:not([open])');
  const parts = [...document.querySelectorAll('main *, nav *')].filter((element) => !hidden(element));
  const cut = parts.filter((element) => wide + 1 < element.getBoundingClientRect().right);
  const page = wide < document.documentElement.scrollWidth ? ['the page is wider than the window'] : [];
  return [...page, ...cut.map((element) => element.outerHTML.slice(0, 120))];
});

/** What a reader of screens, or one with weak eyes, would stumble over. */
export async function assertAccessible(page) {
  // The policy of the page forbids scripts that are written into it; this one comes from the browser's side.
  await page.evaluate(await readFile(axe, 'utf8'));
  const { violations } = await page.evaluate(() => window.axe.run());
  const told = violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map((node) => node.html.slice(0, 140)).join(' | ')}`);
  assert.deepEqual(told, []);
}

export const screenshot = (page, name) => page.screenshot({ path: join(artifacts, `panel-${name}.png`), fullPage: true });

/** A number for the picture that is shown now, or undefined before there is one. */
const picture = (page) => page.evaluate(() => {
  const video = document.querySelector('video');
  if (!video?.videoWidth || video.currentTime === 0) return undefined;
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 64, 36);
  return context.getImageData(0, 0, 64, 36).data.reduce((sum, byte, at) => (sum * 31 + byte + at) % 1_000_003, 7);
});

/** Waits for a picture, and for another one. */
export async function showsMotion(page) {
  const first = await until('a picture is shown', PICTURE_MILLISECONDS_MAX, () => picture(page));
  await until('the picture changes', PICTURE_MILLISECONDS_MAX, async () => (await picture(page)) !== first);
}

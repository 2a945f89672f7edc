// What tests of the panel share: a page of it with all that its console complains of, and what makes a page a bad one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { artifacts } from './lib.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core');

/** How long anything on the page may take to appear. */
export const SOON = 15_000;

/** The panel in a page of its own. `complaints` are those of its console, and requests that left the host. */
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
    if (!request.url().startsWith(root) && !request.url().startsWith('blob:')) complaints.push(`asked ${request.url()}`);
  });
  await page.goto(`${root}/panel/${hash}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return { page, complaints, close: () => context.close() };
}

/** What reaches beyond the window, or makes the page wider than it. */
export const outOfTheWindow = (page) => page.evaluate(() => {
  const wide = document.documentElement.clientWidth;
  const hidden = (element) => element.closest('.hidden, thead, .plot, .water, .picture, .skip, dialog:not([open])');
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

// What the player tests share: a Weir to play from, a browser to play in, and waiting for a thing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const here = import.meta.dirname;

/** The demo makes its clips and binds a port; a debug build on a busy machine takes seconds. */
const START_MILLISECONDS_MAX = 30_000;

/** Weir stops every channel on its engine before it exits. */
const STOP_MILLISECONDS_MAX = 15_000;

const POLL_MILLISECONDS = 200;

/** The demo's clips. */
export const FRAMES_PER_SECOND = 25;

/** Where screenshots go. */
export const artifacts = resolve(process.env.WEIR_ARTIFACTS ?? join(here, 'artifacts'));

/** Starts a demo on a free port; `stop` ends it as a person would, and fails when it ends badly. */
export async function startWeir(channels = 2, engine = 'none', variables = {}) {
  const args = ['demo', '--port', '0', '--channels', String(channels), '--engine', engine];
  const { root, said, stop } = await start(args, variables, (lines) => idsIn(lines).length === channels);
  const ids = idsIn(said);
  const manifest = (id) => `${root}/ace/manifest.m3u8?id=${id}`;
  const stream = (id) => `${root}/ace/stream/${id}.ts`;
  return { root, ids, manifests: ids.map(manifest), streams: ids.map(stream), said, stop };
}

/** Starts Weir as an operator would, with these variables, on a free port. */
export function startServer(variables) {
  return start(['--port', '0', '--bind', '127.0.0.1'], variables, () => true);
}

const idsIn = (said) => [...new Set(said.flatMap((line) => line.match(/(?<=\/ace\/manifest\.m3u8\?id=)[0-9a-f]{40}/g) ?? []))];

async function start(args, variables, isReady) {
  const binary = resolve(here, process.env.WEIR_BIN ?? '../../target/debug/weir');
  const folder = await mkdtemp(join(tmpdir(), 'weir-players-'));
  const child = spawn(binary, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killOnExit = () => child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const said = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  const exited = once(child, 'exit');
  exited.catch((error) => said.push(String(error)));

  const root = () => said.map((line) => line.match(/listening on (http:\/\/127\.0\.0\.1:\d+)/)?.[1]).find(Boolean);

  async function stop() {
    child.kill('SIGINT');
    const timer = setTimeout(killOnExit, STOP_MILLISECONDS_MAX);
    const [code, signal] = await exited;
    clearTimeout(timer);
    process.off('exit', killOnExit);
    await rm(folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`weir ended with ${signal ?? `code ${code}`} after SIGINT:\n${said.slice(-20).join('\n')}`);
  }

  try {
    await until('weir listens', START_MILLISECONDS_MAX, () => {
      if (child.exitCode !== null || child.pid === undefined) throw new Error(`weir did not start:\n${said.join('\n')}`);
      return root() && isReady(said);
    });
  } catch (error) {
    killOnExit();
    throw error;
  }
  return { root: root(), said, stop };
}

/** Lets the demo's engine die (`death`) or give nothing (`silence`) for so long. */
export async function trouble(weir, kind, seconds) {
  const answer = await fetch(`${weir.root}/api/v1/demo/${kind}?seconds=${seconds}`, { method: 'POST' });
  assert.equal(answer.status, 204);
}

/** Asks until the answer is truthy, and gives it; fails after the deadline, with what was waited for or what says it. */
export async function until(what, millisecondsMax, ask) {
  const deadline = Date.now() + millisecondsMax;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (deadline <= Date.now()) throw new Error(`waited ${millisecondsMax} ms in vain until ${typeof what === 'function' ? what() : what}`);
    await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
  }
}

export async function getJson(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** The channel of this id as `/proxy/status` shows it, or undefined. */
export async function channelOf(weir, id) {
  const { channels } = await getJson(`${weir.root}/proxy/status`);
  return channels.find((channel) => channel.key.includes(id));
}

export function startChromium(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync', '--mute-audio',
      '--disable-background-networking', '--disable-component-update', '--autoplay-policy=no-user-gesture-required',
      '--disable-renderer-backgrounding', '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', ...more,
    ],
  });
}

/** Serves `page.html` and hls.js from another origin than Weir's, as a web site with a player would. */
export async function startSite() {
  const files = {
    '/page.html': [join(here, 'page.html'), 'text/html; charset=utf-8'],
    '/page.js': [join(here, 'page.js'), 'text/javascript'],
    '/hls.js': [join(here, 'node_modules/hls.js/dist/hls.min.js'), 'text/javascript'],
  };
  const server = createServer(async (request, response) => {
    const [path, type] = files[new URL(request.url, 'http://site').pathname] ?? [];
    if (!path) return response.writeHead(204).end();
    response.writeHead(200, { 'Content-Type': type }).end(await readFile(path));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    page: (player, url) => `http://127.0.0.1:${server.address().port}/page.html?${new URLSearchParams({ player, url })}`,
    stop: () => new Promise((done) => server.close(done)),
  };
}

/** Opens a page that plays, waits for its first frames, and gives ways to look at it. */
export async function watch(browser, address, millisecondsMax = 30_000) {
  const page = await browser.newPage();
  await page.goto(address);
  const look = () => page.evaluate(() => window.look());
  await until(`the first frames of ${address} are shown`, millisecondsMax, async () => {
    const { frames, seconds, fault } = await look();
    if (fault) throw new Error(`the player gave up: ${fault}`);
    return 0 < frames && 0 < seconds;
  });
  return { page, look, close: () => page.close() };
}

/** How long a player is watched for its frame rate. */
const WATCHED_SECONDS = 15;

/** Fails unless the page shows the frames of 15 seconds in 15 seconds, and no fault. */
export async function playsInTime(browser, address) {
  const viewer = await watch(browser, address);
  const first = await viewer.look();
  const last = await until('the player was watched for long enough', 2 * WATCHED_SECONDS * 1000, async () => {
    const now = await viewer.look();
    return now.fault || WATCHED_SECONDS * 1000 <= now.at - first.at ? now : undefined;
  });
  await viewer.close();

  assert.equal(last.fault, null);
  const rate = ((last.frames - first.frames) * 1000) / (last.at - first.at);
  const told = `${rate.toFixed(1)} frames a second instead of ${FRAMES_PER_SECOND}, ${last.waits} waits, longest gap ${last.longestGapMilliseconds.toFixed(0)} ms`;
  assert.ok(Math.abs(rate - FRAMES_PER_SECOND) <= FRAMES_PER_SECOND * 0.1, told);
}

/** Whether a program is on the PATH; a test of one that is not is skipped. */
export async function installed(program) {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => access(join(folder, program), constants.X_OK));
  return Promise.any(places).then(() => true, () => false);
}

/** Runs a program to its end, or for so long, and gives what it said. */
export async function run(program, args, { millisecondsMax, ...options }) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (text) => (said[name] += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), millisecondsMax);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code, signal, ...said };
}

// VLC, asked over its remote control how many pictures it has decoded.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { FRAMES_PER_SECOND, installed, startWeir, until } from './lib.mjs';

const SECONDS = 15;

/** VLC refuses to run as root; this is the user that owns nothing. */
const NOBODY = 65_534;

const skip = !(await installed('vlc')) && 'VLC is not installed (vlc-bin, vlc-plugin-base)';

let weir, home, vlc, port;
before(async () => {
  if (skip) return;
  weir = await startWeir();
  home = await mkdtemp(join(tmpdir(), 'weir-vlc-'));
  port = await freePort();
});
after(async () => {
  vlc?.kill('SIGKILL');
  await weir?.stop();
  if (home) await rm(home, { recursive: true, force: true });
});

test('VLC plays every frame in time', { timeout: 90_000, skip }, async () => {
  const args = ['-I', 'rc', '--rc-host', `127.0.0.1:${port}`, '--vout=dummy', '--aout=dummy', '--play-and-exit', weir.manifests[0]];
  vlc = spawn('vlc', args, { stdio: 'ignore', env: { PATH: process.env.PATH, HOME: home }, ...(await unprivileged()) });

  const first = await until('VLC shows pictures', 40_000, () => decoded());
  const last = await until('VLC has played for long enough', 40_000, async () => {
    const now = await decoded();
    return now && SECONDS * 1000 <= now.at - first.at ? now : undefined;
  });

  assert.equal(vlc.exitCode, null, 'VLC ended');
  // VLC counts each picture twice.
  const rate = ((last.pictures - first.pictures) / 2) * 1000 / (last.at - first.at);
  assert.ok(Math.abs(rate - FRAMES_PER_SECOND) <= FRAMES_PER_SECOND * 0.1, `${rate.toFixed(1)} frames a second`);
});

async function unprivileged() {
  if (process.getuid() !== 0) return {};
  await chown(home, NOBODY, NOBODY);
  return { uid: NOBODY, gid: NOBODY };
}

/** What `stats` says, or undefined while VLC does not listen or has decoded nothing. */
async function decoded() {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (text) => (said += text)).on('error', () => undefined);
  socket.write('stats\n');
  const pictures = await until('VLC answers', 1000, () => said.match(/video decoded\s*:\s*(\d+)/)?.[1]).catch(() => '0');
  socket.destroy();
  return Number(pictures) ? { at: Date.now(), pictures: Number(pictures) } : undefined;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address();
  server.close();
  await once(server, 'close');
  return free;
}

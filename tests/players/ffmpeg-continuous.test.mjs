// ffmpeg reads one continuous stream, and says of every packet that is missing, damaged or out of time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelOf, FRAMES_PER_SECOND, run, startWeir } from './lib.mjs';

/** Reads so many seconds of the first channel; gives what ffmpeg said, and how many frames it decoded. */
async function play(weir, seconds) {
  const url = `${weir.root}/ace/getstream?id=${weir.ids[0]}&mode=ts`;
  const args = ['-nostats', '-v', 'warning', '-xerror', '-err_detect', 'crccheck+bitstream+buffer', '-t', String(seconds)];
  const counted = ['-i', url, '-progress', 'pipe:1', '-f', 'null', '-'];
  const { code, stdout, stderr } = await run('ffmpeg', [...args, ...counted], { millisecondsMax: (seconds + 60) * 1000 });
  assert.equal(code, 0, `ffmpeg failed:\n${stderr}`);
  const frames = Number([...stdout.matchAll(/^frame=\s*(\d+)$/gm)].at(-1)?.[1]);
  return { stderr: stderr.trim(), frames };
}

function assertAll(frames, seconds) {
  const expected = seconds * FRAMES_PER_SECOND;
  assert.ok(Math.abs(frames - expected) <= expected * 0.02, `${frames} frames instead of ${expected}`);
}

test('ffmpeg plays 15 seconds of a continuous stream without an error and without a missing frame', { timeout: 90_000 }, async () => {
  const weir = await startWeir();
  try {
    const { stderr, frames } = await play(weir, 15);
    assert.equal(stderr, '', 'ffmpeg warned');
    assertAll(frames, 15);
  } finally {
    await weir.stop();
  }
});

test('ffmpeg notices nothing of an engine that dies', { timeout: 150_000 }, async () => {
  const weir = await startWeir(2, 'dying');
  try {
    const watched = play(weir, 60);
    const { stderr, frames } = await watched;
    const channel = await channelOf(weir, weir.ids[0]);
    assert.ok(2 <= channel.upstream.sessions, 'the engine has not died');
    assert.equal(stderr, '', 'ffmpeg warned');
    assertAll(frames, 60);
  } finally {
    await weir.stop();
  }
});

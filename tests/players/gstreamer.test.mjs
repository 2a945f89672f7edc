// GStreamer holds two HLS clients that have nothing in common: the old demuxer and the new one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { installed, run, startWeir } from './lib.mjs';

const SECONDS = 15;

/** Start and end included; a live pipeline never ends by itself. */
const RUN_MILLISECONDS = 30_000;

const skip = !(await installed('gst-launch-1.0')) && 'GStreamer is not installed (gstreamer1.0-tools, -plugins-base, -good, -bad, -ugly, -libav)';

let weir;
before(async () => {
  if (!skip) weir = await startWeir();
});
after(() => weir?.stop());

const pipelines = {
  'the old HLS demuxer': (url) => ['uridecodebin', `uri=${url}`],
  'the new HLS demuxer': (url) => ['uridecodebin3', `uri=${url}`, 'name=d', 'd.'],
};

for (const [name, source] of Object.entries(pipelines)) {
  test(`GStreamer with ${name} plays ${SECONDS} seconds in time`, { timeout: 90_000, skip }, async () => {
    const args = [...source(weir.manifests[0]), '!', 'progressreport', 'update-freq=1', '!', 'fakesink', 'sync=true'];

    const { stdout, stderr } = await run('gst-launch-1.0', args, { millisecondsMax: RUN_MILLISECONDS });

    assert.doesNotMatch(stderr, /ERROR/, 'GStreamer failed');
    // One line a second of playing: "progressreport0 (00:00:07): 5 seconds".
    const lines = [...stdout.matchAll(/\((\d+):(\d+):(\d+)\): (\d+)/g)];
    const played = lines.length === 0 ? 0 : Number(lines.at(-1)[4]) - Number(lines[0][4]);
    assert.ok(SECONDS <= played, `${played} seconds were played:\n${stdout}${stderr}`);
  });
}

// Players that run as programs, each looked at in the same way: what it has shown, of which size, and what it complained of.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installed, until } from './lib.mjs';

/** VLC refuses to run as root; this is the user that owns nothing. */
const NOBODY = 65_534;

/** VLC's remote control is asked so often. */
const ASK_MILLISECONDS = 250;

/** Its answer comes over loopback, from a program that may wait for a processor. */
const ANSWER_MILLISECONDS_MAX = 2_000;

/** ffmpeg and mpv print a line for each frame, with its number and its size. */
const FRAME = /Parsed_showinfo\S* .*\bn: *\d+ .*\bs:(\d+)x/;

/** Players that run; none outlives the tests, however these end. */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** What is said of a player at any time: frames so far, and the width of the newest. */
class Seen {
  frames = 0;
  width = null;
  complaints = [];
  /** When the width changed, and to what. */
  widths = [];
  /** The longest time without a new frame, once there was one. */
  longestGapMilliseconds = 0;
  #newest = null;

  shown(frames, width) {
    const now = performance.now();
    if (frames <= this.frames) return;
    if (this.#newest !== null) this.longestGapMilliseconds = Math.max(this.longestGapMilliseconds, now - this.#newest);
    this.#newest = now;
    this.frames = frames;
    if (width && width !== this.width) {
      this.width = width;
      this.widths.push({ at: now, width });
    }
  }

  forget() {
    this.longestGapMilliseconds = 0;
    this.complaints.length = 0;
  }
}

/** Starts a program whose every line is read as it comes; `end` looks for more when it is stopped. */
function start(name, program, args, read, options = {}, end = async () => undefined) {
  const seen = new Seen();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => read(line, seen));
  const exited = once(child, 'exit');
  return {
    name,
    seen,
    look: () => ({
      at: performance.now(),
      frames: seen.frames,
      width: seen.width,
      longestGapMilliseconds: seen.longestGapMilliseconds,
      fault: child.exitCode === null && child.signalCode === null ? null : `${name} ended: ${seen.complaints.slice(-5).join(' | ')}`,
    }),
    forget: () => seen.forget(),
    async stop() {
      child.kill('SIGKILL');
      await exited;
      running.delete(child);
      await end();
    },
  };
}

function readShowinfo(line, seen) {
  const width = line.match(FRAME)?.[1];
  if (width) seen.shown(seen.frames + 1, Number(width));
  else if (/^(\[.*\] )?\[(warning|error|fatal)\]/.test(line)) seen.complaints.push(line);
}

/** ffmpeg, held to the stream's own pace: it says of everything that is missing or damaged. */
export const ffmpeg = (url) => {
  const args = ['-nostats', '-v', 'level+info', '-err_detect', 'crccheck+bitstream+buffer', '-re', '-i', url];
  return start('ffmpeg', 'ffmpeg', [...args, '-map', '0:v', '-map', '0:a?', '-vf', 'showinfo', '-f', 'null', '-'], readShowinfo);
};

export const mpv = (url) => {
  const args = ['--no-config', '--vo=null', '--ao=null', '--vf=lavfi=[showinfo]', '--msg-level=all=warn,ffmpeg=v', url];
  return start('mpv', 'mpv', args, (line, seen) => {
    // What mpv thinks of itself, not what libav says through it.
    if (/^\[(?!ffmpeg)/.test(line)) seen.complaints.push(line);
    readShowinfo(line, seen);
  });
};

/** GStreamer says what goes into a decoder, and mostly, but not always, what comes to the sink of a pipeline that is just being built. */
const CAPS = /(?:fpsdisplaysink0\/GstFakeSink:\S*|avdec_h264:\S*)\.GstPad:sink: caps = .*width=\(int\)(\d+)/;

/** GStreamer with its old HLS client (`uridecodebin`) or its new one (`uridecodebin3`). */
const gst = (source) => (url) => {
  const video = ['d.', '!', 'video/x-raw', '!', 'fpsdisplaysink', 'text-overlay=false', 'fps-update-interval=200', 'video-sink=fakesink', 'sync=true'];
  const audio = ['d.', '!', 'audio/x-raw', '!', 'fakesink', 'sync=true'];
  let width = null;
  return start(source, 'gst-launch-1.0', ['-v', source, `uri=${url}`, 'name=d', ...video, ...audio], (line, seen) => {
    const caps = line.match(CAPS);
    if (caps) width = Number(caps[1]);
    const rendered = line.match(/rendered: (\d+), dropped: (\d+)/);
    if (rendered) seen.shown(Number(rendered[1]) + Number(rendered[2]), width);
    if (/^(ERROR|WARNING)/.test(line)) seen.complaints.push(line);
  });
};
export const gstreamer = gst('uridecodebin');
export const gstreamer3 = gst('uridecodebin3');

/** VLC, asked over its remote control how many pictures it has decoded, and how large they are. */
export async function vlc(url) {
  const home = await mkdtemp(join(tmpdir(), 'weir-vlc-'));
  const port = await freePort();
  const args = ['-I', 'rc', '--rc-host', `127.0.0.1:${port}`, '--vout=dummy', '--aout=dummy', '--play-and-exit', url];
  const options = { env: { PATH: process.env.PATH, HOME: home }, ...(await unprivileged(home)) };
  let asking;
  const player = start('vlc', 'vlc', args, () => undefined, options, async () => {
    clearInterval(asking);
    await rm(home, { recursive: true, force: true });
  });
  asking = setInterval(async () => {
    const said = await ask(port, ['stats', 'info']);
    // VLC counts each picture twice.
    const pictures = Number(said.match(/video decoded\s*:\s*(\d+)/)?.[1] ?? 0) / 2;
    const width = Number([...said.matchAll(/Video resolution: (\d+)x/g)].at(-1)?.[1] ?? 0);
    player.seen.shown(pictures, width);
  }, ASK_MILLISECONDS);
  return player;
}

/** The kinds of this list whose program is on the PATH. */
export async function present(kinds) {
  const programs = { ffmpeg: 'ffmpeg', mpv: 'mpv', vlc: 'vlc', gstreamer: 'gst-launch-1.0', gstreamer3: 'gst-launch-1.0' };
  const found = await Promise.all(Object.entries(kinds).map(async ([kind, play]) => (await installed(programs[kind])) && [kind, play]));
  return Object.fromEntries(found.filter(Boolean));
}

async function unprivileged(home) {
  if (process.getuid() !== 0) return {};
  await chown(home, NOBODY, NOBODY);
  return { uid: NOBODY, gid: NOBODY };
}

/** What VLC answers; nothing while it does not listen. */
async function ask(port, questions) {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (text) => (said += text)).on('error', () => undefined);
  socket.write(`${questions.join('\n')}\n`);
  const isWhole = () => said.includes('lost abuffers') && /end of stream info|no input/.test(said);
  await until('VLC answers', ANSWER_MILLISECONDS_MAX, isWhole).catch(() => undefined);
  socket.destroy();
  return said;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address();
  server.close();
  await once(server, 'close');
  return free;
}

// The segments that a playlist names, fetched as they come, and what ffprobe says of each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Less than any target duration, so that no list is missed. */
const POLL_MILLISECONDS = 1_000;

const PACKET_BYTES = 188;

/** Fetches every segment that is listed from now on; `stop` ends it and gives them in order. */
export function collectSegments(manifest) {
  const found = new Map();
  let stopped = false;
  const done = (async () => {
    const list = await mediaPlaylist(manifest);
    while (!stopped) {
      for (const entry of entries(await text(list), list)) {
        if (!found.has(entry.url)) found.set(entry.url, { ...entry, bytes: await bytes(entry.url) });
      }
      await new Promise((next) => setTimeout(next, POLL_MILLISECONDS));
    }
    return [...found.values()];
  })();
  // Whoever asks for the segments is told what went wrong; nobody else is.
  done.catch(() => undefined);
  return {
    count: () => found.size,
    breaks: () => [...found.values()].filter((segment) => segment.breaks).length,
    stop: () => ((stopped = true), done),
  };
}

/** What a segment is made of: its first two packets' pids, whether a key frame is first, and its pictures' times. */
export async function probe(segment) {
  const entries = ['-v', 'error', '-f', 'mpegts', '-select_streams', 'v', '-show_entries', 'packet=pts_time,duration_time,flags', '-of', 'json', '-'];
  const child = spawn('ffprobe', entries, { stdio: ['pipe', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stdin.end(segment.bytes);
  await once(child, 'close');
  const packets = JSON.parse(said).packets;
  const starts = packets.map((packet) => Number(packet.pts_time));
  const ends = packets.map((packet) => Number(packet.pts_time) + Number(packet.duration_time));
  return {
    tables: tables(segment.bytes),
    key: packets[0].flags.startsWith('K'),
    start: Math.min(...starts),
    seconds: Math.max(...ends) - Math.min(...starts),
  };
}

/** Whether a segment's first packet holds the PAT, and its second the PMT that is named there. */
function tables(bytes) {
  const pid = (packet) => bytes.readUInt16BE(packet * PACKET_BYTES + 1) & 0x1fff;
  // The payload stands behind the header and an adaptation field, if there is one.
  const payload = 4 + (bytes[3] & 0x20 ? 1 + bytes[4] : 0);
  // In it, the pointer, eight bytes of the table and the program's number come before the PMT's pid.
  const named = bytes.readUInt16BE(payload + 1 + 8 + 2) & 0x1fff;
  return { patFirst: pid(0) === 0, pmtSecond: pid(1) === named };
}

async function mediaPlaylist(manifest) {
  const line = (await text(manifest)).split('\n').find((found) => found && !found.startsWith('#'));
  return new URL(line, manifest).href;
}

function entries(list, base) {
  const found = [];
  let [seconds, breaks] = [0, false];
  for (const line of list.split('\n')) {
    if (line.startsWith('#EXTINF:')) seconds = Number.parseFloat(line.slice('#EXTINF:'.length));
    if (line === '#EXT-X-DISCONTINUITY') breaks = true;
    if (!line || line.startsWith('#')) continue;
    found.push({ url: new URL(line, base).href, seconds, breaks });
    breaks = false;
  }
  return found;
}

async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer;
}

const text = async (url) => (await get(url)).text();

const bytes = async (url) => Buffer.from(await (await get(url)).arrayBuffer());

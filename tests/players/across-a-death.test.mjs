// The engine dies while every player that is a program plays HLS and continuous TS of one channel: nobody may notice.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { FRAMES_PER_SECOND, channelOf, startWeir, trouble, until } from './lib.mjs';
import { collectSegments, probe } from './segments.mjs';
import { ffmpeg, gstreamer, gstreamer3, mpv, present, vlc } from './viewers.mjs';

/** Players show their first pictures within this, though twenty of them begin on two cores. */
const BEGIN_MILLISECONDS_MAX = 60_000;

/** All have played together before the engine dies. */
const BEFORE_SECONDS = 6;

const DEAD_SECONDS = 3;

/** What is held back, what is listed, and some more: the seam has been played. */
const AFTER_SECONDS = 35;

/** Segments of four seconds that are looked at in this time, those of the first list included. */
const SEGMENTS_MIN = 12;

/** A body that breaks off ends within a picture, and what was there of it is shown: one picture, and what ffmpeg says of it. */
const OF_THE_LAST_PICTURE = /corrupt (input packet|decoded frame)|error while decoding|concealing|Packet corrupt/;

/** What ffmpeg says of counters and times that jump behind a break in a playlist. It is no fault of the media. */
const OF_A_BREAK = /non monotonically increasing dts|out of order|Packet corrupt|corrupt input packet/;

/** Lines that one damaged picture is worth, from demuxer and decoder. */
const LINES_MAX = 6;

/** Pictures in time, with slack for a busy machine, and for VLC, which begins anew at a break. */
const RATE_MIN = 0.8;
const RATE_MAX = 1.1;

/** One picture, and what is lost in the sixth decimal. */
const FRAME_SECONDS = 1 / FRAMES_PER_SECOND + 0.0001;

const kinds = { ffmpeg, mpv, vlc, gstreamer, gstreamer3 };

const sources = {
  'a continuous source': { variables: {}, stream: 'ts' },
  'a source that is a playlist': { variables: { WEIR_ENGINE_STREAM: 'hls' }, stream: 'hls' },
};

const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

for (const name of Object.keys(kinds).filter((kind) => kind !== 'ffmpeg')) {
  if (!(name in (await present(kinds)))) test(`${name} plays across a death`, { skip: `${name} is not installed` }, () => undefined);
}

const played = {};
before(async () => {
  const scenes = Object.entries(sources).map(async ([source, options]) => (played[source] = await play(options)));
  await Promise.all(scenes);
}, { timeout: 180_000 });

/** Lets everybody play across a death, and gives what each has shown and what was listed meanwhile. */
async function play({ variables }) {
  const weir = await startWeir(1, 'none', variables);
  const viewers = {};
  try {
    const segments = collectSegments(weir.manifests[0]);
    for (const [kind, start] of Object.entries(await present(kinds))) {
      viewers[`${kind} with HLS`] = await start(weir.manifests[0]);
      viewers[`${kind} with TS`] = await start(weir.streams[0]);
    }
    const looks = () => Object.values(lookAtAll(viewers));
    await until('everybody shows pictures', BEGIN_MILLISECONDS_MAX, () => looks().every((look) => look.fault || 0 < look.frames));
    for (const viewer of Object.values(viewers)) viewer.forget();
    const first = lookAtAll(viewers);
    await wait(BEFORE_SECONDS);
    await trouble(weir, 'death', DEAD_SECONDS);
    await wait(DEAD_SECONDS + AFTER_SECONDS);
    const last = lookAtAll(viewers);
    return { first, last, channel: await channelOf(weir, weir.ids[0]), segments: await segments.stop() };
  } finally {
    await Promise.all(Object.values(viewers).map((viewer) => viewer.stop()));
    await weir.stop();
  }
}

function lookAtAll(viewers) {
  const looks = Object.entries(viewers).map(([name, viewer]) => [name, { ...viewer.look(), complaints: [...viewer.seen.complaints] }]);
  return Object.fromEntries(looks);
}

for (const [source, { stream }] of Object.entries(sources)) {
  describe(source, () => {
    test('it was read as is meant, and the engine has died', () => {
      const { upstream } = played[source].channel;
      assert.equal(upstream.stream, stream);
      assert.ok(2 <= upstream.sessions, 'the engine has not died');
    });

    test('every player shows every picture in time', () => {
      const { first, last } = played[source];
      const wrong = Object.keys(last).flatMap((name) => {
        const rate = ((last[name].frames - first[name].frames) * 1000) / (last[name].at - first[name].at);
        const inTime = FRAMES_PER_SECOND * RATE_MIN <= rate && rate <= FRAMES_PER_SECOND * RATE_MAX;
        return last[name].fault === null && inTime ? [] : [`${name}: ${last[name].fault ?? `${rate.toFixed(1)} frames a second`}`];
      });
      assert.deepEqual(wrong, []);
    });

    test('no player complains of more than the picture that the engine died in', () => {
      const { last } = played[source];
      const said = Object.entries(last).map(([name, { complaints }]) => {
        const rest = name === 'ffmpeg with HLS' ? complaints.filter((line) => !OF_A_BREAK.test(line)) : complaints;
        const others = rest.filter((line) => !OF_THE_LAST_PICTURE.test(line));
        return [name, rest.length - others.length <= LINES_MAX ? others : rest];
      });
      assert.deepEqual(Object.fromEntries(said.filter(([, lines]) => 0 < lines.length)), {});
    });
  });
}

test('each segment cut from a continuous source begins with tables and a key frame, and is as long as the playlist says', async () => {
  const { segments } = played['a continuous source'];
  assert.ok(segments.some((segment, index) => 0 < index && segment.breaks), 'there was no seam');
  assert.ok(SEGMENTS_MIN <= segments.length, `${segments.length} segments`);
  let next = null;
  for (const segment of segments) {
    const found = await probe(segment);
    const path = new URL(segment.url).pathname;
    assert.deepEqual(found.tables, { patFirst: true, pmtSecond: true }, path);
    assert.ok(found.key, `${path} begins without a key frame`);
    assert.ok(Math.abs(found.seconds - segment.seconds) <= FRAME_SECONDS, `${path}: ${found.seconds} s instead of ${segment.seconds} s`);
    if (next !== null && !segment.breaks) {
      assert.ok(Math.abs(found.start - next) <= FRAME_SECONDS, `${path} begins at ${found.start} s instead of ${next} s`);
    }
    next = found.start + found.seconds;
  }
});

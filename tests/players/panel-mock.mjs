// A made-up Weir for the panel: the built page, and an API whose state a test sets. What real players show is tested against the real one.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve } from 'node:path';

const dist = resolve(import.meta.dirname, '../../panel/dist');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** The same policy as the program's, so that what it forbids is seen here too. */
const POLICY = "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; img-src 'self' data:; frame-ancestors 'none'";

const START = Date.parse('2024-05-01T12:00:00Z');
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

export function channel(number, more = {}) {
  const key = number.toString(16).padStart(40, '0');
  return {
    key, name: key, title: `Channel ${number}`, stream_id: `${key}|1`, state: 'live', health: 'good', mode: 'HLS', source: 'content_id',
    engine: '127.0.0.1:6878', started_at: ago(3600 - number), uptime_seconds: 3600 - number, viewers: 1 + (number % 7), on_slate: false, stream: 'ts',
    buffer: {
      segments: 18, segments_max: 20, bytes: 36e6, bytes_max: 256e6, seconds: 72 + (number % 5), fill: 0.9, reserve_seconds: 3.5,
      target_duration_seconds: 4, first_sequence: 100, last_sequence: 117, listed_from: 112,
    },
    source_quality: {
      last_segment_age_seconds: 1.2, fetch_ms: { p50: 40, p95: 90, p99: 220 },
      lateness_ms: { p50: 10, p95: 40, p99: 60 }, jitter_ms: { p50: 5, p95: 30, p99: 44 },
    },
    counters: {
      bytes_in: 1.8e9, bytes_out: 7.1e9, segments: 900, segments_lost: 2, gaps: 1, retries: 4, discontinuities: 1, failovers: 1, segments_404: 0, flaws: 0,
      repeats: 3, slate_segments: 0, sessions: 2, playlist_fetches: 0, segment_fetches: 0, failures: 1,
    },
    rates: { in_bps: 4.1e6 + number * 1e4, out_bps: 4.1e6 * (1 + (number % 7)) },
    engine_stat: { status: 'dl', peers: 12 + number, speed_down: 520, speed_up: 130, downloaded: 1.8e9, uploaded: 4e8, livepos: { pos: Math.round(Date.now() / 1000) - 20, live_first: 1, live_last: Math.round(Date.now() / 1000) - 5, buffer_pieces: 15 } },
    playable_seconds_min: 14.2, ...more,
  };
}

export function viewer(number, more = {}) {
  return {
    client_id: `viewer-${number}`, mode: number % 3 ? 'HLS' : 'TS', user_agent: ['VLC/3.0.21 LibVLC/3.0.21', 'Kodi/21.1 (Linux; Android 12)', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/124.0 Safari/537.36'][number % 3],
    ip_address: `192.168.1.${10 + number}`, connected_at: ago(600 - number), last_active: ago(1), bytes_sent: 2e8 + number * 1e6, rate_bps: 4.2e6,
    playable_seconds: 4 + number * 5, position: 117.6 - number * 1.4, behind_live_seconds: 6 + number * 5, underruns: number === 0 ? 2 : 0, stalled_seconds: number === 0 ? 7.5 : 0,
    slate_seconds: 0, skips: 0, waiting: false, ...more,
  };
}

function detail(it) {
  const window = Array.from({ length: it.buffer.segments }, (_, index) => ({
    sequence: 100 + index, duration_seconds: 3.6 + (index % 3) * 0.4, bytes: 1.6e6 + (index % 4) * 2e5, discontinuity: index === 6, listed: 12 <= index, slate: index === 5,
  }));
  return { ...it, window, open: { bytes: 9e5, seconds: 2.1 }, viewers_list: it.viewers_list ?? Array.from({ length: Math.min(it.viewers, 8) }, (_, index) => viewer(index)) };
}

const engine = (number, more = {}) => ({
  container_id: `127.0.0.1:${6878 + number}`, container_name: `127.0.0.1:${6878 + number}`, host: '127.0.0.1', port: 6878 + number, labels: {}, forwarded: number === 0,
  first_seen: ago(90_000), last_seen: ago(3), streams: [], health_status: 'healthy', last_health_check: ago(4), last_stream_usage: ago(20), engine_variant: 'acestream',
  version: '3.2.3', channels: 2, places: 3, draining: false, origin: 'configured', failures: 0, ...more,
});

const setting = (key, card, kind, value, more = {}) => ({
  key, card, kind, variable: key.toUpperCase(), value, default: value, origin: 'default', sentence: `What ${key.replaceAll('_', ' ')} does, said in one sentence of some length.`, ...more,
});

const HLS = 'HLS Buffering Settings';

function settings() {
  const seconds = { unit: 's', min: 5, max: 120 };
  return [
    setting('stream_mode', 'Stream Mode', 'choice', 'HLS', { choices: ['TS', 'HLS'], default: 'TS', origin: 'saved' }),
    setting('initial_data_wait_timeout', 'Stream Buffer', 'number', 10, { unit: 's', min: 1, max: 60 }),
    setting('connection_timeout', 'Connection & Timeout', 'number', 10, { unit: 's', min: 5, max: 60, environment: 10, origin: 'environment' }),
    setting('channel_shutdown_delay', 'Connection & Timeout', 'number', 5, { unit: 's', min: 1, max: 60 }),
    setting('max_streams_per_engine', 'Engine', 'integer', 3, { min: 1, max: 20 }),
    setting('hls_max_segments', HLS, 'integer', 20, { min: 5, max: 100 }),
    setting('hls_initial_segments', HLS, 'integer', 2, { min: 1, max: 10, default: 3, origin: 'saved', warning: 'some players do not start with fewer than three' }),
    setting('hls_window_size', HLS, 'integer', 6, { min: 3, max: 20 }),
    setting('hls_buffer_ready_timeout', HLS, 'number', 30, seconds),
    setting('hls_first_segment_timeout', HLS, 'number', 30, seconds),
    setting('hls_initial_buffer_seconds', HLS, 'number', 10, { ...seconds, max: 60 }),
    setting('hls_max_initial_segments', HLS, 'integer', 10, { min: 1, max: 20 }),
    setting('hls_segment_fetch_interval', HLS, 'number', 0.5, { unit: 'target durations', min: 0.1, max: 2 }),
  ];
}

export function news(id, more = {}) {
  return {
    id, timestamp: ago(300 - id), event_type: 'stream_live', category: 'stream', severity: 'info', message: `live after ${id}.4 s`, details: {},
    container_id: '127.0.0.1:6878', stream_id: null, channel: (1 + (id % 3)).toString(16).padStart(40, '0'), ...more,
  };
}

/** The state that a fresh made-up Weir has; tests change it as they like. */
export function world(more = {}) {
  return {
    channels: [channel(1), channel(2, { health: 'strained', viewers: 3 }), channel(3, { state: 'starting', health: 'starting', viewers: 1, engine: null, engine_stat: null })],
    engines: [
      engine(0, { streams: [`${'1'.padStart(40, '0')}|x`] }), engine(1, { channels: 3, not_chosen: 'it is full (3 of 3 places)' }),
      engine(2, { health_status: 'unhealthy', channels: 0, failures: 4, last_trouble: 'get_status: connection refused', not_chosen: 'it does not answer since 12:01:33' }), engine(3, { draining: true, origin: 'added', channels: 0 }),
    ],
    problems: [{ severity: 'warning', what: 'The engine 127.0.0.1:6880 does not answer', how: 'Start it again, or remove it. The others carry on.', engine: '127.0.0.1:6880' }],
    events: [
      news(9, { event_type: 'engine_unhealthy', category: 'engine', severity: 'error', message: 'engine 127.0.0.1:6880 does not answer: connection refused', container_id: '127.0.0.1:6880', channel: null }),
      news(8, { event_type: 'source_lost', severity: 'warning', message: 'source lost: the engine went away', channel: '2'.padStart(40, '0') }), news(7), news(6), news(5), news(4),
    ],
    ended: [{
      id: 'x|1', key: '5'.padStart(40, '0'), title: 'The match', key_type: 'content_id', started_at: ago(9000), ended_at: ago(1800), end_reason: 'last_viewer_left', status: 'ended',
      duration_seconds: 7200, own: true, channel: '5'.padStart(40, '0'), bytes_in: 3.2e9, bytes_out: 9e9, viewers_max: 5, failovers: 1,
      playback_session_id: 'a', stat_url: '', command_url: '', is_live: 1,
    }],
    sources: [{ id: 'news', name: 'Evening News', kind: 'hls' }, { id: '1'.padStart(40, '0'), name: 'Test Card', kind: 'acestream' }],
    settings: settings(), changes: [{ revision: 3, at: ago(4000), who: 'api key', changes: [{ key: 'hls_initial_segments', from: 3, to: 2 }] }],
    webhooks: [{ id: '1', name: 'Home Assistant', url: 'http://ha.local:8123/api/webhook/weir', kinds: null, secret_set: true, enabled: true, waiting: 0, delivered: 412 }],
    looping: [{ id: '9'.padStart(40, '0'), detected_at: ago(500), refused_until: null }],
    key: undefined, sse: true, requests: [], ...more,
  };
}

const wave = (second, period, least, most) => least + ((most - least) * (1 + Math.sin((second * 2 * Math.PI) / period))) / 2;
const whole = (...given) => Math.round(wave(...given));

function series(interval, seconds, point) {
  const count = Math.floor(seconds / interval);
  const points = Array.from({ length: count }, (_, index) => {
    const at = Math.floor((Date.now() / 1000 - (count - index) * interval) / interval) * interval;
    return { at: new Date(at * 1000).toISOString(), ...point(at - START / 1000) };
  });
  return { interval_seconds: interval, points };
}

const bufferPoint = (second) => ({
  seconds: wave(second, 40, 60, 78), bytes: 3e7, segments: 18, reserve_seconds: wave(second, 25, 0, 5), in_bps: whole(second, 60, 3e6, 5e6), out_bps: whole(second, 50, 9e6, 14e6),
  viewers: 3, playable_seconds_min: wave(second, 33, 3, 20), peers: whole(second, 90, 8, 30), speed_down: whole(second, 70, 400, 700), speed_up: whole(second, 45, 50, 200),
});
const overviewPoint = (second) => ({
  channels: 3, viewers: whole(second, 300, 4, 9), in_bps: whole(second, 120, 9e6, 14e6), out_bps: whole(second, 200, 2e7, 4e7), engines_healthy: 3, buffer_seconds_min: wave(second, 60, 12, 60),
});

function overview({ channels, engines, problems }) {
  const sum = (figure) => channels.reduce((total, it) => total + figure(it), 0);
  return {
    version: '0.9.0', started_at: ago(370_800), uptime_seconds: 370_800, as_of: ago(0), channels: channels.length, viewers: sum((it) => it.viewers),
    in_bps: sum((it) => it.rates.in_bps), out_bps: sum((it) => it.rates.out_bps),
    engines: { total: engines.length, healthy: engines.filter((it) => it.health_status === 'healthy').length, places: engines.length * 3, used: engines.reduce((total, it) => total + it.channels, 0) },
    events_waiting: 0, disk_failing: false, problems,
  };
}

/** What a topic of the live stream, or the address beside it, says now. */
function topic(state, name) {
  if (name === 'channels') return { channels: state.channels, as_of: ago(0) };
  if (name === 'engines') return { engines: state.engines };
  if (name === 'overview') return overview(state);
  const it = state.channels.find((channel) => name === `channel:${channel.key}`);
  return it && detail(it);
}

function read(state, path, query) {
  const [, key, rest] = /^api\/v1\/channels\/([^/]+)(\/buffer)?$/.exec(path) ?? [];
  if (rest) return series(1, 300, bufferPoint);
  if (key) return topic(state, `channel:${decodeURIComponent(key)}`);
  switch (path) {
    case 'api/v1/overview': return topic(state, 'overview');
    case 'api/v1/channels': return topic(state, 'channels');
    case 'api/v1/engines': return topic(state, 'engines');
    case 'api/v1/overview/series': return series(10, 3600, overviewPoint);
    case 'api/v1/sources': return { sources: state.sources };
    case 'api/v1/settings': return { revision: 'abc', settings: state.settings };
    case 'api/v1/settings/history': return { changes: state.changes };
    case 'api/v1/webhooks': return { webhooks: state.webhooks };
    case 'api/v1/webhooks/1/deliveries': return { deliveries: [{ at: ago(60), event_id: 9, event_type: 'stream_live', status: 200, ok: true, took_ms: 31, attempt: 1 }] };
    case 'stream-loop-detection/config': return { enabled: true, threshold_seconds: 3600, threshold_minutes: 60, threshold_hours: 1, check_interval_seconds: 10, retention_minutes: 0 };
    case 'looping-streams': return { looping: state.looping, stream_ids: state.looping.map((it) => it.id), streams: Object.fromEntries(state.looping.map((it) => [it.id, it.detected_at])), retention_minutes: 0 };
    case 'api/v1/streams/ended': return { streams: state.ended, total: state.ended.length, offset: 0, limit: 100 };
    case 'events': return state.events.filter((it) => !query.get('category') || it.category === query.get('category'));
  }
}

function change(state, path, body) {
  if (path !== 'proxy/config') return [200, {}];
  const [key, value] = Object.entries(JSON.parse(body))[0];
  if (value === 13) return [400, { detail: 'that is refused', errors: [{ field: key, message: `${key} must not be 13` }] }];
  state.settings = state.settings.map((it) => (it.key === key ? { ...it, value, origin: 'saved' } : it));
  return [200, { message: 'Proxy configuration updated and persisted' }];
}

async function tell(state, response, names) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const send = () => {
    for (const name of names) {
      const data = name !== 'news' && topic(state, name);
      if (data) response.write(`event: ${name.split(':')[0]}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  };
  const push = (entry) => response.write(`event: news\nid: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`);
  send();
  state.readers.add(push);
  const timer = setInterval(send, 1000);
  await once(response, 'close');
  clearInterval(timer);
  state.readers.delete(push);
}

async function body(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

/** Serves the built panel and the made-up API under `prefix`, as a reverse proxy might. */
export async function startMock(state = world(), prefix = '/') {
  state.readers = new Set();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://mock');
    const path = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : undefined;
    const json = (status, value) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    if (path === undefined) return json(404, { detail: 'outside of the prefix' });
    if (path.startsWith('panel/')) {
      const name = path === 'panel/' ? 'index.html' : path.slice('panel/'.length);
      const file = await readFile(join(dist, name)).catch(() => undefined);
      if (!file) return json(404, { detail: 'no such file' });
      return response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY }).end(file);
    }
    if (state.isAway) return json(503, { detail: 'it is away' });
    if (path === 'api/v1/events/stream' && state.sse) return tell(state, response, searchParams.get('topics').split(','));
    const token = request.headers.authorization;
    const isProtected = request.method !== 'GET' || path.startsWith('api/v1/webhooks');
    const isRefused = isProtected && state.key && token !== `Bearer ${state.key}`;
    const given = await body(request);
    if (request.method !== 'GET') state.requests.push({ method: request.method, path, body: given, token });
    if (isRefused) return json(token ? 403 : 401, { detail: token ? 'invalid token' : 'missing bearer token' });
    if (request.method !== 'GET') return json(...change(state, path, given));
    const answer = read(state, path, searchParams);
    return answer === undefined ? json(404, { detail: 'there is nothing at this address' }) : json(200, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    state,
    root: `http://127.0.0.1:${server.address().port}${prefix.replace(/\/$/, '')}`,
    /** Something happens: all who listen are told. */
    tell: (entry) => {
      state.events = [entry, ...state.events];
      for (const push of state.readers) push(entry);
    },
    /** All that are told live are told no more, as when it is started anew. */
    drop: () => server.closeAllConnections(),
    stop: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

// The typed client of Weir's public HTTP API: the panel has no other way to know anything.

export interface Viewer {
  client_id: string;
  mode: string;
  user_agent: string | null;
  ip_address: string | null;
  connected_at: string;
  last_active: string;
  bytes_sent: number;
}

export interface Upstream {
  sessions: number;
  segment_fetches: number;
  playlist_fetches: number;
  failures: number;
}

export interface Channel {
  key: string;
  name: string | null;
  state: string;
  mode: string;
  source: string | null;
  engine: string | null;
  started_at: string;
  uptime_seconds: number;
  viewers: number;
  segments: number;
  buffer_seconds: number;
  buffer_bytes: number;
  bytes_in: number;
  bytes_out: number;
  target_duration_seconds: number | null;
  media_sequence: number;
  upstream: Upstream;
  clients: Viewer[];
}

export interface ProxyStatus {
  channels: Channel[];
  total_viewers: number;
}

export interface Source {
  id: string;
  name: string;
  kind: string;
}

export interface Health {
  data_folder: string;
  events: string;
}

export interface Outbox {
  waiting: number;
  trouble: { what: string; retry_in_seconds: number } | null;
}

/** An answer that is not a 2xx, with what Weir says about it. */
export class ApiError extends Error {
  constructor(readonly status: number, detail: string) {
    super(detail);
  }
}

/** Weir answers from memory: more than this means that it, or the way to it, is stuck. */
const ANSWER_MILLISECONDS_MAX = 10_000;

/** `{"detail": "..."}` or `{"detail": {"message": "..."}}`, the two forms in which Weir says what is wrong. */
export function detailOf(body: string): string | undefined {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
    const message = (detail as { message?: unknown } | undefined)?.message;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The service root is one level above the panel, wherever a reverse proxy has put both. */
export function serviceRoot(page: string): URL {
  return new URL('../', page);
}

/** The link that plays a channel, in the panel and in any other player. */
export function manifestUrl(root: URL, id: string): string {
  const url = new URL('ace/manifest.m3u8', root);
  url.searchParams.set('id', id);
  return url.href;
}

async function get<T>(root: URL, path: string, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MILLISECONDS_MAX)]);
  const answer = await fetch(new URL(path, root), { signal: limit, headers: { Accept: 'application/json' } });
  if (!answer.ok) {
    throw new ApiError(answer.status, detailOf(await answer.text()) ?? `Weir answered ${answer.status}`);
  }
  return (await answer.json()) as T;
}

export function proxyStatus(root: URL, signal: AbortSignal): Promise<ProxyStatus> {
  return get(root, 'proxy/status', signal);
}

/** What an operator should know, in sentences; nothing when all is well. */
export function noticesOf(health: Health, outbox: Outbox, warnings: string[]): string[] {
  const notices = [];
  if (health.data_folder !== 'ok') {
    notices.push('The data folder cannot be written: settings cannot be changed, and a crash would lose events.');
  }
  if (outbox.trouble !== null) {
    const waiting = outbox.waiting === 1 ? '1 event waits' : `${outbox.waiting} events wait`;
    notices.push(`${waiting} to be told: ${outbox.trouble.what}.`);
  }
  return [...notices, ...warnings.map((warning) => `Setting: ${warning}.`)];
}

export async function notices(root: URL, signal: AbortSignal): Promise<string[]> {
  const [health, outbox, config] = await Promise.all([
    get<Health>(root, 'health/status', signal),
    get<Outbox>(root, 'api/v1/outbox', signal),
    get<{ warnings: string[] }>(root, 'proxy/config', signal),
  ]);
  return noticesOf(health, outbox, config.warnings);
}

export async function sources(root: URL, signal: AbortSignal): Promise<Source[]> {
  return (await get<{ sources: Source[] }>(root, 'api/v1/sources', signal)).sources;
}

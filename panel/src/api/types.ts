// What Weir's API answers, as far as the panel reads it. What is not known is null or absent, never 0.

type Unknown<T> = T | null | undefined;

export type ChannelState = 'idle' | 'starting' | 'live' | 'lingering' | 'failed' | 'stopping';
export type Health = 'good' | 'strained' | 'stalled' | 'starting' | 'failed';

export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

export interface Buffer {
  segments: number;
  segments_max: number;
  bytes: number;
  bytes_max: number;
  seconds: number;
  /** Of segments or bytes, whichever is fuller: 0 to 1. */
  fill: number;
  reserve_seconds: number;
  target_duration_seconds?: Unknown<number>;
  first_sequence?: Unknown<number>;
  last_sequence?: Unknown<number>;
  listed_from?: Unknown<number>;
}

export interface Counters {
  bytes_in: number;
  bytes_out: number;
  segments: number;
  segments_lost: number;
  gaps: number;
  retries: number;
  discontinuities: number;
  failovers: number;
  segments_404: number;
  flaws: number;
  repeats: number;
  slate_segments: number;
  sessions: number;
  playlist_fetches: number;
  segment_fetches: number;
  failures: number;
}

export interface LivePosition {
  pos?: Unknown<number>;
  live_first?: Unknown<number>;
  live_last?: Unknown<number>;
  first_ts?: Unknown<number>;
  last_ts?: Unknown<number>;
  buffer_pieces?: Unknown<number>;
}

export interface EngineStat {
  status?: Unknown<string>;
  peers?: Unknown<number>;
  /** KB/s, as engines count. */
  speed_down?: Unknown<number>;
  speed_up?: Unknown<number>;
  downloaded?: Unknown<number>;
  uploaded?: Unknown<number>;
  livepos?: Unknown<LivePosition>;
}

export interface Channel {
  key: string;
  name: string;
  stream_id?: Unknown<string>;
  state: ChannelState;
  failure?: Unknown<string>;
  health: Health;
  mode: string;
  source: string;
  engine?: Unknown<string>;
  infohash?: Unknown<string>;
  title?: Unknown<string>;
  started_at?: Unknown<string>;
  uptime_seconds?: Unknown<number>;
  viewers: number;
  on_slate: boolean;
  stream?: Unknown<string>;
  buffer: Buffer;
  source_quality: {
    last_segment_age_seconds?: Unknown<number>;
    fetch_ms?: Unknown<Percentiles>;
    lateness_ms?: Unknown<Percentiles>;
    jitter_ms?: Unknown<Percentiles>;
  };
  counters: Counters;
  rates: { in_bps: number; out_bps: number };
  engine_stat?: Unknown<EngineStat>;
  playable_seconds_min?: Unknown<number>;
}

export interface Channels {
  channels: Channel[];
  as_of: string;
}

export interface Segment {
  sequence: number;
  duration_seconds: number;
  bytes: number;
  discontinuity: boolean;
  listed: boolean;
  slate: boolean;
}

export interface Viewer {
  client_id: string;
  mode: string;
  user_agent?: Unknown<string>;
  ip_address?: Unknown<string>;
  connected_at: string;
  last_active: string;
  bytes_sent: number;
  rate_bps: number;
  playable_seconds?: Unknown<number>;
  /** 12.5 is half-way through segment 12. */
  position?: Unknown<number>;
  behind_live_seconds?: Unknown<number>;
  underruns: number;
  stalled_seconds: number;
  slate_seconds?: number;
  skips: number;
  waiting: boolean;
}

export interface ChannelDetail extends Channel {
  window: Segment[];
  open?: Unknown<{ bytes: number; seconds: number }>;
  viewers_list: Viewer[];
}

export interface BufferPoint {
  at: string;
  seconds: number;
  bytes: number;
  segments: number;
  reserve_seconds: number;
  in_bps: number;
  out_bps: number;
  viewers: number;
  playable_seconds_min?: Unknown<number>;
  peers?: Unknown<number>;
  speed_down?: Unknown<number>;
  speed_up?: Unknown<number>;
}

export interface OverviewPoint {
  at: string;
  channels: number;
  viewers: number;
  in_bps: number;
  out_bps: number;
  engines_healthy: number;
  buffer_seconds_min?: Unknown<number>;
}

export interface Series<Point> {
  interval_seconds: number;
  points: Point[];
}

export type Severity = 'info' | 'warning' | 'error';

export interface Problem {
  severity: Severity;
  what: string;
  how: string;
  channel?: Unknown<string>;
  engine?: Unknown<string>;
}

export interface Overview {
  version: string;
  started_at: string;
  uptime_seconds: number;
  as_of: string;
  channels: number;
  viewers: number;
  in_bps: number;
  out_bps: number;
  engines: { total: number; healthy: number; places: number; used: number };
  events_waiting: number;
  disk_failing: boolean;
  problems: Problem[];
}

export interface Engine {
  container_id: string;
  container_name?: Unknown<string>;
  host: string;
  port: number;
  labels: Record<string, string>;
  forwarded: boolean;
  first_seen: string;
  last_seen?: Unknown<string>;
  streams: string[];
  health_status: 'healthy' | 'unhealthy' | 'unknown';
  last_health_check?: Unknown<string>;
  last_stream_usage?: Unknown<string>;
  engine_variant?: Unknown<string>;
  version?: Unknown<string>;
  channels: number;
  places: number;
  draining: boolean;
  origin: 'configured' | 'added' | 'learnt';
  failures: number;
  last_trouble?: Unknown<string>;
  not_chosen?: Unknown<string>;
}

export interface Engines {
  engines: Engine[];
}

export interface News {
  id: number;
  timestamp: string;
  event_type: string;
  category: string;
  severity: Severity;
  message: string;
  details: Record<string, unknown>;
  container_id?: Unknown<string>;
  stream_id?: Unknown<string>;
  channel?: Unknown<string>;
}

export interface EndedStream {
  id: string;
  key: string;
  key_type: string;
  container_id?: Unknown<string>;
  started_at: string;
  ended_at?: Unknown<string>;
  end_reason?: Unknown<string>;
  channel?: Unknown<string>;
  title?: Unknown<string>;
  infohash?: Unknown<string>;
  /** It ran here, and not at another proxy. */
  own: boolean;
  duration_seconds: number;
  sources?: Unknown<number>;
  failovers?: Unknown<number>;
  viewers_max?: Unknown<number>;
  bytes_in?: Unknown<number>;
  bytes_out?: Unknown<number>;
  segments_lost?: Unknown<number>;
  slate_segments?: Unknown<number>;
  peers?: Unknown<number>;
  downloaded?: Unknown<number>;
  uploaded?: Unknown<number>;
}

export interface Source {
  id: string;
  name: string;
  kind: string;
}

export interface Setting {
  key: string;
  variable: string;
  card: string;
  kind: 'number' | 'integer' | 'choice';
  unit?: Unknown<string>;
  min?: Unknown<number>;
  max?: Unknown<number>;
  choices?: Unknown<string[]>;
  default: number | string;
  value: number | string;
  origin: 'saved' | 'environment' | 'default';
  environment?: Unknown<number | string>;
  sentence: string;
  warning?: Unknown<string>;
}

export interface Settings {
  revision: number | string;
  settings: Setting[];
}

export interface SettingsChange {
  revision: number;
  at: string;
  who: string;
  changes: { key: string; from: number | string | null; to: number | string | null }[];
}

export interface Webhook {
  id: number | string;
  name?: Unknown<string>;
  url: string;
  kinds?: Unknown<string[]>;
  secret_set: boolean;
  enabled: boolean;
  waiting: number;
  delivered: number;
  trouble?: Unknown<string>;
}

export interface Delivery {
  at: string;
  event_id: number | string;
  event_type: string;
  status?: Unknown<number>;
  ok: boolean;
  took_ms: number;
  error?: Unknown<string>;
  attempt: number;
}

export interface LoopDetection {
  enabled: boolean;
  threshold_seconds: number;
  check_interval_seconds: number;
  retention_minutes: number;
}

export interface LoopingStreams {
  looping: { id: string; detected_at: string; refused_until?: Unknown<string> }[];
}

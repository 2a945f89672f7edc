// When in a channel's life each setting acts: the phases that are shown under the settings.

export const PHASES = [
  { id: 'open', name: 'Opening', what: 'The first viewer came; an engine is asked for the stream.' },
  { id: 'fill', name: 'Filling', what: 'Media is gathered before the first picture is served.' },
  { id: 'live', name: 'Live', what: 'Viewers watch; segments come and go.' },
  { id: 'trouble', name: 'Trouble', what: 'The source gives nothing.' },
  { id: 'linger', name: 'Lingering', what: 'The last viewer has left; somebody may come back.' },
] as const;

export type Phase = (typeof PHASES)[number]['id'];

const ACTS: Record<string, Phase[]> = {
  hls_max_segments: ['fill', 'live', 'trouble', 'linger'],
  hls_initial_segments: ['fill'],
  hls_window_size: ['live', 'trouble'],
  hls_buffer_ready_timeout: ['open', 'fill'],
  hls_first_segment_timeout: ['open'],
  hls_initial_buffer_seconds: ['fill'],
  hls_max_initial_segments: ['fill'],
  hls_segment_fetch_interval: ['fill', 'live', 'trouble'],
  ts_join_seconds: ['fill', 'live'],
  segment_seconds: ['fill', 'live'],
  initial_data_wait_timeout: ['open', 'fill'],
  no_data_timeout_checks: ['trouble'],
  no_data_check_interval: ['trouble'],
  connection_timeout: ['open', 'trouble'],
  stream_timeout: ['live', 'trouble'],
  channel_shutdown_delay: ['linger'],
  max_streams_per_engine: ['open'],
  engine_wait_timeout: ['open'],
  stream_mode: ['open'],
  engine_stream: ['open'],
  slate: ['fill', 'trouble'],
};

/** The phases in which a setting acts; none is known of those that never do, or that are new here. */
export function actsIn(key: string): readonly Phase[] {
  return ACTS[key] ?? [];
}

// The links that play a channel, in the panel and in any other player.
import { address } from './client';

export type Mode = 'hls' | 'ts';

/** A channel's key says how it is asked for; one that was opened by an address cannot be asked for by its key. */
export function playUrl(key: string, mode: Mode): string | undefined {
  if (key.startsWith('url-')) return undefined;
  const path = mode === 'hls' ? 'ace/manifest.m3u8' : 'ace/getstream';
  const query = { ...selectorOf(key), ...(mode === 'ts' ? { mode: 'ts' } : {}) };
  return address(path, query).href;
}

function selectorOf(key: string): Record<string, string> {
  const [, kind, hash] = /^(infohash|magnet)-([0-9a-f]{40})$/.exec(key) ?? [];
  if (kind === 'infohash' && hash) return { infohash: hash };
  if (kind === 'magnet' && hash) return { magnet: `magnet:?xt=urn:btih:${hash}` };
  return { id: key };
}

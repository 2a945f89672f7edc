// What channels are called, by their keys: those that run, those that have names, and those that have ended of late.
import { useMemo } from 'react';
import { useChannels, useEnded, useSources } from '../api/queries';
import { namesOf, shortKey } from '../figures/channel';

/** How often it is asked what has ended: a title that is not known yet is a key for as long. */
const ENDED_MILLISECONDS = 30_000;

export type NameOf = (key: string) => string;

export function useNames(): NameOf {
  const channels = useChannels().data?.channels;
  const sources = useSources().data?.sources;
  const ended = useEnded(0, ENDED_MILLISECONDS).data?.streams;
  return useMemo(() => {
    const names = namesOf(channels ?? [], sources ?? [], ended ?? []);
    return (key: string) => names.get(key) ?? shortKey(key);
  }, [channels, sources, ended]);
}

// The page: what one can watch, and what is playing. It holds which channel is open here, nothing else.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { notices, proxyStatus, sources } from './api';
import { counted } from './format';
import { Channels } from './views/channels';
import { Notices } from './views/notices';
import { Opener } from './views/opener';
import { Player } from './views/player';
import { Sources } from './views/sources';

/** Often enough to see a viewer come and go, seldom enough to be free. */
const STATUS_MILLISECONDS = 2000;

/** Soon enough for somebody who looks; nothing of it hurts a viewer at once. */
const NOTICES_MILLISECONDS = 10_000;

/** A configuration changes when a person changes it. */
const SOURCES_MILLISECONDS = 30_000;

export interface Chosen {
  id: string;
  name: string;
  /** Counts openings, so that opening the same channel again starts it anew. */
  opening: number;
}

export function App({ root }: { root: URL }) {
  const status = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => proxyStatus(root, signal),
    refetchInterval: STATUS_MILLISECONDS,
  });
  const known = useQuery({
    queryKey: ['sources'],
    queryFn: ({ signal }) => sources(root, signal),
    refetchInterval: SOURCES_MILLISECONDS,
  });

  const troubles = useQuery({
    queryKey: ['notices'],
    queryFn: ({ signal }) => notices(root, signal),
    refetchInterval: NOTICES_MILLISECONDS,
  });

  const [chosen, setChosen] = useState<Chosen>();
  const stage = useRef<HTMLElement>(null);
  const open = useCallback((id: string, name: string) => {
    setChosen((before) => ({ id, name, opening: (before?.opening ?? 0) + 1 }));
    stage.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const close = useCallback(() => setChosen(undefined), []);

  return (
    <>
      <header class="top">
        <h1>Weir</h1>
        <p class="total" aria-live="polite">
          {status.data ? counted(status.data.total_viewers, 'viewer') : ''}
        </p>
      </header>
      <Notices notices={troubles.data} />
      <main>
        <section class="stage" aria-label="Player" ref={stage}>
          <Player root={root} chosen={chosen} onClose={close} />
        </section>
        <section class="choose" aria-labelledby="choose-title">
          <h2 id="choose-title">Watch</h2>
          <Opener sources={known.data} onOpen={open} />
          <Sources query={known} openId={chosen?.id} onOpen={open} />
        </section>
        <section class="playing" aria-labelledby="playing-title">
          <h2 id="playing-title">Playing now</h2>
          <Channels query={status} sources={known.data} onOpen={open} />
        </section>
      </main>
    </>
  );
}

// The channels that Weir knows by name, each one press away.
import type { UseQueryResult } from '@tanstack/react-query';
import type { Source } from '../api';

interface Props {
  query: UseQueryResult<Source[]>;
  openId: string | undefined;
  onOpen: (id: string, name: string) => void;
}

export function Sources({ query, openId, onOpen }: Props) {
  return (
    <>
      <h3 id="sources-title">Known channels</h3>
      {query.isPending && <p class="quiet">Loading the channels…</p>}
      {query.isError && <p class="problem" role="status">The channels could not be loaded: {query.error.message}</p>}
      {query.data?.length === 0 && <p class="quiet">No source is configured. Paste an id above to play one.</p>}
      <ul class="sources" aria-labelledby="sources-title">
        {query.data?.map((source) => (
          <li key={source.id}>
            <button type="button" aria-pressed={source.id === openId} onClick={() => onOpen(source.id, source.name)}>
              <span class="name">{source.name}</span>
              <span class="quiet">{source.kind}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

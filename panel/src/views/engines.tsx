// The engines: who is well, what each carries, why one is not chosen; drained, added and removed by hand.
import { useState } from 'react';
import { change } from '../api/client';
import { useEngines, useEvents } from '../api/queries';
import type { Engine } from '../api/types';
import { counted, number } from '../figures/format';
import { useAct } from '../parts/act';
import { Confirm } from '../parts/dialog';
import { Ago, Answer, Badge, Bar, Card, Empty, Fact } from '../parts/small';
import { go, to } from '../route';
import { EngineForm } from './engine-form';
import { EventRow } from './events';
import { useNames } from './names';

export function Engines({ opened }: { opened: string | undefined }) {
  const query = useEngines();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <header class="head">
        <h1>Engines</h1>
        {query.data && <p class="quiet">{sumUp(query.data.engines)}</p>}
        <div class="actions"><button type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>Add an engine</button></div>
      </header>
      {adding && <Card title="Add an engine"><EngineForm onDone={() => setAdding(false)} /></Card>}
      <Answer query={query} what="The engines">
        {({ engines }) => engines.length === 0 ? (
          <section class="card">
            <Empty title="There is no engine">
              Weir plays AceStream ids through engines. Add one by its host and port, or name it in WEIR_ENGINES.
            </Empty>
          </section>
        ) : (
          <ul class="engines">
            {inOrder(engines).map((engine) => (
              <li key={engine.container_id}><One engine={engine} isOpened={engine.container_id === opened} /></li>
            ))}
          </ul>
        )}
      </Answer>
    </>
  );
}

function sumUp(engines: Engine[]): string {
  const well = engines.filter((it) => it.health_status === 'healthy').length;
  const used = engines.reduce((sum, it) => sum + it.channels, 0);
  const places = engines.reduce((sum, it) => sum + it.places, 0);
  return `${well} of ${engines.length} healthy, ${used} of ${counted(places, 'place')} used`;
}

function inOrder(engines: Engine[]): Engine[] {
  return [...engines].sort((a, b) => a.container_id.localeCompare(b.container_id, 'en', { numeric: true }));
}

function One({ engine, isOpened }: { engine: Engine; isOpened: boolean }) {
  const id = engine.container_id;
  const name = engine.container_name && engine.container_name !== id ? engine.container_name : undefined;
  return (
    <article class="card engine" aria-label={name ?? id} data-opened={isOpened}>
      <header>
        <div class="who">
          <h2><a href={isOpened ? to('engines') : to('engines', id)} aria-expanded={isOpened}>{name ?? id}</a></h2>
          {name && <p class="quiet">{id}</p>}
        </div>
        <Badge word={engine.health_status} />
        {engine.draining && <Badge word="draining" />}
      </header>
      <Bar value={engine.channels / engine.places} label={`Places of ${id} in use`} tone={engine.channels < engine.places ? 'good' : 'warning'}>
        {engine.channels} of {counted(engine.places, 'place')}
      </Bar>
      {engine.not_chosen && <p class="note" data-tone="warning">Not chosen: {engine.not_chosen}</p>}
      {engine.last_trouble && <p class="quiet">Last trouble: {engine.last_trouble}</p>}
      <dl class="facts">
        <Fact name="Version">{engine.version ?? '–'}</Fact>
        <Fact name="Checked"><Ago time={engine.last_health_check} /></Fact>
        <Fact name="Last used"><Ago time={engine.last_stream_usage} /></Fact>
        <Fact name="Known">{ORIGINS[engine.origin]}, <Ago time={engine.first_seen} /></Fact>
        <Fact name="Failures in a row">{number(engine.failures)}</Fact>
        <Fact name="Port forwarded">{engine.forwarded ? 'yes' : 'no'}</Fact>
      </dl>
      <Streams ids={engine.streams} />
      <Actions engine={engine} />
      {isOpened && <History id={id} />}
    </article>
  );
}

const ORIGINS: Record<Engine['origin'], string> = { configured: 'by configuration', added: 'added here', learnt: 'told by another proxy' };

function Streams({ ids }: { ids: string[] }) {
  const nameOf = useNames();
  if (ids.length === 0) return null;
  return (
    <ul class="tags" aria-label="Streams">
      {ids.map((id) => <li key={id}><a href={to('streams', id)} title={id}>{nameOf(id)}</a></li>)}
    </ul>
  );
}

function Actions({ engine }: { engine: Engine }) {
  const path = { id: engine.container_id };
  const [removing, setRemoving] = useState(false);
  const drain = useAct(() => change('post', '/api/v1/engines/{id}/drain', { path, json: { draining: !engine.draining } }), ['engines', 'overview']);
  const remove = useAct(() => change('delete', '/api/v1/engines/{id}', { path }), ['engines', 'overview']);
  const error = drain.error ?? remove.error;
  return (
    <div class="actions">
      <button
        type="button" disabled={drain.isPending} onClick={() => drain.mutate()}
        title={engine.draining ? 'It may take streams again' : 'It gets no new streams, and those that it has move to others'}
      >
        {engine.draining ? 'Use again' : 'Drain'}
      </button>
      <button type="button" class="danger" disabled={remove.isPending} onClick={() => setRemoving(true)}>Remove</button>
      {error && <p class="problem" role="alert">{error.message}</p>}
      {removing && (
        <Confirm
          title={`Remove ${engine.container_id}?`} action="Remove" onClose={() => setRemoving(false)}
          onConfirm={() => {
            go(to('engines'));
            remove.mutate();
          }}
        >
          <p>{engine.channels === 0 ? 'It carries nothing.' : `Its ${counted(engine.channels, 'stream')} move to other engines first.`}</p>
          {engine.origin === 'configured' && <p>It is configured, so it comes back with the next start of Weir.</p>}
        </Confirm>
      )}
    </div>
  );
}

function History({ id }: { id: string }) {
  const query = useEvents({ container_id: id, limit: 20 });
  const nameOf = useNames();
  return (
    <section aria-label="History">
      <h3>History</h3>
      <Answer query={query} what="Its history">
        {(events) => events.length === 0 ? <p class="quiet">Nothing is known of it yet.</p> : (
          <ol class="events">{events.map((event) => <EventRow key={event.id} event={event} nameOf={nameOf} />)}</ol>
        )}
      </Answer>
    </section>
  );
}

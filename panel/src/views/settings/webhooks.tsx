// Who is told what happens: addresses that get chosen events, each with what became of the last ones.
import { useState } from 'react';
import { change } from '../../api/client';
import { useDeliveries, useWebhooks } from '../../api/queries';
import type { Delivery, Webhook, WebhookDraft as Draft } from '../../api/types';
import { counted, milliseconds, number } from '../../figures/format';
import { useAct } from '../../parts/act';
import { Confirm } from '../../parts/dialog';
import { Answer, Badge, Card, Clock, Empty } from '../../parts/small';

export function Webhooks() {
  const query = useWebhooks();
  return (
    <>
      <Card title="Tell another service" wide><Form /></Card>
      <Answer query={query} what="The webhooks">
        {({ webhooks }) => webhooks.length === 0 ? (
          <section class="card"><Empty title="Nobody is told">An address that is added above gets each event, in order, at least once.</Empty></section>
        ) : <>{webhooks.map((it) => <One key={it.id} webhook={it} />)}</>}
      </Answer>
    </>
  );
}

function Form() {
  const [url, setUrl] = useState('');
  const [kinds, setKinds] = useState('');
  const [secret, setSecret] = useState('');
  const add = useAct((given: Draft) => change('post', '/api/v1/webhooks', { json: given }), ['webhooks']);
  const submit = (event: Event) => {
    event.preventDefault();
    const words = kinds.split(/[\s,]+/).filter(Boolean);
    const given = { url: url.trim(), kinds: words.length === 0 ? null : words, ...(secret && { secret }) };
    const empty = () => [setUrl, setKinds, setSecret].forEach((set) => set(''));
    add.mutate(given, { onSuccess: empty });
  };
  return (
    <form class="inline" onSubmit={submit}>
      <label>Address<input type="url" required value={url} placeholder="https://…" onInput={(event) => setUrl(event.currentTarget.value)} /></label>
      <label>Only these kinds<input value={kinds} placeholder="all" autoCapitalize="none" onInput={(event) => setKinds(event.currentTarget.value)} /></label>
      <label>Secret to sign with<input type="password" autoComplete="off" value={secret} onInput={(event) => setSecret(event.currentTarget.value)} /></label>
      <button type="submit" class="primary" disabled={add.isPending}>Add</button>
      <p class="problem" role="alert">{add.error?.message}</p>
    </form>
  );
}

function One({ webhook }: { webhook: Webhook }) {
  const path = { id: webhook.id };
  const [removing, setRemoving] = useState(false);
  const { url, kinds, enabled, name } = webhook;
  const test = useAct(async () => (await (await change('post', '/api/v1/webhooks/{id}/test', { path })).json()) as Delivery, ['webhooks']);
  const turn = useAct(() => change('put', '/api/v1/webhooks/{id}', { path, json: { enabled: !enabled } }), ['webhooks']);
  const remove = useAct(() => change('delete', '/api/v1/webhooks/{id}', { path }), ['webhooks']);
  const error = test.error ?? turn.error ?? remove.error;
  return (
    <Card
      title={name ?? url}
      actions={<Badge word={!enabled ? 'off' : webhook.trouble ? 'trouble' : 'ok'} tone={!enabled ? 'quiet' : webhook.trouble ? 'bad' : 'good'} />}
    >
      <p class="quiet">
        {kinds ? kinds.join(', ') : 'All events'}. {counted(webhook.delivered, 'event')} told, {number(webhook.waiting)} waiting{webhook.secret_set && ', signed'}.
      </p>
      {webhook.trouble && <p class="problem">{webhook.trouble}</p>}
      <div class="actions">
        <button type="button" disabled={test.isPending} onClick={() => test.mutate()}>Send a test</button>
        <button type="button" disabled={turn.isPending} onClick={() => turn.mutate()}>{enabled ? 'Turn off' : 'Turn on'}</button>
        <button type="button" class="danger" onClick={() => setRemoving(true)}>Remove</button>
      </div>
      <p role="status" class={test.data?.ok === false ? 'problem' : undefined}>{test.data && `The test: ${becameOf(test.data)}.`}</p>
      {error && <p class="problem" role="alert">{error.message}</p>}
      <details>
        <summary>Last deliveries</summary>
        <Deliveries id={webhook.id} />
      </details>
      {removing && (
        <Confirm title="Remove this webhook?" action="Remove" onConfirm={() => remove.mutate()} onClose={() => setRemoving(false)}>
          <p>{url} is told nothing any more.</p>
        </Confirm>
      )}
    </Card>
  );
}

function becameOf({ error, status, took_ms }: Delivery): string {
  return `${error ?? `answered ${status ?? '–'}`}, after ${milliseconds(took_ms)}`;
}

function Deliveries({ id }: { id: Webhook['id'] }) {
  return (
    <Answer query={useDeliveries(id)} what="The deliveries">
      {({ deliveries }) => deliveries.length === 0 ? <p class="quiet">None yet.</p> : (
        <ol class="events">
          {deliveries.map((it) => (
            <li key={`${it.event_id}-${it.attempt}-${it.at}`} data-tone={it.ok ? 'quiet' : 'bad'}>
              <span class="at"><Clock time={it.at} /></span>
              <span class="text">{it.event_type}: {becameOf(it)}{1 < it.attempt && `, attempt ${it.attempt}`}</span>
            </li>
          ))}
        </ol>
      )}
    </Answer>
  );
}

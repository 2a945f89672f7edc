// Adds an engine by where it listens.
import { useState } from 'react';
import { ApiError, change } from '../api/client';
import { useAct } from '../parts/act';

interface Given {
  host: string;
  port: number;
  name?: string;
}

export function EngineForm({ onDone }: { onDone: () => void }) {
  const [host, setHost] = useState('');
  const [port, setPort] = useState('6878');
  const [name, setName] = useState('');
  const add = useAct((given: Given) => change('post', '/api/v1/engines', { json: given }), ['engines', 'overview']);
  const submit = (event: Event) => {
    event.preventDefault();
    const given = { host: host.trim(), port: Number(port), ...(name.trim() && { name: name.trim() }) };
    add.mutate(given, { onSuccess: onDone });
  };
  const fields = add.error instanceof ApiError ? add.error.fields : [];
  const isWrong = (field: string) => fields.some((it) => it.field === field);
  return (
    <form class="inline" onSubmit={submit}>
      <label>Host<input required value={host} placeholder="192.168.1.20" autoCapitalize="none" spellcheck={false} aria-invalid={isWrong('host')} onInput={(event) => setHost(event.currentTarget.value)} /></label>
      <label>Port<input required type="number" min={1} max={65535} value={port} aria-invalid={isWrong('port')} onInput={(event) => setPort(event.currentTarget.value)} /></label>
      <label>Name, if you like<input value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <button type="submit" class="primary" disabled={add.isPending}>{add.isPending ? 'Adding…' : 'Add'}</button>
      <p class="problem" role="alert">{add.error?.message}</p>
    </form>
  );
}

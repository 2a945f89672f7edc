// The viewers of one channel, longest there first. On a narrow page each row becomes a block.
import type { Viewer } from '../api';
import { agent, ago, bytes } from '../format';

interface Props {
  of: string;
  viewers: Viewer[];
  /** When Weir said so, in milliseconds: times are told relative to it. */
  now: number;
}

export function Viewers({ of, viewers, now }: Props) {
  if (viewers.length === 0) return <p class="quiet">No viewer: it ends soon unless one comes.</p>;
  return (
    <table>
      <caption>Viewers of {of}</caption>
      <thead>
        <tr>
          <th scope="col">Player</th>
          <th scope="col">Address</th>
          <th scope="col">Mode</th>
          <th scope="col">Came</th>
          <th scope="col">Active</th>
          <th scope="col" class="number">Sent</th>
        </tr>
      </thead>
      <tbody>
        {inOrder(viewers).map((viewer) => (
          <tr key={viewer.client_id}>
            <td class="agent" title={viewer.user_agent ?? undefined}>{agent(viewer.user_agent)}</td>
            <td data-label="Address">{viewer.ip_address ?? '–'}</td>
            <td data-label="Mode">{viewer.mode.toUpperCase()}</td>
            <td data-label="Came">{ago(viewer.connected_at, now)}</td>
            <td data-label="Active">{ago(viewer.last_active, now)}</td>
            <td data-label="Sent" class="number">{bytes(viewer.bytes_sent)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function inOrder(viewers: Viewer[]): Viewer[] {
  return [...viewers].sort((a, b) => a.connected_at.localeCompare(b.connected_at) || a.client_id.localeCompare(b.client_id));
}

// The link of the open channel, to be carried to another player.
import { useRef, useState } from 'react';

interface Props {
  url: string | undefined;
}

export function Link({ url }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<string>();

  const copy = async () => {
    if (!url) return;
    field.current?.select();
    if (await copyText(url)) setCopied(url);
  };

  return (
    <div class="link">
      <label for="link">Link for other players</label>
      <div class="row">
        <input
          id="link" ref={field} type="text" readOnly disabled={!url} value={url ?? ''}
          placeholder="Appears when a channel is open" onFocus={() => field.current?.select()}
        />
        <button type="button" class="copy" disabled={!url} onClick={() => void copy()}>
          {url && copied === url ? 'Copied' : 'Copy'}
        </button>
      </div>
    </div>
  );
}

/** Pages without TLS have no clipboard; there the selected field is copied in the old way. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand('copy');
  }
}

// Starts the panel: where Weir is, the query client, the page.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from 'react';
import { setRoot } from './api/client';
import { App } from './app';
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './style/views.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The next poll is the retry.
      retry: false,
      // A home network without an uplink counts as offline to the browser, and Weir still answers.
      networkMode: 'always',
    },
  },
});

setRoot(document.baseURI);
const panel = document.getElementById('panel');
if (panel) {
  render(
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>,
    panel,
  );
}

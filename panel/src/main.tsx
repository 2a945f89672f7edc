// Starts the panel: the query client, the service root, the page.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from 'react';
import { serviceRoot } from './api';
import { App } from './app';
import './style.css';

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

const panel = document.getElementById('panel');
if (panel) {
  render(
    <QueryClientProvider client={queries}>
      <App root={serviceRoot(document.baseURI)} />
    </QueryClientProvider>,
    panel,
  );
}

// nginx as `deploy/nginx.conf` has it, with TLS: the certificate is made on the spot, and signed by nobody.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, until } from './lib.mjs';

/** Where the example shows Weir under a path beside other things. */
const HOST = 'home.example';
const PATH = '/weir';

const START_MILLISECONDS_MAX = 10_000;

/** How a browser finds the host, which is in no directory of names. */
export const BROWSER_ARGUMENTS = [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`];

/** Starts nginx before this Weir; `root` is where a browser finds Weir then. */
export async function startNginx(weir) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-nginx-'));
  await certify(folder);
  const port = await freePort();
  await writeFile(join(folder, 'main.conf'), await configuration(folder, port, weir));
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'main.conf'), '-e', join(folder, 'error.log')], {
    env: { PATH: `${process.env.PATH}:/usr/sbin` }, stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);

  async function stop() {
    end();
    await exited;
    process.off('exit', end);
    await rm(folder, { recursive: true, force: true });
  }
  await until('nginx listens', START_MILLISECONDS_MAX, async () => {
    if (child.exitCode !== null) throw new Error(`nginx did not start:\n${await readFile(join(folder, 'error.log'), 'utf8')}`);
    return isOpen(port);
  });
  return { root: `https://${HOST}:${port}${PATH}`, stop };
}

async function certify(folder) {
  const options = ['-x509', '-newkey', 'rsa:2048', '-noenc', '-days', '2', '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
  const made = await run('openssl', ['req', ...options, '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')], { millisecondsMax: 30_000 });
  if (made.code !== 0) throw new Error(`openssl made no certificate:\n${made.stderr}`);
}

/** The example, with another port, other folders, and TLS. */
async function configuration(folder, port, weir) {
  const tls = `listen 127.0.0.1:${port} ssl http2; ssl_certificate ${folder}/certificate.pem; ssl_certificate_key ${folder}/key.pem;`;
  const changes = [['listen 80;', tls], ['server 127.0.0.1:8000;', `server ${new URL(weir.root).host};`], ['/var/cache/nginx/weir', `${folder}/cache`]];
  const example = await readFile(new URL('../../deploy/nginx.conf', import.meta.url), 'utf8');
  const site = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`deploy/nginx.conf does not say ${from}`);
    return text.replaceAll(from, to);
  }, example);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((it) => `${it}_temp_path ${folder}/${it};`).join(' ');
  // Its children keep to the owner of the folder where the program is run by root.
  const owner = process.getuid() === 0 ? 'user root;' : '';
  return `${owner} daemon off; worker_processes 1; pid ${folder}/pid;\nevents {}\nhttp { access_log off; ${places}\n${site}\n}\n`;
}

/** A port that nobody has; nginx cannot say which one it was given. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function isOpen(port) {
  const socket = connect(port, '127.0.0.1');
  return once(socket, 'connect').then(() => true, () => false).finally(() => socket.destroy());
}

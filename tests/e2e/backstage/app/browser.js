// What a browser gives to an app's analytics, in Node: a document, and hands on the clock, the network and the page's end.
import { JSDOM, VirtualConsole } from 'jsdom';

// Its console of its own is heard by nobody: it complains of styles that are newer than it.
const { window } = new JSDOM('', { url: 'http://127.0.0.1:3000/', virtualConsole: new VirtualConsole() });
Object.defineProperty(window, 'crypto', { value: globalThis.crypto });
globalThis.window = window;
const missing = Object.getOwnPropertyNames(window).filter(name => !(name in globalThis));
for (const name of ['navigator', ...missing]) {
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true });
}

const ticks = [];
globalThis.setInterval = callback => ticks.push(callback);

let pending = 0;
let latest = Date.now();
const nodesFetch = globalThis.fetch;
export async function realFetch(...request) {
  pending += 1;
  try {
    return await nodesFetch(...request);
  } finally {
    pending -= 1;
    latest = Date.now();
  }
}

export const requests = [];
let lost = 0;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const { url, method, keepalive } = request;
  const body = JSON.parse(await request.clone().text());
  const seen = { url, method, keepalive, body, authorization: request.headers.get('authorization') };
  requests.push(seen);
  seen.status = (await realFetch(request)).status;
  if (lost-- > 0) throw new TypeError('Failed to fetch');
  return { ...seen, ok: seen.status < 300 };
};

// Wait until all that was started is done, but for what waits for the clock.
export async function settle() {
  latest = Date.now();
  do {
    await new Promise(resolve => setTimeout(resolve, 50));
  } while (pending > 0 || Date.now() - latest < 150);
}

export async function tick() {
  for (const callback of ticks) await callback();
  await settle();
}

export async function leave() {
  Object.defineProperty(document, 'hidden', { value: true });
  document.dispatchEvent(new window.Event('visibilitychange'));
  await settle();
}

// Let the next request arrive, and its answer be lost.
export const loseNextAnswer = () => {
  lost = 1;
};

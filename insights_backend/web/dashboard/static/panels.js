// Fetches what comes by itself, a few at a time and in the order of the page. Each place says alone what became of it.

const AT_ONCE = 4;
const SLOW = 4000; // milliseconds

const waiting = [];
let running = 0;

export function loadPanels(root, enliven) {
  const places = [...root.querySelectorAll('[data-panel]')];
  // What lies in a panel that just came is part of it, and comes before the panels further down.
  waiting.unshift(...places.map((place) => () => load(place, enliven)));
  while (running < AT_ONCE && waiting.length) work();
}

async function work() {
  running += 1;
  while (waiting.length) await waiting.shift()();
  running -= 1;
}

async function load(place, enliven) {
  place.setAttribute('aria-busy', 'true');
  const slow = setTimeout(() => place.querySelector('.waiting')?.append(' This takes a while.'), SLOW);
  try {
    const { ok, html } = await fetched(place.dataset.panel);
    if (ok || !place.matches('.choices')) show(place, html, enliven); // what was chosen stays, to be sent along
  } catch {
    const failed = document.getElementById('unreachable').content.cloneNode(true);
    place.replaceChildren(failed);
  }
  clearTimeout(slow);
  place.removeAttribute('aria-busy');
  offerAgain(place, enliven);
}

async function fetched(url) {
  const answer = await fetch(url);
  const html = answer.headers.get('Content-Type')?.startsWith('text/html');
  if (answer.redirected || !html) throw new Error(url); // a proxy's own page is no panel
  return { ok: answer.ok, html: await answer.text() };
}

function show(place, html, enliven) {
  place.innerHTML = html; // made by the server, which escapes what strangers wrote; scripts in it would not run
  enliven(place);
  loadPanels(place, enliven);
}

function offerAgain(place, enliven) {
  const failed = place.querySelector(':scope > .failed');
  if (!failed) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Try again';
  button.addEventListener('click', () => load(place, enliven));
  failed.append(button);
}

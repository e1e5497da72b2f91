// Makes a page live: its panels come, numbers are written as the reader's language does, charts are drawn.

import { drawCharts } from './charts.js';
import { localise } from './numbers.js';
import { loadPanels } from './panels.js';

function enliven(place) {
  localise(place);
  drawCharts(place);
}

// The reader's own zone first, where the service knows it.
function offerOwnZone() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const select = document.querySelector('select[name=timezone]');
  const option = select && [...select.options].find((each) => each.value === own);
  if (option) select.prepend(option);
}

// A page that comes back as it was left shows what was chosen, and not what it is about.
addEventListener('pageshow', (event) => {
  if (event.persisted) for (const form of document.forms) form.reset();
});

localise(document);
offerOwnZone();
drawCharts(document);
// The frames are painted before what fills them is asked for.
requestAnimationFrame(() => setTimeout(() => loadPanels(document, enliven)));

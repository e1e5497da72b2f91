// Draws a chart of the table that stands behind it, so that both say the same.

import { placeMarks, takeMarks } from './marks.js';
import { date, number } from './numbers.js';
import { offerPicture } from './pictures.js';

const COLOURS = ['--one', '--two', '--three'];
const drawn = new Set();

let library; // comes when the first chart wants it, since it is large and the page shall be there at once

export async function drawCharts(root) {
  const places = [...root.querySelectorAll('.chart')];
  if (places.length) await (library ??= loaded(new URL('chart.js', import.meta.url)));
  for (const place of places) (window.Chart ? draw : showTable)(place);
  takeMarks();
}

function loaded(url) {
  return new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = script.onerror = resolve;
    document.head.append(script);
  });
}

function showTable(place) {
  place.hidden = true;
  place.parentElement.querySelector('details').open = true;
}

function draw(place) {
  const table = place.parentElement.querySelector('table');
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `${place.dataset.title}, drawn; the table below holds the numbers`);
  place.prepend(canvas);
  const chart = new Chart(canvas, configuration(read(table), place));
  place.chart = chart;
  placeMarks(place);
  drawn.add(place);
  offerPicture(place.closest('.panel'), chart, place.dataset.title);
}

function read(table) {
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const series = heads.flatMap((head, column) =>
    head.dataset.draw ? [{ ...head.dataset, label: head.textContent, values: rows.map((row) => value(row.cells[column])) }] : [],
  );
  return {
    days: rows.map((row) => row.querySelector('time').dateTime),
    open: rows.findIndex((row) => row.classList.contains('unfinished')),
    series,
  };
}

function value(cell) {
  const data = cell.querySelector('data');
  return data ? Number(data.value) : null;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function configuration(read, place) {
  const bars = read.series.some((each) => each.draw === 'bar');
  return {
    type: bars ? 'bar' : 'line',
    data: { labels: read.days, datasets: read.series.map((each, index) => dataset(each, index, read.open)) },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false },
      scales: scales(read.series[0].kind, bars, place.dataset.interval),
      plugins: { legend: legend(read.series), tooltip: tooltip(place.dataset.interval, read.open) },
    },
    plugins: [{ id: 'marks', afterUpdate: () => place.chart && placeMarks(place) }],
  };
}

function dataset(series, index, open) {
  const bar = series.draw === 'bar' || series.draw === 'below';
  const ink = colour(series.draw === 'ghost' ? '--ghost' : COLOURS[index]);
  return {
    label: series.label,
    kind: series.kind,
    data: series.draw === 'below' ? series.values.map((each) => -each) : series.values,
    order: series.draw === 'ghost' ? 1 : 0,
    borderColor: ink,
    backgroundColor: bar ? series.values.map((_, place) => (place === open ? faint(ink) : ink)) : ink,
    borderWidth: bar ? 0 : 2,
    borderDash: series.draw === 'ghost' ? [5, 4] : [],
    segment: { borderDash: (part) => (series.draw === 'line' && part.p1DataIndex === open ? [2, 3] : undefined) },
    pointRadius: (point) => (isAlone(series.values, point.dataIndex) ? 3 : 0),
    pointHoverRadius: 4,
    maxBarThickness: 28,
  };
}

// Between two gaps there is no line to see.
function isAlone(values, index) {
  return (values[index - 1] ?? values[index + 1] ?? null) === null;
}

// What is not over yet.
function faint(ink) {
  return `color-mix(in srgb, ${ink} 40%, transparent)`;
}

function scales(kind, stacked, interval) {
  const ticks = { color: colour('--soft') };
  return {
    x: {
      stacked,
      grid: { display: false },
      border: { color: colour('--line') },
      ticks: { ...ticks, maxRotation: 0, autoSkipPadding: 16, callback(index) { return date(this.getLabelForValue(index), interval === 'month' ? 'month' : 'short'); } },
    },
    y: {
      stacked,
      beginAtZero: true,
      grid: { color: colour('--line') },
      border: { display: false },
      ticks: { ...ticks, maxTicksLimit: 6, precision: kind === 'count' ? 0 : undefined, callback: (each) => number(Math.abs(each), kind === 'share' ? 'whole' : 'count') },
    },
  };
}

function legend(series) {
  return {
    display: series.length > 1,
    align: 'end',
    labels: { color: colour('--ink'), boxHeight: 2, boxWidth: 18 },
  };
}

function tooltip(interval, open) {
  return {
    callbacks: {
      title: ([item]) => when(item.label, interval) + (item.dataIndex === open ? ' (so far)' : ''),
      label: (item) => `${item.dataset.label}: ${item.raw === null ? '–' : number(Math.abs(item.raw), item.dataset.kind)}`,
    },
  };
}

function when(iso, interval) {
  if (interval === 'month') return date(iso, 'month');
  return interval === 'week' ? `Week from ${date(iso, 'full')}` : date(iso, 'full');
}

// The colours are the page's; so they change with it.
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const place of [...drawn].filter((each) => each.isConnected)) {
    place.chart.destroy();
    place.chart = null;
    place.querySelector('canvas').remove();
    draw(place);
  }
});

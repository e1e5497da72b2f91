// Writes numbers and dates as the reader's language does. The server wrote them plainly, with their value beside.

const MANY = 1_000_000;
const languages = navigator.languages;
const day = { day: 'numeric', month: 'short', timeZone: 'UTC' };

const numbers = {
  count: new Intl.NumberFormat(languages),
  brief: new Intl.NumberFormat(languages, { notation: 'compact', minimumSignificantDigits: 3, maximumSignificantDigits: 3 }),
  decimal: new Intl.NumberFormat(languages, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  share: new Intl.NumberFormat(languages, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  whole: new Intl.NumberFormat(languages, { style: 'percent', maximumFractionDigits: 0 }),
  change: new Intl.NumberFormat(languages, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: 'exceptZero' }),
};
const dates = {
  short: new Intl.DateTimeFormat(languages, day),
  month: new Intl.DateTimeFormat(languages, { month: 'short', year: 'numeric', timeZone: 'UTC' }),
  full: new Intl.DateTimeFormat(languages, { ...day, weekday: 'short', year: 'numeric' }),
};

export function number(value, kind) {
  return numbers[kind].format(value);
}

export function date(iso, kind = 'short') {
  return dates[kind].format(new Date(iso));
}

// In the narrow columns of a panel there is no room for millions; the whole table has them.
function shorten(data) {
  if (Number(data.value) < MANY || data.closest('.whole')) return;
  data.title = data.textContent;
  data.textContent = number(Number(data.value), 'brief');
}

export function localise(place) {
  for (const data of place.querySelectorAll('data')) data.textContent = number(Number(data.value), data.className);
  for (const data of place.querySelectorAll('.ranking td data.count')) shorten(data);
  for (const time of place.querySelectorAll('time')) time.textContent = date(time.dateTime, time.className || 'full');
}

// Puts the marks of what was out of the ordinary onto the chart of active users, each at its point. They come with the
// panel that lists it all, before the chart or after it, and they are buttons, for keyboards too.

const HEIGHT = 26; // pixels

export function takeMarks() {
  const list = document.querySelector('.marks');
  const place = document.querySelector('#active-users .chart');
  if (!list || !place?.chart) return;
  place.append(list);
  list.hidden = false;
  placeMarks(place);
}

export function placeMarks(place) {
  const { chart } = place;
  let before = -1;
  let above = 0;
  for (const mark of place.querySelectorAll('.marks > li')) {
    const index = chart.data.labels.indexOf(mark.dataset.at);
    const point = chart.getDatasetMeta(0).data[index];
    mark.hidden = !point;
    if (!point) continue;
    above = index === before ? above + 1 : 0; // several days of one week or month stand one above the other
    before = index;
    mark.style.left = `${point.x}px`;
    mark.style.top = `${point.y - above * HEIGHT}px`;
    mark.classList.toggle('late', point.x > chart.width / 2);
  }
}

// What a mark says can be put away without moving on (WCAG 2.2, 1.4.13).
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.activeElement?.classList.contains('mark')) document.activeElement.blur();
});

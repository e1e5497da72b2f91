// Puts the marks of what was out of the ordinary onto a chart, each at its point; they are buttons, for keyboards too.

export function placeMarks(place) {
  const chart = place.chart;
  const list = place.querySelector('.marks');
  if (!list || !chart) return;
  place.classList.add('marked');
  for (const mark of list.children) {
    const index = chart.data.labels.indexOf(mark.dataset.at);
    const point = chart.getDatasetMeta(0).data[index];
    mark.hidden = !point;
    if (!point) continue;
    mark.style.left = `${point.x}px`;
    mark.style.top = `${point.y}px`;
    mark.classList.toggle('late', point.x > chart.width / 2);
  }
}

// What a mark says can be put away without moving on (WCAG 2.2, 1.4.13).
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.activeElement?.classList.contains('mark')) document.activeElement.blur();
});

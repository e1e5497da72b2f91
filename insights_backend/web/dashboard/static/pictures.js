// Saves a chart as a picture, with its title, on the colour of the page.

const MARGIN = 16;
const HEAD = 32;

export function offerPicture(panel, chart, title) {
  const button = panel?.querySelector('.picture');
  if (!button) return;
  button.hidden = false;
  button.onclick = () => save(painted(chart, title), `${panel.id}.png`);
}

function painted(chart, title) {
  const scale = chart.currentDevicePixelRatio;
  const style = getComputedStyle(document.documentElement);
  const picture = document.createElement('canvas');
  picture.width = chart.canvas.width + 2 * MARGIN * scale;
  picture.height = chart.canvas.height + (2 * MARGIN + HEAD) * scale;
  const paint = picture.getContext('2d');
  paint.fillStyle = style.getPropertyValue('--card');
  paint.fillRect(0, 0, picture.width, picture.height);
  paint.fillStyle = style.getPropertyValue('--ink');
  paint.font = `600 ${16 * scale}px system-ui, sans-serif`;
  paint.fillText(title, MARGIN * scale, (MARGIN + 16) * scale);
  paint.drawImage(chart.canvas, MARGIN * scale, (MARGIN + HEAD) * scale);
  return picture;
}

function save(picture, name) {
  picture.toBlob((blob) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }, 'image/png');
}

// What a page looks like, as a browser has laid it out: run in the page, gives a list of complaints.
(() => {
  const complaints = [];
  const shown = (one) => one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const rgb = (text) => {
    const parts = text.match(/[\d.]+/g).map(Number);
    return { parts: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
  };
  const light = ({ parts }) => {
    const [r, g, b] = parts.map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.alpha === 1) return colour;
    }
    return rgb("rgb(255,255,255)");
  };
  const name = (one) => `${one.tagName.toLowerCase()} "${one.textContent.trim().slice(0, 40)}"`;
  const need = (one, colour, ground, least) => {
    const found = contrast(colour, ground);
    if (found < least) complaints.push(`contrast ${found.toFixed(2)} of ${name(one)}`);
  };

  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth) complaints.push(`the page is ${root.scrollWidth} wide`);
  if (window.innerWidth !== WIDTH) complaints.push(`the window is ${window.innerWidth} wide`);

  for (const one of document.body.querySelectorAll("*")) {
    if (one.closest("svg") || one.closest(".hidden, .skip") || !shown(one)) continue;
    const place = one.getBoundingClientRect();
    if (one.closest("thead") && getComputedStyle(one.closest("thead")).position === "absolute") continue;
    if (place.right > window.innerWidth + 0.5 || place.left < -0.5) complaints.push(`${name(one)} is outside`);
    if (place.width && one.scrollWidth > one.clientWidth + 1 && one.clientWidth) complaints.push(`${name(one)} is cut`);
    const text = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!text) continue;
    const look = getComputedStyle(one);
    const size = parseFloat(look.fontSize);
    if (size < 12) complaints.push(`${name(one)} is ${size} px small`);
    need(one, rgb(look.color), behind(one), size >= 24 || (size >= 18.66 && look.fontWeight >= 700) ? 3 : 4.5);
  }

  const drawings = [...document.querySelectorAll(".drawing")].filter(shown);
  if (drawings.length !== 1) complaints.push(`${drawings.length} drawings are shown`);
  for (const svg of drawings) {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const rects = [...svg.querySelectorAll("rect")];
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBBox();
      const holds = (rect) => {
        const around = rect.getBBox();
        return box.x >= around.x && box.y >= around.y - 1 && box.x + box.width <= around.x + around.width
          && box.y + box.height <= around.y + around.height + 1;
      };
      const own = text.closest(".part");
      if (own && !holds(own.querySelector("rect"))) complaints.push(`${name(text)} leaves its box`);
      if (!rects.some(holds)) complaints.push(`${name(text)} is outside of every frame`);
      const filled = rects.filter((rect) => holds(rect) && getComputedStyle(rect).fill !== "none").pop();
      const ground = filled ? rgb(getComputedStyle(filled).fill) : behind(svg);
      need(text, rgb(getComputedStyle(text).fill), ground, 4.5);
      const size = parseFloat(getComputedStyle(text).fontSize) * scale;
      if (size < 10) complaints.push(`${name(text)} is ${size.toFixed(1)} px small`);
    }
    for (const mark of svg.querySelectorAll(".part .mark")) {
      need(mark.parentElement, rgb(getComputedStyle(mark).stroke), rgb(getComputedStyle(mark.previousElementSibling).fill), 3);
    }
  }
  for (const fill of document.querySelectorAll(".meter .fill")) {
    const track = fill.parentElement.querySelector(".track");
    need(fill.closest("tr"), rgb(getComputedStyle(fill).fill), rgb(getComputedStyle(track).fill), 3);
  }
  return complaints;
})()

// Each figure as SVG and PNG with its title and legend, its data and each table as CSV.
const SVG = document.querySelector("svg")?.namespaceURI;
const FONT = '"Inter", "Segoe UI", system-ui, "Helvetica Neue", "Liberation Sans", Arial, sans-serif';
const figureStyle = document.getElementById("figure-style").textContent;
const pen = document.createElement("canvas").getContext("2d");
const widthOf = (text, font) => { pen.font = `${font} ${FONT}`; return pen.measureText(text).width; };

const offer = (content, type, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};
const element = (name, attributes, text = "") => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
};
const wrap = (text, width) => text.split(" ").reduce((lines, word) => {
  const longer = `${lines.at(-1)} ${word}`.trim();
  if (lines.at(-1) && widthOf(longer, "600 15px") > width) return [...lines, word];
  return [...lines.slice(0, -1), longer];
}, [""]);

// One drawing with the title above and the legend below, which the page writes as text around it.
const picture = (figure) => {
  const drawn = figure.querySelector(".plot svg");
  const { width, height } = drawn.viewBox.baseVal;
  const whole = element("svg", { width });
  whole.append(element("style", {}, figureStyle));
  const ground = element("rect", { width, fill: "#fff" });
  whole.append(ground);
  let y = 6;
  for (const line of wrap(figure.querySelector("h4").textContent, width - 16)) {
    y += 19;
    whole.append(element("text", { class: "heading", x: 8, y }, line));
  }
  const copy = drawn.cloneNode(true);
  for (const [key, value] of Object.entries({ x: 0, y: y + 8, width, height })) copy.setAttribute(key, value);
  whole.append(copy);
  y += 8 + height;
  let x = 8;
  for (const key of figure.querySelectorAll(".keys li")) {
    const text = key.textContent.trim();
    const room = 34 + widthOf(text, "12.5px");
    if (x > 8 && x + room > width) [x, y] = [8, y + 20];
    const mark = key.querySelector("svg").cloneNode(true);
    for (const [name, value] of Object.entries({ x, y: y + 4, width: 14, height: 12 })) mark.setAttribute(name, value);
    whole.append(mark, element("text", { x: x + 20, y: y + 15 }, text));
    x += room;
  }
  const full = y + (x > 8 ? 26 : 8);
  for (const part of [whole, ground]) part.setAttribute("height", full);
  whole.setAttribute("viewBox", `0 0 ${width} ${full}`);
  return { text: new XMLSerializer().serializeToString(whole), width, height: full };
};
const paint = ({ text, width, height }, name) => {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3 * width, 3 * height];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => offer(blob, "image/png", name), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
};
const plain = (cell) => {
  const text = cell.textContent.trim().replace(/\u202f/g, "").replace(/\u2212/g, "-");
  return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
};
const shownRows = (table) => [...table.rows].filter((row) => !row.hidden)
  .map((row) => [...row.cells].map(plain).join(",")).join("\n");

const addButtons = (place, title, actions) => {
  const bar = document.createElement("div");
  bar.className = "save";
  bar.append("Download");
  for (const [word, action] of Object.entries(actions)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word;
    button.setAttribute("aria-label", `${word}: ${title}`);
    button.addEventListener("click", action);
    bar.append(button);
  }
  place.append(bar);
};
for (const figure of document.querySelectorAll("figure")) {
  const name = figure.id;
  addButtons(figure.querySelector(".under"), figure.querySelector("h4").textContent, {
    SVG: () => offer(picture(figure).text, "image/svg+xml", `${name}.svg`),
    PNG: () => paint(picture(figure), `${name}.png`),
    CSV: () => offer(figure.querySelector("template").content.textContent, "text/csv", `${name}.csv`),
  });
}
for (const table of document.querySelectorAll(":not(figure *) > .table table")) {
  const box = table.closest(".table");
  addButtons(box, box.querySelector(".caption").textContent, {
    CSV: () => offer(`${shownRows(table)}\n`, "text/csv", `${table.id}.csv`),
  });
}

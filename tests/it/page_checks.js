// What is wrong with the page for people who see, hear or feel it: a list of complaints, empty if all is well.
(() => {
  const complaints = [];
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const name = (element) => `<${element.localName} ${element.id || element.className.baseVal || element.className || ""}> ${element.textContent.trim().slice(0, 40)}`;
  const demand = (isMet, what, element) => {
    if (!isMet) complaints.push(element ? `${what}: ${name(element)}` : what);
  };
  const isShown = (element) => element.checkVisibility() && element.getClientRects().length > 0;

  // Structure
  demand(document.documentElement.lang === "en", "the page has a language");
  demand(document.title.trim() !== "", "the page has a title");
  for (const landmark of ["body > header", "body > main", "body > footer", "body > nav[aria-label]"]) {
    demand(all(landmark).length === 1, `there is one ${landmark}`);
  }
  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.localName[1]);
    demand(own <= level + 1, "no level of headings is left out", heading);
    demand(heading.textContent.trim() !== "", "a heading has text", heading);
    level = own;
  }
  demand(all("h1").length === 1, "there is one h1");
  const ids = all("[id]").map((element) => element.id);
  demand(new Set(ids).size === ids.length, "every id is there once");
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const element of all(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(" ")) {
        demand(document.getElementById(id), `${attribute} names what is there`, element);
      }
    }
  }
  for (const link of all("a[href^='#']")) {
    demand(document.getElementById(link.hash.slice(1)), "a link leads somewhere", link);
  }
  for (const named of all("section, [role=region], article")) {
    demand(named.hasAttribute("aria-labelledby"), "a region has a name", named);
  }

  // Tables, charts, controls
  for (const table of all("table")) {
    demand(table.caption && table.caption.textContent.trim() !== "", "a table has a caption", table);
    for (const row of table.tBodies[0].rows) {
      demand(row.cells.length === table.tHead.rows[0].cells.length, "a row has a cell for each column", table);
    }
  }
  for (const header of all("th")) {
    demand(["col", "row"].includes(header.scope), "a header cell has a scope", header);
  }
  for (const cell of all("thead td")) demand(false, "a header row holds header cells", cell);
  for (const chart of all("svg")) {
    demand(chart.getAttribute("role") === "img", "a chart is an image", chart);
    for (const part of ["title", "desc"]) {
      const told = chart.querySelector(`:scope > ${part}`);
      demand(told && told.textContent.trim() !== "", `a chart has a ${part}`, chart);
      demand(told && chart.getAttribute("aria-labelledby").split(" ").includes(told.id), `a chart's name has its ${part}`, chart);
    }
  }
  for (const input of all("input, select, textarea")) {
    demand(input.labels.length > 0, "an input has a label", input);
  }
  for (const control of all("a, button, summary")) {
    demand(control.textContent.trim() !== "", "a control has a name", control);
  }

  // Contrast
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const hasText = (element) =>
    Array.from(element.childNodes).some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
  let texts = 0;
  for (const element of all("body *")) {
    if (!hasText(element) || element.closest("svg, script, style") || !isShown(element)) continue;
    texts += 1;
    const ratio = contrast(numbers(getComputedStyle(element).color), background(element));
    demand(ratio >= 4.5, `text has contrast (${ratio.toFixed(2)})`, element);
  }
  demand(texts > 20, "there is text to measure");
  for (const shape of all("svg rect")) {
    const ratio = contrast(numbers(getComputedStyle(shape).fill), background(shape.closest("svg").parentElement));
    demand(ratio >= 3, `a shape has contrast (${ratio.toFixed(2)})`, shape);
  }

  // Room
  const width = document.documentElement.clientWidth;
  demand(document.documentElement.scrollWidth <= width, "the page is no wider than the window");
  for (const element of all("body *:not(.skip)")) {
    if (!isShown(element) || element.closest(".wide") || element.closest("svg")) continue;
    const { right } = element.getBoundingClientRect();
    demand(right <= width + 1, `nothing sticks out (${Math.round(right)})`, element);
  }
  return complaints;
})();

// Accessibility and layout problems of the page, as a list of texts.
(() => {
  const problems = [];
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const name = (element) => `<${element.localName} ${element.id || element.className.baseVal || element.className || ""}> ${element.textContent.trim().slice(0, 40)}`;
  const check = (isMet, rule, element) => {
    if (!isMet) problems.push(element ? `${rule}: ${name(element)}` : rule);
  };
  const isShown = (element) => element.checkVisibility() && element.getClientRects().length > 0;

  // Structure
  check(document.documentElement.lang === "en", "the page has a language");
  check(document.title.trim() !== "", "the page has a title");
  for (const landmark of ["body > header", "body > main", "body > footer", "body > nav[aria-label]"]) {
    check(all(landmark).length === 1, `there is one ${landmark}`);
  }
  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.localName[1]);
    check(own <= level + 1, "heading levels are not skipped", heading);
    check(heading.textContent.trim() !== "", "a heading has text", heading);
    level = own;
  }
  check(all("h1").length === 1, "there is one h1");
  const ids = all("[id]").map((element) => element.id);
  check(new Set(ids).size === ids.length, "every id is unique");
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const element of all(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(" ")) {
        check(document.getElementById(id), `${attribute} names an existing element`, element);
      }
    }
  }
  for (const link of all("a[href^='#']")) {
    check(document.getElementById(link.hash.slice(1)), "a link has a target", link);
  }
  for (const named of all("section, [role=region], article")) {
    check(named.hasAttribute("aria-labelledby"), "a region has a name", named);
  }

  // Tables, charts, controls
  for (const table of all("table")) {
    check(table.caption && table.caption.textContent.trim() !== "", "a table has a caption", table);
    for (const row of table.tBodies[0].rows) {
      check(row.cells.length === table.tHead.rows[0].cells.length, "a row has a cell for each column", table);
    }
  }
  for (const header of all("th")) {
    check(["col", "row"].includes(header.scope), "a header cell has a scope", header);
  }
  for (const cell of all("thead td")) check(false, "a header row has header cells only", cell);
  for (const chart of all("svg")) {
    check(chart.getAttribute("role") === "img", "a chart is an image", chart);
    for (const part of ["title", "desc"]) {
      const text = chart.querySelector(`:scope > ${part}`);
      check(text && text.textContent.trim() !== "", `a chart has a ${part}`, chart);
      check(text && chart.getAttribute("aria-labelledby").split(" ").includes(text.id), `a chart is labelled by its ${part}`, chart);
    }
  }
  for (const input of all("input, select, textarea")) {
    check(input.labels.length > 0, "an input has a label", input);
  }
  for (const control of all("a, button, summary")) {
    check(control.textContent.trim() !== "", "a control has a name", control);
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
    check(ratio >= 4.5, `text has contrast (${ratio.toFixed(2)})`, element);
  }
  check(texts > 20, "there is text to measure");
  for (const shape of all("svg rect")) {
    const ratio = contrast(numbers(getComputedStyle(shape).fill), background(shape.closest("svg").parentElement));
    check(ratio >= 3, `a shape has contrast (${ratio.toFixed(2)})`, shape);
  }

  // Width
  const width = document.documentElement.clientWidth;
  check(document.documentElement.scrollWidth <= width, "the page is no wider than the window");
  for (const element of all("body *:not(.skip)")) {
    if (!isShown(element) || element.closest(".wide") || element.closest("svg")) continue;
    const { right } = element.getBoundingClientRect();
    check(right <= width + 1, `nothing overflows (${Math.round(right)})`, element);
  }
  return problems;
})();

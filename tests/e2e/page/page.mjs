// What a browser makes of the page at `/`: `node page.mjs '{"url": …, "chromium": …, "folder": …, "name": …}'`.
// Prints one JSON object: what each size and colour scheme shows, and which other sites may frame the pages.
// Nothing leaves the machine: the framing sites are made up here, every other foreign address is refused.

import { argv } from "node:process";
import { chromium } from "playwright-core";

const { url, chromium: executablePath, folder, name } = JSON.parse(argv[2]);
const QUIET = ["background-networking", "component-update", "quic", "sync", "gpu"].map((each) => `--disable-${each}`);
// The made-up sites have no address on a public network, from which a browser would ask before it frames this machine.
const FLAGS = ["--no-sandbox", "--no-first-run", "--disable-features=LocalNetworkAccessChecks", ...QUIET];
const SIZES = [
  { width: 375, height: 667 },
  { width: 1280, height: 800 },
];
const SITES = [
  "https://huggingface.co",
  "https://huggingface.co:8443",
  "https://huggingface.co.evil.example",
  "https://somebody-else.hf.space",
  "http://localhost:9",
];

/** In the page: its measures, its words, and the least contrast of any of them (WCAG 2.2, success criterion 1.4.3). */
function look() {
  const brightness = (rgb) => {
    const [red, green, blue] = rgb.map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const ground = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (colour.length === 3) {
        return colour;
      }
    }
    throw new Error("nothing behind the text has a colour of its own");
  };
  const contrast = (element) => {
    const pair = [numbers(getComputedStyle(element).color).slice(0, 3), ground(element)].map(brightness);
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const links = [...document.querySelectorAll("a")];
  return {
    title: document.title,
    words: document.body.innerText,
    width: document.documentElement.scrollWidth,
    ground: getComputedStyle(document.body).backgroundColor,
    contrast: Math.min(...[...document.body.querySelectorAll("*")].filter(hasText).map(contrast)),
    links: links.map((link) => link.href),
    smallest_link: Math.min(...links.map((link) => link.getBoundingClientRect().height)),
  };
}

async function view(browser, viewport, colorScheme) {
  const context = await browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(url);
  await page.screenshot({ path: `${folder}/${name}-${viewport.width}x${viewport.height}-${colorScheme}.png` });
  const seen = await page.evaluate(look);
  await context.close();
  return { viewport: viewport.width, scheme: colorScheme, requests, complaints, ...seen };
}

/** The title of what the site's frame shows; null where the browser shows nothing. */
async function framed(browser, site, path) {
  const context = await browser.newContext({ viewport: { width: 800, height: 600 } });
  await context.route(/.*/, (route) => {
    const asked = route.request().url();
    if (asked === `${site}/`) {
      const body = `<title>a site</title><iframe src="${url}${path}" width="760" height="560"></iframe>`;
      return route.fulfill({ contentType: "text/html", body });
    }
    return asked.startsWith(url) ? route.continue() : route.abort();
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(`${site}/`);
  const frame = page.frames()[1];
  const title = frame.url().startsWith(url) ? await frame.title() : null;
  if (site === SITES[0] && path === "/") {
    await page.screenshot({ path: `${folder}/${name}-framed.png` });
  }
  await context.close();
  return { site, path, title, is_refused: complaints.some((text) => text.includes("frame-ancestors")) };
}

const browser = await chromium.launch({ executablePath, args: FLAGS });
const views = [];
for (const size of SIZES) {
  for (const scheme of ["light", "dark"]) {
    views.push(await view(browser, size, scheme));
  }
}
const frames = [];
for (const site of SITES) {
  for (const path of ["/", "/docs", "/docs/oauth2-redirect"]) {
    frames.push(await framed(browser, site, path));
  }
}
await browser.close();
console.log(JSON.stringify({ views, frames }));

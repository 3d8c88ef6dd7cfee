// Walks every page of `piimap serve` in a browser without a window: what axe-core says of each in light and dark and from a telephone
// to a wall screen, the way through it by keyboard alone, that no planted value is in it, and that nothing is fetched from elsewhere.
//
//   node walk.mjs PIIMAP INDEX PLANTED MODULES [SHOTS]
//
// PIIMAP: the program; INDEX: an index of the samples; PLANTED: samples' planted values, a line each (`classifier TAB value`);
// MODULES: the folder in which npm put the modules; SHOTS: a folder for screenshots. Ends with status 1 and says what is wrong.
import { spawn } from "node:child_process";
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [piimap, index, planted, modules, shots] = process.argv.slice(2).map((p) => resolve(p));
const require = createRequire(join(modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browserPath = process.env.CHROMIUM || "/usr/bin/chromium";
const WIDTHS = [360, 1280, 2560];
const problems = [];
const wrong = (what) => problems.push(what);

// Values of the samples as a page could show them; short ones occur by chance.
const values = readFileSync(planted, "utf8")
  .split("\n")
  .map((l) => l.split("\t")[1])
  .filter((v) => v && v.length >= 7 && v !== "New York")
  .map((v) => v.toLowerCase());

const server = spawn(piimap, ["serve", "--port", "0", "--index", index, "--config", new URL("piimap.toml", import.meta.url).pathname], { stdio: ["ignore", "ignore", "pipe"] });
const address = await new Promise((done, fail) => {
  let said = "";
  server.stderr.on("data", (d) => {
    said += d;
    const found = said.match(/Open (http:\S+)/);
    if (found) done(found[1]);
  });
  server.on("exit", () => fail(new Error(`the page did not start: ${said}`)));
});
const origin = new URL(address).origin;

const browser = await chromium.launch({
  executablePath: browserPath,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// Requests to anywhere else are a mistake, and do not leave.
const newPage = async (options) => {
  const context = await browser.newContext(options);
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url.startsWith(origin) || url.startsWith("file:") || url.startsWith("data:")) return route.continue();
    wrong(`a request to ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  // A busy machine is no mistake of a page.
  page.setDefaultTimeout(180_000);
  page.on("console", (m) => m.type() === "error" && !/favicon|no-such-page/.test(m.location().url) && wrong(`${page.url()}: console: ${m.text()}`));
  page.on("pageerror", (e) => wrong(`${page.url()}: ${e.message}`));
  return page;
};

const holdsValue = async (page, name) => {
  const html = (await page.content()).toLowerCase();
  for (const v of values) {
    for (let at = html.indexOf(v); at >= 0; at = html.indexOf(v, at + 1)) {
      // "Dominic" in "Dominican" is a word of ours, and so are digits within a longer number.
      const goes = (a, b) => a !== undefined && b !== undefined && /[0-9]/.test(a + b) === /[0-9]/.test(a) && /^[\p{L}\p{N}]{2}$/u.test(a + b);
      const inside = goes(html[at - 1], v[0]) || goes(v[v.length - 1], html[at + v.length]);
      // A city that a time zone is named after.
      const zone = html.slice(0, at).endsWith("america/");
      if (!inside && !zone) {
        // A test may name it: these people do not exist.
        wrong(`${name}: holds ${JSON.stringify(v)}`);
        return;
      }
    }
  }
};

const check = async (page, name) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  for (const v of found.violations) {
    wrong(`${name}: ${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(" | ")}`);
  }
  // Nothing but tables and the map may be wider than the screen.
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) wrong(`${name}: ${wide} px wider than the screen`);
};

// A page as it is once it is there: on a busy machine it may first say that it is being counted.
const visit = async (page, url) => {
  await page.goto(url);
  await page.waitForSelector("main:not(:has([data-again]))", { state: "attached" });
};

// Submits a form as somebody with a keyboard would.
const fill = async (page, fields) => {
  for (const [id, text] of Object.entries(fields)) {
    await page.focus(`#${id}`);
    await page.keyboard.type(text);
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await page.waitForSelector("main:not(:has([data-again]))", { state: "attached" });
};

const steps = [
  ["map", "/"],
  ["map-bytes", "/?by=bytes"],
  // Into a group of datasets, into one of them, to its page, to its samples: by the links and buttons that are there.
  ["zoom", null, async (page) => {
    await visit(page, `${origin}/`);
    await visit(page, origin + (await page.getAttribute(".zoom a[href*='group=']", "href")));
  }],
  ["dataset", null, async (page) => {
    await visit(page, `${origin}/`);
    await visit(page, origin + (await page.getAttribute(".tile a", "href")));
  }],
  ["fields", null, async (page) => {
    await visit(page, origin + (await page.getAttribute("main a[href*='in=']", "href")));
  }],
  ["samples", null, async (page) => {
    await visit(page, origin + (await page.getAttribute(".tile a", "href")));
    await page.focus("form[action='/samples'] button");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    if (!(await page.content()).includes("•")) wrong("samples: no masked value");
  }],
  ["find", "/find"],
  ["found", "/find", (page) => fill(page, { value: "maren.holloway@example.com" })],
  ["nobody", "/find", (page) => fill(page, { value: "nobody@example.net" })],
  ["breach", "/breach"],
  ["affected", "/breach", (page) => fill(page, { dataset: "crm/*", discovered: "2026-11-21" })],
  ["people", "/breach", async (page) => {
    await fill(page, { dataset: "**" });
    await page.focus("a.step");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    if (!(await page.content()).includes("The ones before")) wrong("people: no second part");
  }],
  ["changes", "/changes"],
  ["shared", "/shared"],
  ["borders", "/borders"],
  ["records", "/records"],
  ["unread", "/unread"],
  ["classifiers", "/classifiers"],
  ["nothing", "/no-such-page"],
];

if (shots) mkdirSync(shots, { recursive: true });
for (const scheme of ["light", "dark"]) {
  for (const width of WIDTHS) {
    const page = await newPage({ viewport: { width, height: width === 360 ? 740 : 1000 }, colorScheme: scheme });
    await page.goto(address);
    for (const [name, path, act] of steps) {
      const where = `${name} at ${width} px, ${scheme}`;
      if (path) await visit(page, origin + path);
      if (act) await act(page);
      if (page.url().includes("holloway") || page.url().includes("token=")) wrong(`${where}: a value stands in the address`);
      await holdsValue(page, where);
      await check(page, where);
      if (shots && (scheme === "light" || width === 1280)) {
        await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`), fullPage: false });
      }
    }
    await page.context().close();
  }
}

// One pass with Tab and Enter alone: every page of the menu is reached, every stop can be seen, none is a trap.
{
  const page = await newPage({ viewport: { width: 1280, height: 1000 } });
  await page.goto(address);
  const menu = await page.$$eval("nav[aria-label=Pages] a", (all) => all.map((a) => a.getAttribute("href")));
  for (const target of menu) {
    let reached = false;
    for (let n = 0; n < 60 && !reached; n++) {
      await page.keyboard.press("Tab");
      reached = await page.evaluate((t) => document.activeElement?.getAttribute("href") === t && !!document.activeElement.closest("nav"), target);
    }
    if (!reached) {
      wrong(`keyboard: ${target} is not reached`);
      continue;
    }
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    if (new URL(page.url()).pathname !== target) wrong(`keyboard: ${target} leads to ${page.url()}`);
    // Through the page: each stop is visible and has an outline, and there is an end.
    const want = await page.evaluate(
      () => [...document.querySelectorAll("a[href], button, input, select, [tabindex='0']")].filter((e) => !e.closest("[hidden]")).length,
    );
    const seen = new Set();
    for (let n = 0; n < Math.min(want, 60); n++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const e = document.activeElement;
        if (!e || e === document.body) return null;
        const box = e.getBoundingClientRect();
        const style = getComputedStyle(e);
        const all = [...document.querySelectorAll("*")];
        return { at: all.indexOf(e), name: e.outerHTML.slice(0, 80), seen: box.width > 0 && box.height > 0, outline: style.outlineStyle !== "none" };
      });
      if (!stop) break;
      if (seen.has(stop.at)) wrong(`keyboard: ${target}: ${stop.name} is a trap`);
      seen.add(stop.at);
      if (!stop.seen || !stop.outline) wrong(`keyboard: ${target}: the focus on ${stop.name} cannot be seen`);
    }
    if (seen.size < Math.min(want, 60) - 1) wrong(`keyboard: ${target}: ${seen.size} stops of ${want}`);
    await visit(page, page.url());
  }
  // A person is found without a mouse.
  await page.goto(`${origin}/find`);
  for (let n = 0; n < 40; n++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.id === "value")) break;
  }
  await page.keyboard.type("maren.holloway@example.com");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  if (!(await page.content()).includes("Consumer c_")) wrong("keyboard: nobody is found");
  await page.context().close();
}

// The map as a file of its own.
if (process.env.PIIMAP_MAP_HTML) {
  for (const scheme of ["light", "dark"]) {
    const page = await newPage({ viewport: { width: 1280, height: 1000 }, colorScheme: scheme, bypassCSP: true });
    await page.goto(`file://${resolve(process.env.PIIMAP_MAP_HTML)}`);
    await holdsValue(page, "map.html");
    await check(page, `map.html, ${scheme}`);
    if (shots) await page.screenshot({ path: join(shots, `file-1280-${scheme}.png`) });
    await page.context().close();
  }
}

await browser.close();
server.removeAllListeners("exit");
server.kill();
if (problems.length) {
  console.error([...new Set(problems)].join("\n"));
  console.error(`${new Set(problems).size} problems`);
  process.exit(1);
}
console.log(`${steps.length} pages at ${WIDTHS.join(", ")} px in light and dark: nothing is wrong`);

// Started by script/screenshots: runs the demo until each camera of the dashboard has had its
// Sighting, and takes pictures of what its user sees.
"use strict";

const { spawn } = require("node:child_process");
const readline = require("node:readline");
const { chromium } = require("playwright-core");

const [, , folder] = process.argv;
const SIGHTINGS = 3; // one for each camera that the dashboard shows
const PATIENCE = 5 * 60_000; // ms: the demo needs two minutes, or more where it is installed first
const VISIBLE = 30_000; // ms: the frontend needs four seconds
const QUESTION = "What happened at the front door?";
const SOURCE = "media-source://protect_narrator";
const DIALOG = { x: 420, y: 160, width: 600, height: 580 }; // px: Assist's, in the page's middle

/** Resolve to the address and the log-in once everything has happened that is to be seen. */
function ready(demo) {
  return new Promise((resolve, reject) => {
    let access;
    let sightings = 0;
    const timer = setTimeout(() => reject(new Error("the demo takes too long")), PATIENCE);
    demo.once("exit", (status) => reject(new Error(`the demo ended with ${status}`)));
    readline.createInterface({ input: demo.stdout }).on("line", (line) => {
      console.error(line);
      access ??= line.match(/Home Assistant: (\S+)\s+user: (\S+)\s+password: (\S+)/);
      if (/^\d\d:\d\d:\d\d {2}/.test(line)) sightings += 1;
      if (!access || sightings < SIGHTINGS) return;
      clearTimeout(timer);
      resolve({ url: access[1], username: access[2], password: access[3] });
    });
  });
}

/** Log in as the frontend does; return what it would keep in its localStorage. */
async function logIn({ url, username, password }) {
  const clientId = `${url}/`;
  const post = async (path, body) => {
    const reply = await fetch(url + path, { method: "POST", body });
    if (!reply.ok) throw new Error(`${path} answers ${reply.status}`);
    return reply.json();
  };
  const flow = await post(
    "/auth/login_flow",
    JSON.stringify({
      client_id: clientId,
      handler: ["homeassistant", null],
      redirect_uri: clientId,
    }),
  );
  const done = await post(
    `/auth/login_flow/${flow.flow_id}`,
    JSON.stringify({ client_id: clientId, username, password }),
  );
  const token = await post(
    "/auth/token",
    new URLSearchParams({
      grant_type: "authorization_code",
      client_id: clientId,
      code: done.result,
    }),
  );
  const expires = Date.now() + token.expires_in * 1000;
  return { ...token, hassUrl: url, clientId, expires };
}

/** Take the pictures of what a user sees who has logged in, looks around and asks. */
async function photograph(url, tokens) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  try {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: "en-GB",
    });
    await context.addInitScript((value) => {
      localStorage.setItem("hassTokens", JSON.stringify(value));
      localStorage.setItem("dockedSidebar", JSON.stringify("always_hidden"));
    }, tokens);
    const page = await context.newPage();
    await dashboard(page, url);
    await assist(page);
    await recording(page, url);
  } finally {
    await browser.close();
  }
}

async function dashboard(page, url) {
  await page.goto(url);
  // The words of the last camera, then its picture: what is drawn last.
  await page.locator("hui-markdown-card").nth(SIGHTINGS - 1).waitFor({ timeout: VISIBLE });
  const picture = page.locator("hui-image img").nth(SIGHTINGS - 1);
  await picture.waitFor({ timeout: VISIBLE });
  await page.waitForLoadState("networkidle", { timeout: VISIBLE });
  await take(page, "dashboard.png", { fullPage: true });
}

/** Ask in the dialog of the page that is open. */
async function assist(page) {
  await page.keyboard.press("a");
  await page.getByText("How can I assist?").waitFor({ timeout: VISIBLE });
  await page.keyboard.type(QUESTION);
  await page.keyboard.press("Enter");
  // The dashboard behind the dialog has the same words, but not the time.
  await page.getByText(/today at .*Front door/i).waitFor({ timeout: VISIBLE });
  await take(page, "assist.png", { clip: DIALOG });
}

/** Open the newest Sighting of the first camera of today, and play its recording. */
async function recording(page, url) {
  await page.goto(`${url}/media-browser/browser/${encodeURIComponent(`app,${SOURCE}`)}`);
  for (const title of ["Today", "Driveway", "walks past Driveway", "Recording"]) {
    const tile = page.locator(".child", { hasText: title }).first();
    await tile.locator("ha-card").click({ timeout: VISIBLE });
  }
  const video = page.locator("video");
  await video.waitFor({ timeout: VISIBLE });
  const plays = (element) => element.currentTime > 4;
  await page.waitForFunction(plays, await video.elementHandle(), { timeout: VISIBLE });
  await take(page, "recording.jpg", { type: "jpeg", quality: 80 });
}

async function take(page, name, options = {}) {
  await page.screenshot({ path: `${folder}/${name}`, ...options });
  console.error(`screenshots: wrote ${folder}/${name}`);
}

async function main() {
  const demo = spawn("./script/demo", { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => demo.once("exit", resolve));
  const stop = () => demo.kill("SIGINT");
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    const access = await ready(demo);
    await photograph(access.url, await logIn(access));
  } finally {
    stop();
    await ended;
  }
}

main().catch((error) => {
  console.error(`screenshots: ${error.message}`);
  process.exitCode = 1;
});

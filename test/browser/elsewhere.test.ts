import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makePageWorld, type PageWorld } from "../support/page-world.ts";
import { waitUntil } from "../support/waiting.ts";
import { expectCount, openBrowser, signIn, visit } from "./browser.ts";

/** A browser that has other things to do, and another clock. */
let browser: Browser;
let world: PageWorld;

beforeAll(async () => {
  browser = await openBrowser();
  world = await makePageWorld();
  world.hotdir.start();
  await world.address();
});
afterAll(async () => {
  await browser.close();
  await world[Symbol.asyncDispose]();
});

/** A headless browser shows all its tabs at once, so the page is told. */
const beHidden = (hidden: boolean): string =>
  `Object.defineProperty(document, "hidden", { configurable: true, get: () => ${String(hidden)} });
   document.dispatchEvent(new Event("visibilitychange"));`;

test("more tabs than a browser has connections all live: those that nobody looks at let theirs go", async () => {
  await using visitor = await visit(browser);
  await signIn(visitor.page, world);
  const tabs = [visitor.page];
  for (let more = 0; more < 7; more++) {
    await tabs.at(-1)?.evaluate(beHidden(true));
    const tab = await visitor.context.newPage();
    await waitUntil("there is a connection for it", () =>
      tab.goto(`http://${world.listen}/`, { timeout: 5000 }).then(
        () => true,
        () => false,
      ),
    );
    await tab.getByText("it adds up").first().waitFor();
    tabs.push(tab);
  }
  await visitor.page.evaluate(beHidden(false));
  writeFileSync(`${world.source}/a.nc`, "content");
  await expectCount(visitor.page, "delivered", 1);
  expect(visitor.complaints).toEqual([]);
});

test("ages are those of the daemon's clock, whatever the browser's says", async () => {
  await using visitor = await visit(browser);
  await visitor.page.addInitScript("const now = Date.now; Date.now = () => now() + 3 * 3600_000;");
  await signIn(visitor.page, world);
  expect((await world.hotdir.ask("pause", "hot")).status).toBe(0);
  writeFileSync(`${world.source}/waits.nc`, "content");
  await expectCount(visitor.page, "queued", 1);
  await visitor.page.getByText("counted just now").waitFor();
  const oldest = visitor.page.getByRole("region", { name: "The queue" }).getByRole("listitem");
  expect(await oldest.textContent()).toMatch(/queued, \d+(\.\d)? s/);
});

test("a story that cannot be told says why", async () => {
  await using visitor = await visit(browser);
  await visitor.page.route("**/api/explain?*", (route) => route.fulfill({ status: 404, json: { error: { message: "no such flow" } } }));
  await signIn(visitor.page, world);
  await visitor.page.getByRole("searchbox").fill("waits");
  await visitor.page.getByRole("button", { name: "waits.nc" }).last().click();
  await expect.poll(() => visitor.page.getByRole("dialog").textContent(), { timeout: 10_000 }).toContain("no such flow");
});

test("of many flows with dead letters, the one that is chosen can be requeued as a whole, also where its letters are old", async () => {
  await using many = await makePageWorld();
  const settings = JSON.parse(readFileSync(`${many.path}/hotdir.yaml`, "utf8")) as { flows: Record<string, object> };
  for (let at = 1; at <= 5; at++) {
    const [directory, to] = [`${many.path}/source-${at}`, `${many.path}/destination-${at}`];
    mkdirSync(directory);
    mkdirSync(`${to}/in-the-way/x`, { recursive: true });
    writeFileSync(`${directory}/in-the-way`, "file");
    settings.flows[`flow${at}`] = { ...settings.flows["hot"], source: { directory }, destination: { url: `file:${to}` } };
  }
  delete settings.flows["hot"];
  writeFileSync(`${many.path}/hotdir.yaml`, JSON.stringify(settings));
  many.hotdir.start();
  await many.hotdir.waitFor("all dead", ({ flows }) => flows.length === 5 && flows.every(({ counts }) => counts.dead === 1));
  await using visitor = await visit(browser);
  await signIn(visitor.page, many);
  const buttons = visitor.page.getByRole("button", { name: /^Requeue all/ });
  await expect.poll(() => buttons.allTextContents()).toEqual(["Requeue all of flow1"]);
  await visitor.page.keyboard.press("4");
  await expect.poll(() => buttons.allTextContents()).toEqual(["Requeue all of flow4"]);
  await buttons.click();
  await visitor.page.getByText("Queued again: 1 dead letter.").waitFor();
});

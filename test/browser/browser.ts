import { mkdirSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import type { PageWorld } from "../support/page-world.ts";

/** Debian's own; nothing that it would do by itself in the background. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Somebody with a browser of his own. `complaints`: all that the browser said was wrong. */
export type Visitor = AsyncDisposable & { page: Page; context: BrowserContext; complaints: string[] };

export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => void complaints.push(error.message));
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  return { page, context, complaints, [Symbol.asyncDispose]: () => context.close() };
}

export async function signIn(page: Page, world: PageWorld, role: "viewer" | "operator" = "operator"): Promise<void> {
  await page.goto(await world.address());
  await page.getByLabel("Token").fill(world.token(role));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("it adds up").first().waitFor();
}

/** The count of a term as it is shown; waits until it is `wanted`. */
export async function expectCount(page: Page, term: string, wanted: number): Promise<void> {
  await expect.poll(() => page.locator(`[data-count="${term}"]`).first().textContent(), { timeout: 20_000 }).toBe(String(wanted));
}

export function isWiderThanScreen(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth > innerWidth");
}

/** WCAG's ratio of the first element's text to what is below it, from the colours that the browser computed. */
export function contrastOf(page: Page, selector: string): Promise<number> {
  return page.evaluate(`(() => {
    const node = document.querySelector(${JSON.stringify(selector)});
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const under = (over, [r, g, b, a = 1]) => [r, g, b].map((value, at) => value * a + over[at] * (1 - a));
    const grounds = [];
    for (let at = node; at; at = at.parentElement) grounds.unshift(parse(getComputedStyle(at).backgroundColor));
    const ground = grounds.reduce(under, [255, 255, 255]);
    const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const [text, below] = [light(under(ground, parse(getComputedStyle(node).color))), light(ground)];
    return (Math.max(text, below) + 0.05) / (Math.min(text, below) + 0.05);
  })()`);
}

/** For a person to look at; kept only where somebody asks for them. */
export async function photograph(page: Page, name: string): Promise<void> {
  const directory = process.env["HOTDIR_TEST_SCREENSHOTS"];
  if (directory === undefined) return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: `${directory}/${name}.png`, fullPage: true });
}

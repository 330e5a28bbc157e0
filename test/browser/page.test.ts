import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makePageWorld, type PageWorld } from "../support/page-world.ts";
import { contrastOf, expectCount, isWiderThanScreen, openBrowser, photograph, signIn, visit } from "./browser.ts";

/** The built page in a real browser, on a real daemon with a real flow. */
let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

/** One file delivered; one dead, since a directory stands where it should be. */
async function makeWorldWithLetter(): Promise<PageWorld> {
  const world = await makePageWorld();
  mkdirSync(`${world.destination}/run7/flags.nc/x`, { recursive: true });
  mkdirSync(`${world.source}/run7`);
  writeFileSync(`${world.source}/run7/flags.nc`, "flags");
  writeFileSync(`${world.source}/run7/first.nc`, "first");
  world.hotdir.start();
  await world.hotdir.waitFor("one delivered, one dead", ({ flows: [flow] }) => flow?.counts.delivered === 1 && flow.counts.dead === 1);
  return world;
}

test("a wrong token is refused in words; a right one shows the flow, stays signed in, and a file that is dropped shows by itself", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser);
  const { page, complaints } = visitor;
  await page.goto(await world.address());
  await page.getByLabel("Token").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "neither of the two tokens" }).waitFor();
  expect(complaints.splice(0).every((complaint) => complaint.includes("401"))).toBe(true);
  await signIn(page, world);
  await expectCount(page, "delivered", 1);
  writeFileSync(`${world.source}/dropped.nc`, "dropped");
  await expectCount(page, "delivered", 2);
  await expectCount(page, "seen", 3);
  expect(await page.locator(".equation").textContent()).toMatch(/^3 seen = 0 settling.* 2 delivered .*1 dead.*it adds up/);
  await page.reload();
  await expectCount(page, "delivered", 2);
  expect(page.url()).toBe(await world.address());
  // What scripts can get at holds no session, and no token.
  expect(await page.evaluate("document.cookie + JSON.stringify(localStorage)")).toBe("{}");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  expect(complaints).toEqual([]);
});

test("a dead letter shows its reason, and an operator requeues it when the cause is gone", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser);
  const { page } = visitor;
  await signIn(page, world);
  const letters = page.getByRole("region", { name: "Dead letters" });
  await letters.getByText("something of another type is in the way").waitFor();
  rmSync(`${world.destination}/run7/flags.nc`, { recursive: true });
  await letters.getByRole("button", { name: "Requeue run7/flags.nc" }).click();
  await letters.getByText("Queued again: 1 dead letter.").waitFor();
  await expectCount(page, "dead", 0);
  await expectCount(page, "delivered", 2);
  await letters.getByText("None.").waitFor();
});

test("a viewer sees all of it, and has nothing to press", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser);
  const { page } = visitor;
  await signIn(page, world, "viewer");
  await page.getByText("something of another type is in the way").waitFor();
  for (const name of [/Requeue/, /Pause/, /Resume/]) expect(await page.getByRole("button", { name }).count()).toBe(0);
});

test("an operator pauses a flow and resumes it", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser);
  const { page } = visitor;
  await signIn(page, world);
  await page.getByRole("button", { name: "Pause hot" }).click();
  await page.getByRole("button", { name: "Resume hot" }).waitFor();
  writeFileSync(`${world.source}/later.nc`, "later");
  await expectCount(page, "queued", 1);
  await page.getByRole("region", { name: "The queue" }).getByText("later.nc").waitFor();
  await page.getByRole("button", { name: "Resume hot" }).click();
  await expectCount(page, "delivered", 2);
});

test("with the keyboard alone: sign in, find a file, read its story, close it, list the keys, change the theme", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser);
  const { page, complaints } = visitor;
  await page.goto(await world.address());
  await page.getByLabel("Token").waitFor();
  await expect.poll(() => page.evaluate("document.activeElement.id")).toBe("token");
  await page.keyboard.type(world.token("viewer"));
  await page.keyboard.press("Enter");
  await page.getByText("it adds up").first().waitFor();

  await page.keyboard.press("Tab");
  await expect.poll(() => page.locator(":focus").textContent()).toBe("Skip to the flows");
  await expect.poll(() => page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator(":focus").getAttribute("id")).toBe("flows");

  await page.keyboard.press("/");
  await page.keyboard.type("run7/f");
  await page.getByText("2 found").waitFor();
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => page.locator(":focus").textContent()).toBe("run7/first.nc");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const story = page.getByRole("dialog", { name: "run7/flags.nc" });
  await story.getByText("a person must decide").waitFor();
  expect(await story.textContent()).toMatch(/seen.*attempt 1.*dead.*something of another type/s);
  await page.keyboard.press("Escape");
  await story.waitFor({ state: "detached" });

  // A key that is pressed while a dialog is still on its way out is the dialog's.
  const keys = page.getByRole("dialog", { name: "Keyboard" });
  await expect
    .poll(async () => {
      if (!(await keys.isVisible())) await page.keyboard.press("?");
      return keys.isVisible();
    })
    .toBe(true);
  await keys.getByText("search for a file").waitFor();
  await page.keyboard.press("Escape");
  await keys.waitFor({ state: "detached" });
  await expect
    .poll(async () => {
      await page.keyboard.press("d");
      return page.locator(":focus").textContent();
    })
    .toBe("Dead letters");
  await page.keyboard.press("t");
  await page.keyboard.press("t");
  await expect.poll(() => page.locator("html").getAttribute("data-theme")).toBe("dark");
  expect(complaints).toEqual([]);
});

test("the whole story of a file that was delivered, its receipt with it", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser);
  const { page } = visitor;
  await signIn(page, world, "viewer");
  await page.getByLabel("Search for a file").fill(`${world.source}/run7/first`);
  await page.getByText("1 found").waitFor();
  await page.keyboard.press("Enter");
  const story = page.getByRole("dialog");
  // sha256 of "first"
  await story.getByText("a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e").waitFor();
  await story.getByText("nothing: it is delivered").waitFor();
  expect(await story.textContent()).toMatch(/seen.*attempt 1.*delivered.*receipt.*read back at the destination/s);
  await photograph(page, "story");
});

test.each(["light", "dark"] as const)(
  "on a phone in the %s theme nothing is cut off, and text can be told from its ground",
  async (colorScheme) => {
    await using world = await makeWorldWithLetter();
    await using visitor = await visit(browser, { viewport: { width: 360, height: 740 }, colorScheme, hasTouch: true });
    const { page } = visitor;
    await page.goto(await world.address());
    await page.getByLabel("Token").waitFor();
    expect(await isWiderThanScreen(page)).toBe(false);
    await signIn(page, world);
    await page.getByText("something of another type is in the way").waitFor();
    writeFileSync(`${world.source}/${"a-very-long-name-".repeat(12)}`, "long");
    await expectCount(page, "delivered", 2);
    expect(await isWiderThanScreen(page)).toBe(false);
    await page.getByRole("button", { name: "Requeue run7/flags.nc" }).scrollIntoViewIfNeeded();
    for (const text of ["body", ".label", ".aside", ".equation", ".why", ".state"])
      expect(await contrastOf(page, text), text).toBeGreaterThan(4.5);
    await photograph(page, `phone-${colorScheme}`);
    await page.getByLabel("Search for a file").fill("a-very");
    await page.locator(".found .file").first().click();
    await page.getByRole("dialog").getByText("nothing: it is delivered").waitFor();
    expect(await isWiderThanScreen(page)).toBe(false);
  },
);

test("a theme that was chosen stays, against the system's", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser, { colorScheme: "light" });
  const { page } = visitor;
  await signIn(page, world, "viewer");
  const ground = (): Promise<string> => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  const light = await ground();
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("button", { name: /^Theme: light/ }).click();
  expect(await ground()).not.toBe(light);
  const dark = await ground();
  await page.reload();
  await page.getByText("it adds up").first().waitFor();
  expect(await ground()).toBe(dark);
});

test("a daemon that was killed is said to be gone; when it is back, so is the page, by itself", async () => {
  await using world = await makeWorldWithLetter();
  await using visitor = await visit(browser);
  const { page } = visitor;
  await signIn(page, world);
  await world.hotdir.killHard();
  const banner = page.getByRole("alert").filter({ hasText: "The daemon is gone." });
  await banner.waitFor();
  await expectCount(page, "delivered", 1);
  await photograph(page, "gone");
  writeFileSync(`${world.source}/meanwhile.nc`, "meanwhile");
  world.hotdir.start();
  await banner.waitFor({ state: "detached" });
  await expectCount(page, "delivered", 2);
});

/** How much a test run does; `everyday` shows that each thing works, `ci` takes under 20 minutes in all, `long` as long as it takes. */
export type TestSize = "everyday" | "ci" | "long";

export const testSize: TestSize = readSize(process.env["HOTDIR_TEST_SIZE"]);

/** The one of three amounts that belongs to this run. */
export function bySize<Amount>(amounts: Record<TestSize, Amount>): Amount {
  return amounts[testSize];
}

function readSize(text: string | undefined): TestSize {
  if (text === undefined || text === "") return "everyday";
  if (text === "everyday" || text === "ci" || text === "long") return text;
  throw new Error(`HOTDIR_TEST_SIZE is "${text}"; it can be everyday, ci or long`);
}

import type { FlowSettings } from "../flow/settings.ts";
import { duration } from "./fields.ts";
import { section } from "./section.ts";

export const history = section({
  schema: duration({ minMs: 1000 })
    .prefault("400d")
    .describe("How long attempts and superseded versions stay in the ledger. A path's newest receipt stays while the file does."),
  settings: (historyMs): Pick<FlowSettings, "historyMs"> => ({ historyMs }),
});

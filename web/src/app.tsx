import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.ts";
import type { Nobody, Session } from "./facts.ts";
import { knowBuild } from "./live.ts";
import { Overview } from "./overview.tsx";
import { SignIn } from "./sign-in.tsx";

type Entry = { kind: "asking" } | { kind: "out" } | { kind: "in"; session: Session };

const AGAIN_MS = 2000;

/** Signing in, or the page. */
export function App() {
  const [entry, setEntry] = useState<Entry>({ kind: "asking" });
  const enter = (session: Session): void => {
    knowBuild(session.build);
    setEntry({ kind: "in", session });
  };
  useEffect(() => {
    if (entry.kind !== "asking") return;
    let again: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      ask<Session | Nobody>("session").then(
        (who) => (who.role === null ? setEntry({ kind: "out" }) : enter(who)),
        () => (again = setTimeout(look, AGAIN_MS)),
      );
    };
    look();
    return () => clearTimeout(again);
  }, [entry.kind]);

  switch (entry.kind) {
    case "asking":
      return (
        <p class="asking" role="status">
          Asking the daemon …
        </p>
      );
    case "out":
      return <SignIn entered={enter} />;
    case "in":
      return <Overview session={entry.session} signedOut={() => setEntry({ kind: "asking" })} />;
  }
}

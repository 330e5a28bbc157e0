import { useEffect, useRef, useState } from "preact/hooks";
import { tell } from "./api.ts";
import type { Session } from "./facts.ts";
import { Wordmark } from "./header.tsx";

/** The token goes to the server once; what the browser keeps is a session that no script can read. */
export function SignIn({ entered }: { entered: (session: Session) => void }) {
  const [token, setToken] = useState("");
  const [trouble, setTrouble] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  // The browser's own autofocus comes when it likes, and what is typed before is lost.
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    tell<Session>("login", { token }).then(entered, (error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)));
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <Wordmark />
        <h1>Sign in</h1>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          required
          ref={field}
          value={token}
          aria-describedby="where trouble"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p id="trouble" class="trouble" role="alert">
          {trouble}
        </p>
        <button class="primary" type="submit">
          Sign in
        </button>
        <div id="where" class="hint">
          <p>Both tokens are in the daemon’s state directory, readable by its user alone:</p>
          <dl>
            <dt>page-token</dt>
            <dd>to look</dd>
            <dt>page-operator-token</dt>
            <dd>also to requeue, pause and resume</dd>
          </dl>
          <pre>
            <code>cat ~/.local/state/hotdir/page-operator-token</code>
          </pre>
        </div>
      </form>
    </main>
  );
}

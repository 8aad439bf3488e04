import type { ComponentChildren } from "preact";

/** What stands before the conversations: one thing at a time, in the middle. */
export function Welcome({ title, text, children }: { title: string; text?: string; children?: ComponentChildren }) {
  return (
    <main class="welcome">
      <section class="welcome-card">
        <img class="welcome-mark" src="/icon.svg" alt="" width="48" height="48" />
        <h1>{title}</h1>
        {text !== undefined && <p class="welcome-text">{text}</p>}
        {children}
      </section>
    </main>
  );
}

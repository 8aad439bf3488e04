/**
 * Tries until `attempt` neither throws nor rejects, and gives what it gave. After `timeoutMs` its last error is thrown.
 * For what happens elsewhere, and only shows when one looks: events are waited for by their names.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, timeoutMs = 30_000, intervalMs = 20): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

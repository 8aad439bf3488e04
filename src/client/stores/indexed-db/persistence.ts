/** Whether the browser has promised to keep what this site stores. `ask`: where it has not, it is asked; some ask a person in turn. */
export async function isPersistent({ ask }: { ask: boolean }): Promise<boolean> {
  const storage = globalThis.navigator.storage as Partial<StorageManager> | undefined;
  try {
    if (await storage?.persisted?.()) return true;
    // Workers cannot ask.
    return ask && ((await storage?.persist?.()) ?? false);
  } catch {
    return false;
  }
}

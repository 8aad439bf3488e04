/** Asks the browser to keep what this site stores, and says whether it has promised to. Some ask a person first. */
export async function askToPersist(): Promise<boolean> {
  const storage = globalThis.navigator.storage as Partial<StorageManager> | undefined;
  try {
    if (await storage?.persisted?.()) return true;
    // Workers cannot ask.
    return (await storage?.persist?.()) ?? false;
  } catch {
    return false;
  }
}

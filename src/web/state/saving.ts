/** The browser has begun by then, or never will. */
const keptMs = 60_000;

/** Gives a file to the browser to save, where and as it does so. */
export function saveAs(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), keptMs);
}

/**
 * One tab at a time. Who has the Web Lock shows Sotto; a further tab asks for it by a message, which the first answers by closing its client and
 * letting go. One that does not answer, frozen as browsers do with tabs in the background, has the lock taken from it.
 */
const lockName = "sotto-web/tab";
const takeOverMessage = "take-over";
const patienceMs = 3000;

const channel = new BroadcastChannel(lockName);

/**
 * False where another tab has it. `lost` is called, once, when another one wants it: the lock is given away when what it returns has settled.
 */
export function holdTab(lost: () => Promise<void>): Promise<boolean> {
  return request({ ifAvailable: true }, lost);
}

export async function takeTabOver(lost: () => Promise<void>): Promise<void> {
  channel.postMessage(takeOverMessage);
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(), patienceMs);
  const isGiven = await request({ signal: impatience.signal }, lost).catch(() => false);
  clearTimeout(timer);
  if (!isGiven) await request({ steal: true }, lost);
}

function request(options: LockOptions, lost: () => Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isHeld = false;
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      resolve(lock !== null);
      if (!lock) return undefined;
      isHeld = true;
      return new Promise((letGo) => {
        const give = ({ data }: MessageEvent<unknown>): void => {
          if (data !== takeOverMessage) return;
          channel.removeEventListener("message", give);
          void lost().finally(letGo);
        };
        channel.addEventListener("message", give);
      });
    };
    navigator.locks.request(lockName, options, hold).catch((error: unknown) => {
      if (isHeld) void lost();
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

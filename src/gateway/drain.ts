import type { Edge } from "./edge.ts";
import { closeSession } from "./session.ts";

/** So many sockets are closed at once; a node with fewer is empty at once. */
const socketsPerSlice = 200;
/** Clients spread their return over this time: so much for each, within bounds, so that few are not kept waiting for long. */
const comeBackMsPerSocket = 2;
const comeBackWithinMs = { least: 500, most: 15_000 };

/** Closes all sockets, in slices spread over half of the time allowed, then waits for the mailboxes. */
export async function drain(edge: Edge, deadlineMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs);
  await closeInSlices(edge, deadlineMs / 2);
  await Promise.race([edge.actors.flush(), aborted(deadline)]);
  // Answers of what was flushed have left by now, for those who were still there.
  edge.sockets.disconnectSockets(true);
  await Promise.race([edge.sockets.close(), aborted(deadline)]);
}

async function closeInSlices(edge: Edge, spreadMs: number): Promise<void> {
  const sessions = [...edge.sockets.of("/").sockets.values()].map((socket) => socket.data.session);
  const slices = Math.ceil(sessions.length / socketsPerSlice);
  const { least, most } = comeBackWithinMs;
  const withinMs = Math.min(Math.max(sessions.length * comeBackMsPerSocket, least), most);
  for (let slice = 0; slice < slices; slice += 1) {
    if (slice > 0) await new Promise((resolve) => setTimeout(resolve, spreadMs / slices));
    for (const session of sessions.slice(slice * socketsPerSlice, (slice + 1) * socketsPerSlice)) {
      closeSession(session, { code: "draining", retryAfterMs: Math.round(Math.random() * withinMs) });
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What Chromium's own tracing says of the frames of a page. */

export interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** In µs. */
  ts: number;
  dur?: number;
  /** Of that, what the thread had of a processor. */
  tdur?: number;
}

export interface FrameCosts {
  frames: number;
  /** CPU time of the main thread for one frame, at most, in ms. */
  longestMs: number;
  /** From one frame to the next, what others of the machine took of it included. */
  medianGapMs: number;
  longestGapMs: number;
  /** How many took longer than 50 ms: by the main thread's work, and from one to the next. */
  over: number;
  gapsOver: number;
  /** Of the main thread, in the longest frame and in all: each kind of work, in ms. */
  inLongest: Record<Work, number>;
  inAll: Record<Work, number>;
}

type Work = "script" | "garbage collection" | "style and layout" | "paint" | "other";

const works: [Work, RegExp][] = [
  ["garbage collection", /^(V8\.GC|MajorGC|MinorGC|BlinkGC|CppGC)/],
  [
    "script",
    /^(FunctionCall|EvaluateScript|FireAnimationFrame|EventDispatch|TimerFire|RunMicrotasks|v8\.|V8|FireIdleCallback|HandlePostMessage)/,
  ],
  [
    "style and layout",
    /^(Layout|UpdateLayoutTree|RecalculateStyles|InvalidateLayout|ScheduleStyleRecalculation|HitTest|UpdateLayerTree|ResizeObserver|IntersectionObserver)/,
  ],
  [
    "paint",
    /^(Paint|PrePaint|Layerize|Commit|CompositeLayers|Raster|ScrollLayer|DrawFrame|BeginFrame|ActivateLayerTree)/,
  ],
];
const workOf = (name: string): Work => works.find(([, names]) => names.test(name))?.[0] ?? "other";
const frameStart = "FireAnimationFrame";
const task = "RunTask";
const cpuOf = ({ tdur, dur = 0 }: TraceEvent): number => tdur ?? dur;
const overUs = 50_000;

/** Of a page that asks for each animation frame. */
export function frameCosts(trace: Buffer): FrameCosts {
  const { traceEvents } = JSON.parse(trace.toString("utf8")) as { traceEvents: TraceEvent[] };
  const page = busiest(traceEvents.filter(({ name }) => name === frameStart));
  const own = traceEvents.filter(({ pid, tid, ph }) => pid === page.pid && tid === page.tid && ph === "X");
  const tasks = own.filter(({ name }) => name === task).sort((one, other) => one.ts - other.ts);
  const times = own
    .filter(({ name }) => name === frameStart)
    .flatMap(({ ts }) => tasks.findLast((one) => one.ts <= ts)?.ts ?? [])
    .filter((time, index, all) => all.indexOf(time) === index)
    .sort((one, other) => one - other);
  const frames = times.slice(1).map((end, index) => ({ start: times[index]!, end }));
  const work = workIn(frames, tasks);
  const worst = work.indexOf(Math.max(...work));
  const longest = frames[worst]!;
  const gaps = frames.map(({ start, end }) => end - start).sort((one, other) => one - other);
  const over = (all: readonly number[]): number => all.filter((length) => length > overUs).length;
  return {
    frames: frames.length,
    longestMs: work[worst]! / 1000,
    medianGapMs: gaps[gaps.length >> 1]! / 1000,
    longestGapMs: gaps.at(-1)! / 1000,
    over: over(work),
    gapsOver: over(gaps),
    inLongest: selfTimes(own, longest.start, longest.end),
    inAll: selfTimes(own, times[0]!, times.at(-1)!),
  };
}

/** The CPU time of the tasks that began in each frame, in µs. */
function workIn(frames: readonly { start: number; end: number }[], tasks: readonly TraceEvent[]): number[] {
  return frames.map(({ start, end }) =>
    tasks.filter(({ ts }) => ts >= start && ts < end).reduce((sum, one) => sum + cpuOf(one), 0),
  );
}

/** The thread that has most of them. */
function busiest(events: readonly TraceEvent[]): { pid: number; tid: number } {
  const counts = new Map<string, { pid: number; tid: number; count: number }>();
  for (const { pid, tid } of events) {
    const known = counts.get(`${pid}/${tid}`) ?? { pid, tid, count: 0 };
    counts.set(`${pid}/${tid}`, { ...known, count: known.count + 1 });
  }
  const [first] = [...counts.values()].sort((one, other) => other.count - one.count);
  if (!first) throw new Error("The trace has no frames.");
  return first;
}

/** Each event's CPU time without what was called within it, by kind, in ms, as far as it began between the two. */
function selfTimes(events: readonly TraceEvent[], from: number, to: number): Record<Work, number> {
  const times: Record<Work, number> = {
    script: 0,
    "garbage collection": 0,
    "style and layout": 0,
    paint: 0,
    other: 0,
  };
  const within = events
    .filter(({ ts }) => ts >= from && ts < to)
    .sort((one, other) => one.ts - other.ts || other.dur! - one.dur!);
  const open: { work: Work; end: number }[] = [];
  for (const event of within) {
    const { name, ts, dur = 0 } = event;
    while (open.length > 0 && open.at(-1)!.end <= ts) open.pop();
    const outer = open.at(-1);
    if (outer) times[outer.work] -= cpuOf(event) / 1000;
    const work = workOf(name);
    times[work] += cpuOf(event) / 1000;
    open.push({ work, end: ts + dur });
  }
  return times;
}

import type { DeviceIdentity, Group, KeyPackagePair } from "../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../src/crypto/mls-group-engine.ts";
import { newId, type ConversationId } from "../src/protocol/ids.ts";
import { limits } from "../src/protocol/limits.ts";
import { AccountWithDevices } from "../test/support/account-with-devices.ts";
import { policyOf } from "../test/support/role-group.ts";
import { median } from "./compare.ts";
import type { Figure, Scale } from "./figures.ts";
import type { OutboxRecord } from "../src/client/records.ts";
import { BenchSide, queuedTexts, type BenchLog } from "./group-sides.ts";

const founder = "founder";
/** As many as the SDK seals, and takes in, by one write at most. */
const texts = Array.from({ length: 64 }, (_, index) => `message ${index} of a run, as long as people write`);
/** Runs of messages in each round. */
const runs = 16;
const toReach = 2;
const policy = policyOf({ [founder]: "owner" });
const nothing = new Uint8Array();
/** What a seal of the engine alone is given: as much as the SDK gives it. */
const plaintext = new Uint8Array(300).fill(7);

/** P10: what a client's work takes beside what the engine takes for it: messages of 2 and 100 devices, and whole groups. */
export async function clientWork({ rounds, quick }: Scale): Promise<Figure[]> {
  const figures: Figure[] = [];
  const groups = quick ? ([[84, 2], [3, 20]] as const) : ([[84, 2], [84, 100], [3, 300]] as const); // prettier-ignore
  for (const [suite, devices] of groups) figures.push(...(await groupOf(suite, devices, rounds)));
  return figures;
}

interface Cost {
  cpuMicros: number;
  wallMicros: number;
}
type Side = "reference" | "sotto";
type Work = "create" | "join" | "remove one" | "seal" | "open" | "sealOneByOne" | "openOneByOne";

/** User and system time of all threads of this process. */
async function costOf(count: number, work: () => Promise<unknown>): Promise<Cost> {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  await work();
  const used = process.cpuUsage(before);
  return { cpuMicros: (used.user + used.system) / count, wallMicros: ((performance.now() - startedAt) * 1000) / count };
}

/** What each kind of work took, in every round. */
class Costs {
  private readonly costs = new Map<string, Cost[]>();

  async measure(work: Work, side: Side, count: number, run: () => Promise<unknown>): Promise<void> {
    const key = `${work} ${side}`;
    this.costs.set(key, [...(this.costs.get(key) ?? []), await costOf(count, run)]);
  }

  median(work: Work, side: Side, by: keyof Cost = "cpuMicros"): number {
    return median(this.costs.get(`${work} ${side}`)!.map((cost) => cost[by]));
  }
}

async function groupOf(suite: 84 | 3, devices: number, rounds: number): Promise<Figure[]> {
  const costs = new Costs();
  let bytes = { commit: 0, welcome: 0 };
  for (let round = 0; round < rounds; round += 1) bytes = await measureGroup(costs, suite, devices);
  const about = `${devices} devices, ${suite === 84 ? "default" : "large"}`;
  const figure = (work: Work, detail: string): Figure => {
    const [reference, sotto] = [costs.median(work, "reference") / 1000, costs.median(work, "sotto") / 1000];
    const named = { name: "P10", title: `${work}, ${about}`, unit: "CPU ms" };
    return { ...named, reference, sotto, ratio: sotto / reference, toReach, detail };
  };
  const micros = (work: Work, side: Side) => costs.median(work, side);
  const parts = (work: Work) => `${work} ${micros(work, "reference").toFixed(0)}, ${micros(work, "sotto").toFixed(0)}`;
  const both = (side: Side) => micros("seal", side) + micros("open", side);
  const oneByOne = micros("sealOneByOne", "sotto") + micros("openOneByOne", "sotto");
  const message: Figure = {
    name: "P10",
    title: `seal and open, ${about}`,
    unit: "CPU µs",
    reference: both("reference"),
    sotto: both("sotto"),
    ratio: both("sotto") / both("reference"),
    toReach,
    detail: `${parts("seal")}; ${parts("open")}; in runs of ${texts.length}, each one write to disk; one by one ${oneByOne.toFixed(0)}`,
  };
  const clock = (work: Work) => {
    const [alone, sotto] = (["reference", "sotto"] as const).map(
      (side) => costs.median(work, side, "wallMicros") / 1000,
    );
    return `${alone!.toFixed(1)} ms, ${sotto!.toFixed(1)} ms on the clock`;
  };
  const inRounds = `in rounds of ${limits.addsPerCommit}, the last commit of ${grouped(bytes.commit)} bytes`;
  return [
    message,
    figure("join", `${clock("join")}; a Welcome of ${grouped(bytes.welcome)} bytes`),
    ...(devices === 2 ? [] : [figure("create", `${clock("create")}; ${inRounds}`)]),
    ...(devices === 2 ? [] : [figure("remove one", clock("remove one"))]),
  ];
}

const grouped = (number: number) => Math.round(number).toLocaleString("en");

/** A group by the engine alone and one by the SDK's parts, each step in turn. */
async function measureGroup(
  costs: Costs,
  suite: 84 | 3,
  devices: number,
): Promise<{ commit: number; welcome: number }> {
  const people = await peopleOf(suite, devices);
  const { identity, pair } = people.last;
  let alone: Alone | undefined;
  await costs.measure("create", "reference", 1, async () => (alone = await foundAlone(people, suite)));
  const { log, founder: first, found } = await foundingSide(people, suite);
  await costs.measure("create", "sotto", 1, found);

  const group = alone!;
  let member: Group | undefined;
  const join = () => engine.joinGroup(identity, group.welcome, pair, { kind: "group" });
  await costs.measure("join", "reference", 1, async () => (member = await join()));
  const last = await BenchSide.of(identity, log);
  await last.stockUp(pair);
  await costs.measure("join", "sotto", 1, () => last.join());

  const opener = { group: member! };
  for (let run = 0; run < runs; run += 1) {
    const sealed: Uint8Array[] = [];
    await costs.measure("seal", "reference", texts.length, () => sealAlone(group, sealed));
    await costs.measure("open", "reference", texts.length, () => openAlone(opener, sealed));
    await messages(costs, ["seal", "open"], first, last, log, [texts]);
  }
  await messages(costs, ["sealOneByOne", "openOneByOne"], first, last, log, texts.map((text) => [text])); // prettier-ignore

  if (devices > 2) {
    const remove = [1];
    await costs.measure("remove one", "reference", 1, () => engine.prepareCommit(group.group, { remove }));
    await costs.measure("remove one", "sotto", 1, () => first.changes.make(first.group, { remove }));
  }
  await Promise.all([first.end(), last.end()]);
  return { commit: group.commit.length, welcome: group.welcome.length };
}

async function messages(
  costs: Costs,
  [seal, open]: [Work, Work],
  from: BenchSide,
  to: BenchSide,
  log: BenchLog,
  batches: readonly (readonly string[])[],
): Promise<void> {
  const before = log.entries.length;
  const queued = batches.map(queuedTexts);
  const sealed: OutboxRecord[] = [];
  await costs.measure(seal, "sotto", texts.length, async () => {
    for (const batch of queued) sealed.push(...(await from.seal(batch)));
  });
  for (const record of sealed) from.post(record);
  let next = before;
  await costs.measure(open, "sotto", texts.length, async () => {
    for (const { length } of batches) await to.take(log.entries.slice(next, (next += length)));
  });
  await from.take(log.entries.slice(before));
}

interface People {
  founder: DeviceIdentity;
  /** Everybody else's key packages; the last one's owner joins. */
  packages: Uint8Array[];
  last: { identity: DeviceIdentity; pair: KeyPackagePair };
}

async function peopleOf(suite: number, devices: number): Promise<People> {
  const first = (await AccountWithDevices.of(founder)).addDevice();
  const packages: Uint8Array[] = [];
  let last: People["last"] | undefined;
  while (packages.length < devices - 1) {
    const identity = (await AccountWithDevices.of(`member-${packages.length}`)).addDevice();
    const pair = await engine.createKeyPackage(identity, suite);
    packages.push(pair.publicBytes);
    last = { identity, pair };
  }
  return { founder: first, packages, last: last! };
}

function* roundsOf(packages: readonly Uint8Array[]): Generator<Uint8Array[]> {
  for (let next = 0; next < packages.length; next += limits.addsPerCommit) {
    yield packages.slice(next, next + limits.addsPerCommit);
  }
}

interface Alone {
  group: Group;
  commit: Uint8Array;
  welcome: Uint8Array;
}

async function foundAlone(people: People, suite: number): Promise<Alone> {
  const place = { conversation: newId<ConversationId>(), generation: 1, suite };
  const empty = await engine.createGroup(people.founder, place, policy);
  let made: Alone = { group: (await engine.prepareCommit(empty, { policy })).next, commit: nothing, welcome: nothing };
  for (const add of roundsOf(people.packages)) {
    const prepared = await engine.prepareCommit(made.group, { add });
    prepared.release();
    made = { group: prepared.next, commit: prepared.commit, welcome: prepared.welcome ?? nothing };
  }
  return made;
}

async function foundingSide(people: People, suite: 84 | 3) {
  const log: BenchLog = { conversation: newId<ConversationId>(), entries: [], welcome: undefined };
  const side = await BenchSide.of(people.founder, log);
  const place = { conversation: log.conversation, generation: 1, suite };
  const found = async () => {
    await side.state.commit({ record: { suite, founding: policy } });
    await side.changes.found(await engine.createGroup(people.founder, place, policy), { policy });
    for (const add of roundsOf(people.packages)) await side.changes.make(side.group, { add });
  };
  return { log, founder: side, found };
}

async function sealAlone(alone: Alone, into: Uint8Array[]): Promise<void> {
  for (const _ of texts) {
    const sealed = await engine.seal(alone.group, plaintext, nothing);
    alone.group = sealed.group;
    sealed.release();
    into.push(sealed.ciphertext);
  }
}

async function openAlone(opener: { group: Group }, sealed: readonly Uint8Array[]): Promise<void> {
  for (const ciphertext of sealed) {
    const opened = await engine.open(opener.group, ciphertext);
    opener.group = opened.group;
    opened.release();
  }
}

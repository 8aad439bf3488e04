import { expect } from "chai";
import type { Proposal } from "ts-mls/proposal.js";
import { decodeKeyPackage } from "../../../src/crypto/key-package.ts";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import type { Role } from "../../../src/identity/group-policy.ts";
import { extensionsOfPolicy } from "../../../src/identity/group-policy.ts";
import { bothSuites } from "../../support/direct-group.ts";
import { forgeCommit } from "../../support/forged-commit.ts";
import { refusal } from "../../support/refusal.ts";
import { RoleGroup } from "../../support/role-group.ts";
import type { Attempt } from "../../support/role-model.ts";
import { RoleModel } from "../../support/role-model.ts";
import type { Seat, SeatChanges } from "../../support/seated-group.ts";
import { seeded } from "../../support/seeded.ts";

const names = ["alice", "bob", "carol", "dave", "erin"];

/** A group, its model, and what was tried in it. */
class Trial {
  readonly model = new RoleModel();
  readonly group: RoleGroup;
  readonly random: () => number;
  allowed = 0;
  refused = 0;

  constructor(group: RoleGroup, seed: number) {
    this.group = group;
    this.random = seeded(seed);
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!;
  }

  /** Something that can be tried, allowed or not; undefined where the dice fell on what cannot. */
  draw(by: Seat): Attempt | undefined {
    const own = by.identity.user;
    const user = this.pick([...this.model.devices.keys()]);
    const device = Math.floor(this.random() * this.model.devices.get(user)!);
    const isOwnSeat = this.group.seat(user, device) === by;
    const hasRoom = this.group.seats.length < 10;
    const outsiders = names.filter((name) => !this.model.devices.has(name));
    switch (Math.floor(this.random() * 7)) {
      case 0:
        return { kind: "update" };
      case 1:
        if (outsiders.length === 0 || !hasRoom) return undefined;
        return { kind: "add-user", user: this.pick(outsiders), count: 1 + Math.floor(this.random() * 2) };
      case 2:
        return hasRoom ? { kind: "add-device", user } : undefined;
      case 3:
        return isOwnSeat ? undefined : { kind: "remove-device", user, device };
      case 4:
        return user === own ? undefined : { kind: "remove-user", user };
      case 5:
        return isOwnSeat ? undefined : { kind: "add-again", user, device };
      default: {
        const role = this.pick<Role | "member">(["owner", "admin", "member", "admin"]);
        const owners = [...this.model.roles].filter(([, held]) => held === "owner").map(([owner]) => owner);
        const isLast = owners.length === 1 && owners[0] === user && role !== "owner";
        return isLast ? undefined : { kind: "give-role", user, role };
      }
    }
  }

  async changesOf(attempt: Attempt): Promise<SeatChanges> {
    const { group, model } = this;
    if (attempt.kind === "update") return {};
    const person = await group.person(attempt.user);
    const devices = group.devices(attempt.user);
    if (attempt.kind === "add-user") return { add: Array.from({ length: attempt.count }, () => person.addDevice()) };
    if (attempt.kind === "add-device") return { add: [person.addDevice()] };
    if (attempt.kind === "remove-user") return { remove: devices };
    if (attempt.kind === "remove-device") return { remove: [devices[attempt.device]!] };
    if (attempt.kind === "add-again") return { remove: [devices[attempt.device]!], add: [devices[attempt.device]!] };
    const next = new RoleModel();
    next.roles.clear();
    for (const [user, role] of model.roles) next.roles.set(user, role);
    next.follow(attempt);
    return { policy: { ...group.current(), roles: next.policyRoles() } };
  }

  async step(): Promise<void> {
    const by = this.pick(this.group.seats);
    if (this.random() < 0.1) this.leave();
    const attempt = this.draw(by);
    if (!attempt) return;
    const changes = await this.changesOf(attempt);
    if (this.model.allows(by.identity.user, attempt)) {
      await this.group.commit(by, changes);
      this.model.follow(attempt);
      this.group.setLeavers(...this.model.left);
      this.allowed++;
    } else {
      await this.requireRefused(by, changes);
      this.refused++;
    }
  }

  /** Somebody's signed leave appears in the log; somebody removes the devices later. */
  private leave(): void {
    const user = this.pick([...this.model.devices.keys()]);
    if (this.model.devices.size < 2 || this.model.roles.has(user)) return;
    this.model.left.add(user);
    this.group.setLeavers(...this.model.left);
  }

  /** The engine does not make it, and where a forger does, neither a member nor the node takes it. */
  private async requireRefused(by: Seat, { add = [], remove = [], policy }: SeatChanges): Promise<void> {
    const { group } = this;
    const pairs = await Promise.all(add.map((identity) => engine.createKeyPackage(identity, group.suite)));
    const leaves = remove.map((identity) => group.leafOf(identity));
    const leavers = group.policy.kind === "group" ? (group.policy.leavers ?? []) : [];
    const wanted = { add: pairs.map((pair) => pair.publicBytes), remove: leaves, ...(policy && { policy }) };
    await refusal(engine.prepareCommit(by.group, wanted, { leavers }), "commit-invalid");
    const proposals: Proposal[] = [
      ...leaves.map((removed) => ({ proposalType: "remove" as const, remove: { removed } })),
      ...pairs.map((pair) => ({
        proposalType: "add" as const,
        add: { keyPackage: decodeKeyPackage(pair.publicBytes) },
      })),
    ];
    const groupContextExtensions = { extensions: policy ? extensionsOfPolicy(policy) : [] };
    if (policy) proposals.push({ proposalType: "group_context_extensions", groupContextExtensions });
    const commit = await forgeCommit(by.group, { proposals, withoutPath: policy !== undefined });
    await refusal(group.node.take(commit, by.identity, group.suite, leavers), "commit-invalid");
    for (const judge of group.seats) {
      if (judge !== by) await refusal(engine.applyCommit(judge.group, commit, group.policy), "commit-invalid");
    }
  }

  /** Members, node and model are of one mind. */
  requireAgreement(): void {
    const { group, model } = this;
    const hashes = new Set(group.seats.map((seat) => seat.group.transcriptHash.join()));
    expect(hashes.size).to.equal(1);
    for (const { group: own } of group.seats) {
      expect(own.policy!.roles).to.deep.equal(model.policyRoles());
      expect(countsOf(own.members)).to.deep.equal(countsOfModel(model));
    }
    expect(group.node.policy!.roles).to.deep.equal(model.policyRoles());
    expect(countsOf(group.node.leaves.filter((leaf) => leaf !== null))).to.deep.equal(countsOfModel(model));
  }
}

function countsOf(members: readonly { user: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { user } of members) counts[user] = (counts[user] ?? 0) + 1;
  return counts;
}

function countsOfModel(model: RoleModel): Record<string, number> {
  return Object.fromEntries(model.devices);
}

for (const suite of bothSuites) {
  describe(`a group whose members try at random what they may and what they may not, suite ${suite}`, () => {
    for (const seed of [1, 2, 3, 4]) {
      it(`does what a simple model says, at every member and at the node (seed ${seed})`, async () => {
        const trial = new Trial(await RoleGroup.of(suite, { alice: 1 }), seed);
        for (let step = 0; step < 60; step++) {
          await trial.step();
          trial.requireAgreement();
          if (step % 6 === 0) await trial.group.talk();
        }
        await trial.group.talk();
        expect(trial.allowed).to.be.greaterThan(10);
        expect(trial.refused).to.be.greaterThan(5);
      });
    }
  });
}

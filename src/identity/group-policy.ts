import type { Extension } from "ts-mls/extension.js";
import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import type { UserId } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import { readUser, readVersion } from "./identity-fields.ts";

/** The GroupContext extension (RFC 9420 §13) that holds a group's policy, from the private range. A direct has none. */
export const groupPolicyExtension = 0xf001;

/** Everybody else is a `member`. */
export type Role = "owner" | "admin";

export interface RoleHolder {
  readonly user: UserId;
  readonly role: Role;
}

/** What a group's members have agreed on. `roles`: sorted by user, each user once, at least one owner. */
export interface GroupPolicy {
  readonly roles: readonly RoleHolder[];
  /** Whether later devices can read what was sent before them. */
  readonly history: "kept" | "off";
  /** How long messages are kept, 1 to `limits.retentionDays`. Without it: as long as the deployment keeps them. */
  readonly retentionDays?: number;
  /** How long a message lasts once it is read, 1 to `limits.disappearingSeconds`. Without it: messages stay. */
  readonly disappearingSeconds?: number;
}

export function roleOf(policy: GroupPolicy, user: UserId): Role | "member" {
  return policy.roles.find((holder) => holder.user === user)?.role ?? "member";
}

/** A policy's one form; sorts the roles. Throws RangeError for what `decodeGroupPolicy` would refuse. */
export function encodeGroupPolicy(policy: GroupPolicy): Uint8Array {
  const roles = policy.roles.toSorted((one, other) => (one.user < other.user ? -1 : 1));
  const { retentionDays = 0, disappearingSeconds = 0 } = policy;
  const writer = new ByteWriter()
    .u8(1)
    .u8(policy.history === "kept" ? 1 : 2)
    .u32(retentionDays)
    .u32(disappearingSeconds)
    .u16(roles.length);
  for (const { user, role } of roles) writer.text(user).u8(role === "owner" ? 1 : 2);
  const bytes = writer.finish();
  try {
    decodeGroupPolicy(bytes);
  } catch (cause) {
    throw new RangeError("not a policy that a group can have", { cause });
  }
  if (policy.retentionDays === 0 || policy.disappearingSeconds === 0) throw new RangeError("no time at all");
  return bytes;
}

/** Takes a policy apart; what it gives encodes to the same bytes. Throws MalformedBytes. */
export function decodeGroupPolicy(bytes: Uint8Array): GroupPolicy {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const history = oneOf(reader.u8(), ["kept", "off"] as const);
  const retentionDays = atMost(reader.u32(), limits.retentionDays);
  const disappearingSeconds = atMost(reader.u32(), limits.disappearingSeconds);
  const roles = Array.from({ length: atMost(reader.u16(), limits.rolesPerGroup) }, () => ({
    user: readUser(reader),
    role: oneOf(reader.u8(), ["owner", "admin"] as const),
  }));
  reader.finish();
  if (roles.some(({ user }, index) => index > 0 && user <= roles[index - 1]!.user)) {
    throw new MalformedBytes("roles out of order");
  }
  if (!roles.some(({ role }) => role === "owner")) throw new MalformedBytes("a group has an owner");
  return {
    roles,
    history,
    ...(retentionDays > 0 && { retentionDays }),
    ...(disappearingSeconds > 0 && { disappearingSeconds }),
  };
}

/** The extensions of a GroupContext with this policy. Throws RangeError, as `encodeGroupPolicy`. */
export function extensionsOfPolicy(policy: GroupPolicy): Extension[] {
  return [{ extensionType: groupPolicyExtension, extensionData: encodeGroupPolicy(policy) }];
}

/** The policy in a GroupContext: none where there are no extensions. Throws MalformedBytes for any extension but one policy. */
export function policyOfExtensions(extensions: readonly Extension[]): GroupPolicy | undefined {
  const [extension, ...others] = extensions;
  if (!extension) return undefined;
  if (extension.extensionType !== groupPolicyExtension || others.length > 0) {
    throw new MalformedBytes("a group has one extension, its policy");
  }
  return decodeGroupPolicy(extension.extensionData);
}

/** Whether two policies say the same; a direct's, none, equals none alone. */
export function isSamePolicy(one: GroupPolicy | undefined, other: GroupPolicy | undefined): boolean {
  if (!one || !other) return one === other;
  return equalBytes(encodeGroupPolicy(one), encodeGroupPolicy(other));
}

function oneOf<T>(code: number, names: readonly T[]): T {
  const name = names[code - 1];
  if (name === undefined) throw new MalformedBytes("unknown value");
  return name;
}

function atMost(value: number, bound: number): number {
  if (value > bound) throw new MalformedBytes("past its bound");
  return value;
}

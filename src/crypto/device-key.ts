import { ackBytes, type SignedAck } from "../identity/ack.ts";
import { admissionBytes, type AdmissionProof } from "../identity/admission.ts";
import { historyShareBytes, type HistoryShare } from "../identity/history-share.ts";
import { leaveBytes, type Leave } from "../identity/leave.ts";
import { privacyBytes, type SignedPrivacy } from "../identity/privacy.ts";
import { readMarkBytes, type SignedReadMark } from "../identity/read-mark.ts";
import { readdRequestBytes, type ReaddRequest } from "../identity/readd.ts";
import { sign } from "./signing-key.ts";

/** A device's answer to a connection's challenge: 64 bytes. `deviceSecretKey`: 64 bytes. */
export function signAdmission(deviceSecretKey: Uint8Array, proof: AdmissionProof): Uint8Array {
  return sign(deviceSecretKey, admissionBytes(proof));
}

/** A device's receipt for all of a log up to a sequence: 64 bytes. `deviceSecretKey`: 64 bytes. */
export function signAck(deviceSecretKey: Uint8Array, ack: SignedAck): Uint8Array {
  return sign(deviceSecretKey, ackBytes(ack));
}

/** Signature (64 bytes) over a leave. */
export function signLeave(secretKey: Uint8Array, leave: Leave): Uint8Array {
  return sign(secretKey, leaveBytes(leave));
}

/** Signature (64 bytes) by which a member lets another read what was before it came. */
export function signHistoryShare(secretKey: Uint8Array, share: HistoryShare): Uint8Array {
  return sign(secretKey, historyShareBytes(share));
}

/** A device's request to be added again: 64 bytes. `deviceSecretKey`: 64 bytes. */
export function signReaddRequest(deviceSecretKey: Uint8Array, request: ReaddRequest): Uint8Array {
  return sign(deviceSecretKey, readdRequestBytes(request));
}

/** A device's word that its user has read a log up to a sequence: 64 bytes. */
export function signReadMark(deviceSecretKey: Uint8Array, mark: SignedReadMark): Uint8Array {
  return sign(deviceSecretKey, readMarkBytes(mark));
}

/** Signature (64 bytes) over what a user lets others see. */
export function signPrivacy(deviceSecretKey: Uint8Array, privacy: SignedPrivacy): Uint8Array {
  return sign(deviceSecretKey, privacyBytes(privacy));
}
